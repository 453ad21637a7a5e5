"""One turn of a chat: what was typed becomes a turn in the store, and every model asked gives its reply to it.

    typed text ── read_input ──▶ TURNS (`turns/table.py`) ──▶ turn ──▶ a reply for each model, side by side

`send` starts a turn; `retry` adds a reply to one; `continue_reply` resumes a reply that broke off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from halley.core.errors import InvalidInput
from halley.core.models import ModelRef, Role, Route
from halley.engine.chat_input import read_input
from halley.features.ask import Line
from halley.features.chat.answering import answer, none_left_open
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.messages import build_chat_prompt, go_on
from halley.features.chat.pictures import check_sees
from halley.features.chat.turns.macro import answer_by_macro, resume
from halley.features.chat.turns.question import asked_at, asked_of, give_replies, in_chat
from halley.features.chat.turns.table import turn_for
from halley.features.chat.turns.turn import ChatRequest, find_reply, find_turn, result_of
from halley.stores.chats.values import Turn

CONTINUE = (
    "Your answer was cut off. Go on exactly where it stopped, in the middle of a sentence or line if that is where it "
    "is. Do not repeat anything and do not begin again."
)


async def send(desk: ChatDesk, request: ChatRequest, emit: Emit) -> Json:
    """Ask, and wait for every reply; `{chatId, turnId, replies}`, and `said` for a command that asks no model.

    Raises InvalidInput for an unknown command or variable before anything is stored, and the problem of the only
    reply when it failed without a word. A reply that broke off is in the result with what it had said.
    """
    typed = read_input(request.prompt)
    if not typed.text.strip() and not typed.command and not request.images:
        raise InvalidInput("There is nothing to send.", "Write something.")
    if request.chat_id:
        await desk.store.get(request.chat_id)
    return await turn_for(typed.command, desk.around.settings.macros)(desk, request, typed, emit)


async def retry(
    desk: ChatDesk,
    chat_id: str,
    turn_id: str,
    models: Sequence[str],
    emit: Emit,
    reply_id: str | None = None,
) -> Json:
    """Another reply to a turn: from the model of `reply_id`, from others, or from its last one; the replies before
    are kept."""
    chat = await desk.store.get(chat_id)
    turn = find_turn(chat, turn_id)
    before = [find_reply(chat, reply_id).model] if reply_id else [reply.model for reply in turn.replies[-1:]]
    asked = [str(ModelRef.parse(model)) for model in models or before]
    _refuse_what_is_not_retried(turn, bool(models))
    if turn.images:
        check_sees(desk, map(ModelRef.parse, asked))
    refs = [ModelRef.parse(model) for model in asked]
    replies = [desk.store.new_reply_id() for _ in refs]
    async with none_left_open(desk, replies):
        for ref, reply in zip(refs, replies, strict=True):
            await desk.store.open_reply(turn_id, ref, reply)
        await give_replies(desk, chat, turn, asked_of(turn, refs, replies, exactly=True), emit)
    return await result_of(desk, chat_id, turn_id, replies)


async def continue_reply(desk: ChatDesk, chat_id: str, reply_id: str, emit: Emit) -> Json:
    """Continue an interrupted reply: the same reply, more text.

    The same model continues it, and no other if the user named it; otherwise the role's other models are fallbacks as
    they would have for the question. A reply that cannot be continued now stays interrupted, with what it had said.
    """
    chat = await desk.store.get(chat_id)
    reply = find_reply(chat, reply_id)
    turn = find_turn(chat, reply.turn_id)
    position = turn.replies.index(reply)
    was_named = (
        bool(turn.details.get("models")) or position > 0
    )  # what is added to a turn is asked of one model
    asked = replace(
        asked_at(turn, position, reply.model),
        reply=reply_id,
        model=reply.model if was_named else None,
        has_begun=bool(reply.text or reply.tool_uses),
        said=reply.text,
        spent=reply.usage,
    )
    asked = in_chat(desk, asked, chat)
    if turn.details.get("macro"):
        job, run = await resume(desk, turn)
        async with none_left_open(desk, [reply_id]):
            await desk.store.reopen(reply_id)
            await answer_by_macro(desk, job, run, asked, emit)
        return await result_of(desk, chat_id, turn.id, [reply_id])
    built = build_chat_prompt(desk, chat, ModelRef.parse(reply.model), turn.id)
    said = go_on(reply, CONTINUE)
    prompt = replace(built.prompt, messages=(*built.prompt.messages, *said))
    line = _beginning_with(desk.around.line, ModelRef.parse(reply.model))
    async with none_left_open(desk, [reply_id]):
        await desk.store.reopen(reply_id)
        await answer(replace(desk, around=replace(desk.around, line=line)), prompt, asked, emit)
    return await result_of(desk, chat_id, turn.id, [reply_id])


def _refuse_what_is_not_retried(turn: Turn, models_named: bool) -> None:
    if turn.details.get("media"):
        raise InvalidInput("A picture's turn cannot be retried.", f"Send {turn.prompt} again.")
    if turn.details.get("search") and not models_named:
        raise InvalidInput(
            "A search's turn cannot be retried.", f"Send `/search {turn.details['search']}` again."
        )
    if turn.details.get("review") and not models_named:
        raise InvalidInput("A review's turn cannot be retried.", f"Send {turn.prompt} again.")
    if turn.details.get("macro"):
        raise InvalidInput("A macro's turn cannot be retried.", f"Send /{turn.details['macro']} again.")


def _beginning_with(line: Line, model: ModelRef) -> Line:
    """The line whose routes begin with this model."""

    async def route_of(role: Role) -> Route:
        return tuple(dict.fromkeys((model, *await line.route_of(role))))

    return replace(line, route_of=route_of)
