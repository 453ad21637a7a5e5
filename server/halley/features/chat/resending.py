"""Sending a turn again in other words: it and all after it are undone, with what their agents did to files.

Nothing is done before everything is checked: the new text, and whether the user changed those files since. What the
user changed is only touched once they have said what is to become of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput
from halley.core.models import ModelRef
from halley.engine.chat_input import read_input
from halley.features.agent.checkpoints import Restored, files_changed, restore
from halley.features.agent.work import AgentDesk
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.send import send
from halley.features.chat.turns.question import send_question
from halley.features.chat.turns.table import turn_for
from halley.features.chat.turns.turn import ChatRequest, find_turn
from halley.stores.chats.values import Chat, Turn
from halley.stores.checkpoints import CheckpointStore

Changed = Literal["ask", "keep", "restore"]
"""What becomes of files that were changed since: the user is asked, they stay, or what the agent did is taken back."""
_KINDS = ("media", "search", "macro")
_ASK = "Nothing was sent: {files} changed since. Say whether to keep or to restore what the agent did there."


class _Stopped(Exception):
    """The files could not be restored as asked, so nothing is sent."""

    def __init__(self, said: str, done: Restored) -> None:
        self.said, self.done = said, done


@dataclass(frozen=True, slots=True)
class _Back:
    """Where files are taken back to."""

    store: CheckpointStore
    agent: AgentDesk
    checkpoint: str


async def resend(
    desk: ChatDesk, request: ChatRequest, turn_id: str, emit: Emit, *, files: bool, changed: Changed
) -> Json:
    """As `send`, in place of the turn `turn_id` and all after it; its own text, pictures and models hold where the
    request names none. `restore` in the result is what was done to files. Raises InvalidInput as `send` does."""
    chat = await desk.store.get(request.chat_id or "")
    turn = find_turn(chat, turn_id)
    request = _filled(desk, request, turn)
    _check(desk, request, turn)
    gone = [one for one in chat.turns if not one.undone and one.position >= turn.position]
    back = await _back(desk, chat, gone) if files else None
    done: Restored | None = None

    async def first() -> None:
        nonlocal done
        if back is not None:
            done = await _restore(desk, back, changed)
        kept = [one for one in chat.turns if not one.undone and one.position < turn.position]
        await desk.store.rollback(chat.id, kept[-1].id if kept else None)

    try:
        result = await send(desk, replace(request, first=first), emit)
    except _Stopped as stopped:
        nothing: Json = {"chatId": chat.id, "turnId": "", "replies": [], "said": stopped.said}
        return nothing | {"restore": restored_json(stopped.done)}
    return result | ({"restore": restored_json(done)} if done else {})


def restored_json(done: Restored) -> Json:
    """The protocol's `RestoreResult`."""
    found: Json = {
        "restored": list(done.files), "changed": list(done.changed), "failed": list(done.failed)
    }  # fmt: skip
    return found | ({"undo": done.undo} if done.undo else {})


def _filled(desk: ChatDesk, request: ChatRequest, turn: Turn) -> ChatRequest:
    images = request.images or tuple(
        ImagePart(image.mime, data) for image in turn.images if (data := desk.store.load_image(image))
    )
    models = request.models or tuple(turn.details.get("models") or ())
    blind = request.blind or (not request.models and bool(turn.details.get("blind")))
    return replace(request, prompt=request.prompt or turn.prompt, images=images, models=models, blind=blind)


def _check(desk: ChatDesk, request: ChatRequest, turn: Turn) -> None:
    typed = read_input(request.prompt)
    for model in request.models or typed.models:
        desk.model_of(ModelRef.parse(model))
    command, macros = typed.command, desk.around.settings.macros
    if any(turn.details.get(kind) for kind in _KINDS) or turn_for(command, macros) is not send_question:
        raise InvalidInput("Only questions to models are sent again.", "Send it as a new message.")


async def _back(desk: ChatDesk, chat: Chat, gone: Sequence[Turn]) -> _Back | None:
    """None where agents changed nothing in those turns."""
    agent = desk.agent
    if agent is None or agent.checkpoints is None or desk.around.root is None:
        return None
    if chat.workspace != desk.around.workspace_id:
        raise InvalidInput("This chat belongs to another workspace.", "Open that one.")
    turns = {turn.id for turn in gone}
    found = [one.id for one in await agent.checkpoints.of_chat(chat.id) if one.turn in turns]
    return _Back(agent.checkpoints, agent, found[0]) if found else None


async def _restore(desk: ChatDesk, back: _Back, changed: Changed) -> Restored:
    root = desk.around.root
    assert root is not None
    bench, own = back.agent.bench(root), back.agent.closed(root)
    if changed == "ask" and (news := await files_changed(back.store, bench, root, back.checkpoint, own)):
        raise _Stopped(_ASK.format(files=", ".join(news)), Restored((), news, (), None))
    done = await restore(back.store, bench, root, back.checkpoint, force=changed == "restore", own=own)
    if done.failed or (done.changed and changed == "ask"):
        names = ", ".join((*done.failed, *done.changed))
        raise _Stopped(f"Nothing was sent, because not all files could be restored: {names}.", done)
    return done
