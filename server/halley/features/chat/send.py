"""One turn of a chat: what was typed becomes a turn in the store, and every model asked gives its reply to it.

    typed text ── read_input ──▶ command? variables? models? ──▶ turn ──▶ a reply for each model, side by side

`send` starts a turn; `retry` adds a reply to one; `continue_reply` goes on with a reply that broke off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace

from halley.core.calls import ImagePart, assistant, user
from halley.core.errors import BadRequest, error_of
from halley.core.models import ModelRef
from halley.engine.chat_input import ChatInput, read_input
from halley.engine.conversation import Attachment
from halley.features.chat.answering import answer
from halley.features.chat.commands import expand_command
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.messages import build_chat_prompt, to_excerpts
from halley.features.chat.shapes import reply_json
from halley.features.chat.variables import load_attachments, selection_attachment
from halley.stores.chat_values import Chat, Reply

CONTINUE = (
    "Your answer was cut off. Go on exactly where it stopped, in the middle of a sentence or line if that is where it "
    "is. Do not repeat anything and do not begin again."
)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    prompt: str
    chat_id: str | None = None
    models: tuple[str, ...] = ()
    """Empty: those mentioned in the prompt, else the chat role's route."""
    images: tuple[ImagePart, ...] = ()


async def send(desk: ChatDesk, request: ChatRequest, emit: Emit) -> Json:
    """Ask, and wait for every reply; `{chatId, turnId, replies}`.

    Raises BadRequest for an unknown command or variable before anything is stored, and the problem of the only
    reply when it failed without a word. A reply that broke off is in the result with what it had said.
    """
    typed = read_input(request.prompt)
    if not typed.text.strip() and not typed.command and not request.images:
        raise BadRequest("There is nothing to send.", "Write something.")
    typed = await expand_command(desk, typed)
    attachments = await load_attachments(desk, typed.variables)
    if selected := _selection(desk, typed):
        attachments.insert(0, selected)
    models = [str(ModelRef.parse(model)) for model in request.models or typed.models]
    refs = await _asked(desk, models)
    before = await desk.store.get(request.chat_id) if request.chat_id else None
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.workspace_id,
        request.prompt,
        refs,
        excerpts=to_excerpts(attachments),
        images=request.images,
        details={"said": typed.text, "models": models},
    )
    chat = before or Chat(begun.turn.chat_id, desk.workspace_id, "", begun.turn.created, begun.turn.created)
    chat = replace(chat, turns=(*chat.turns, begun.turn))
    asked = [Asked(reply, ref, bool(models)) for reply, ref in zip(begun.replies, refs, strict=True)]
    try:  # the first token does not wait for the disk
        await _answers(desk, chat, begun.turn.id, asked, emit)
    finally:
        await begun.saved
    return await _result(desk, chat.id, begun.turn.id, begun.replies)


async def retry(desk: ChatDesk, chat_id: str, turn_id: str, models: Sequence[str], emit: Emit) -> Json:
    """Another reply to a turn, from the same models or from others; the ones before are kept."""
    chat = await desk.store.get(chat_id)
    turn = next((turn for turn in chat.current_turns if turn.id == turn_id), None)
    if turn is None:
        raise BadRequest("There is no such turn in the chat.", "Pick one of its current turns.")
    before = [reply.model for reply in turn.replies[-1:]]
    refs = await _asked(desk, models or before)
    replies = [await desk.store.open_reply(turn_id, ref) for ref in refs]
    await _answers(
        desk, chat, turn_id, [Asked(r, ref, True) for r, ref in zip(replies, refs, strict=True)], emit
    )
    return await _result(desk, chat_id, turn_id, replies)


async def continue_reply(desk: ChatDesk, chat_id: str, reply_id: str, emit: Emit) -> Json:
    """Go on with a reply that was interrupted: the same model, the same reply, more text."""
    chat = await desk.store.get(chat_id)
    reply = _find(chat, reply_id)
    model = ModelRef.parse(reply.model)
    prompt, _ = build_chat_prompt(desk, chat, model, reply.turn_id)
    prompt = replace(prompt, messages=(*prompt.messages, assistant(reply.text), user(CONTINUE)))
    await desk.store.reopen(reply_id)
    await answer(desk, prompt, reply_id, str(model), emit)
    return await _result(desk, chat_id, reply.turn_id, [reply_id])


def _selection(desk: ChatDesk, typed: ChatInput) -> Attachment | None:
    """The selected code goes along by itself, unless the person named it."""
    snapshot = desk.snapshot
    if snapshot is None or snapshot.selection.is_empty or any(v.name == "selection" for v in typed.variables):
        return None
    return selection_attachment(snapshot)


@dataclass(frozen=True, slots=True)
class Asked:
    """One model's reply to come. `exactly`: that model and no fallback, since the person named it."""

    reply: str
    model: ModelRef
    exactly: bool


async def _asked(desk: ChatDesk, models: Sequence[str]) -> list[ModelRef]:
    """The models to ask, each once: those named, else the first of the chat role's route."""
    refs = [ModelRef.parse(model) for model in models] or [(await desk.line.route_of("chat"))[0]]
    return list(dict.fromkeys(refs))


async def _answers(desk: ChatDesk, chat: Chat, turn_id: str, asked: Sequence[Asked], emit: Emit) -> None:
    work: list[Awaitable[None]] = []
    for one in asked:
        prompt, left_out = build_chat_prompt(desk, chat, one.model, turn_id)
        emit(
            {
                "type": "start",
                "replyId": one.reply,
                "model": str(one.model),
                "chatId": chat.id,
                "turnId": turn_id,
            }
        )
        if left_out:
            said = f"{left_out} earlier turns did not fit into {one.model}'s context and were left out."
            emit({"type": "notice", "replyId": one.reply, "text": said})
        work.append(answer(desk, prompt, one.reply, str(one.model) if one.exactly else None, emit))
    await _all(work)


async def _all(work: Sequence[Awaitable[None]]) -> None:
    """Side by side; when we are cancelled, all of them are, and each has kept what it had before we go."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def _result(desk: ChatDesk, chat_id: str, turn_id: str, replies: Sequence[str]) -> Json:
    chat = await desk.store.get(chat_id)
    found = [_find(chat, reply) for reply in replies]
    if all(reply.status == "failed" for reply in found) and found[0].problem:
        raise error_of(found[0].problem)
    return {"chatId": chat_id, "turnId": turn_id, "replies": [reply_json(reply) for reply in found]}


def _find(chat: Chat, reply_id: str) -> Reply:
    for turn in chat.turns:
        for reply in turn.replies:
            if reply.id == reply_id:
                return reply
    raise BadRequest("There is no such reply in the chat.", "Pick one of its replies.")
