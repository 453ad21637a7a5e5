"""One prompt of a session: what is sent while it is answered, and how it ended.

Errors of a host end the prompt with an error response, after the text that had arrived; that text is saved, and
`/continue` resumes it. A prompt that is cancelled ends with the stop reason `cancelled`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from halley.acp.options import changed_options
from halley.acp.prompt import Question, read_prompt
from halley.acp.session import Session
from halley.acp.updates import Speaker, message
from halley.core.calls import Call
from halley.core.errors import HalleyError, InvalidInput, Problem, error_of
from halley.core.events import Event, Finish
from halley.core.models import ModelRef
from halley.core.ports import Replier, Take
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.send import continue_reply, retry, send
from halley.features.chat.title import give_title
from halley.features.chat.turns.media import send_heard, transcribed
from halley.features.chat.turns.search import attach
from halley.features.chat.turns.turn import ChatRequest
from halley.stores.chats.values import Turn

Json = dict[str, Any]
_STOPS: Mapping[str, str] = {"length": "max_tokens", "content_filter": "refusal"}
"""Why a model stopped → `StopReason`; `end_turn` for any other."""


class Watched:
    """The room's router; keeps how the last call of the chat ended."""

    def __init__(self, router: Replier) -> None:
        self._router = router
        self.finish: Finish | None = None

    async def feed(self, call: Call, take: Take) -> None:
        def see(event: Event) -> Any:
            if isinstance(event, Finish) and call.feature == "chat":
                self.finish = event
            return take(event)

        await self._router.feed(call, see)


async def answer_prompt(session: Session, blocks: list[Any]) -> Json:
    """`session/prompt`. Raises RpcError and HalleyError."""
    task = asyncio.current_task()
    assert task is not None
    session.turns.add(task)
    try:
        async with session.lock:
            return await _answer(session, read_prompt(blocks, session.root))
    except asyncio.CancelledError:
        return {"stopReason": "cancelled"}
    finally:
        session.turns.discard(task)


async def _answer(session: Session, question: Question) -> Json:
    watched = Watched(session.shared.room.router)
    desk, terminals = session.desk(watched), session.client_terminals
    newest = terminals.take_newest if terminals else lambda: ""
    speaker = Speaker(session.update, session.root, newest)

    def emit(event: Json) -> None:
        if event["type"] == "notice" and not event["replyId"]:  # what a command says that asks no model
            session.update(message(event["text"]))
        else:
            speaker.event(event)

    before = session.current_mode, dict(session.picked)
    await session.open_chat()
    try:
        result = await _send(session, desk, question, emit)
    finally:
        speaker.end()
        await asyncio.shield(_after(session, watched, before))
    _raise_problem(result)
    if result["replies"]:
        session.peer.run_later(_title(session, desk))
    return {"stopReason": _STOPS.get(watched.finish.reason, "end_turn") if watched.finish else "end_turn"}


async def _send(session: Session, desk: ChatDesk, question: Question, emit: Emit) -> Json:
    own = OWN.get(question.text.strip())
    if own is not None:
        return await own(session, desk, emit)
    request = ChatRequest(question.text, session.id, images=question.images, attached=question.attached)
    if not question.recordings:
        return await send(desk, request, emit)
    heard = [await transcribed(desk, recording) for recording in question.recordings]
    if not question.text.strip():
        return await send_heard(desk, request, "\n\n".join(heard), emit)
    said = tuple(attach("What a recording says", text, language_id="plaintext") for text in heard)
    return await send(desk, replace(request, attached=(*request.attached, *said)), emit)


async def _retry(session: Session, desk: ChatDesk, emit: Emit) -> Json:
    turn = await _last_turn(session)
    if turn is None:
        raise InvalidInput("There is no reply yet.", "Write a message first.")
    return await retry(desk, session.id, turn.id, (), emit)


async def _continue(session: Session, desk: ChatDesk, emit: Emit) -> Json:
    turn = await _last_turn(session)
    stopped = [reply for reply in turn.replies if reply.status == "interrupted"] if turn else []
    if not stopped:
        raise InvalidInput("The last reply is complete.", "Write what you want to know next.")
    return await continue_reply(desk, session.id, stopped[-1].id, emit)


async def _last_turn(session: Session) -> Turn | None:
    await session.read_chat()
    turns = session.chat.current_turns if session.chat else ()
    return turns[-1] if turns else None


OWN = {"/retry": _retry, "/continue": _continue}
"""Commands that a chat in a window has buttons for."""


def _raise_problem(result: Json) -> None:
    """A single reply that broke off is an error, as its text has been shown."""
    for reply in result["replies"]:
        if (
            len(result["replies"]) == 1
            and reply["status"] == "interrupted"
            and (told := reply.get("problem"))
        ):
            help = f"{told.get('help', '')} /continue resumes the reply.".strip()
            raise error_of(Problem(told["code"], told["message"], help))


async def _after(session: Session, watched: Watched, before: tuple[Any, Any]) -> None:
    """What may have changed with a turn: usage, mode and model."""
    try:
        await session.read_chat()
    except HalleyError:
        return
    if usage := _usage(session, watched):
        session.update(usage)
    if before != (session.current_mode, session.picked):
        for update in await changed_options(session):
            session.update(update)


def _usage(session: Session, watched: Watched) -> Json | None:
    """How full the context of the model is, and what the chat has cost as far as prices are known."""
    finish = watched.finish
    if finish is None or finish.usage is None or finish.model is None:
        return None
    size = session.shared.room.registry.find_model(
        ModelRef.parse(str(finish.model)), session.settings
    ).context
    if not size:
        return None
    used = finish.usage.input_tokens + finish.usage.output_tokens
    found: Json = {"sessionUpdate": "usage_update", "used": used, "size": size}
    costs = [
        reply.usage.cost_usd
        for turn in (session.chat.turns if session.chat else ())
        for reply in turn.replies
        if reply.usage is not None and reply.usage.cost_usd is not None
    ]
    return found | {"cost": {"amount": sum(costs), "currency": "USD"}} if costs else found


async def _title(session: Session, desk: ChatDesk) -> None:
    if session.chat is not None and session.chat.title:
        return
    if title := await give_title(desk, session.id):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        session.update({"sessionUpdate": "session_info_update", "title": title, "updatedAt": now})
