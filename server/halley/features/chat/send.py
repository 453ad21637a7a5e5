"""One turn of a chat: what was typed becomes a turn in the store, and every model asked gives its reply to it.

    typed text ── read_input ──▶ command? variables? models? ──▶ turn ──▶ a reply for each model, side by side

`send` starts a turn; `retry` adds a reply to one; `continue_reply` goes on with a reply that broke off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput, Problem, error_of
from halley.core.events import Event, Notice, TextDelta
from halley.core.models import ModelRef, Role, Route
from halley.engine.chat_input import ChatInput, read_input
from halley.engine.prompting.conversation import Attachment
from halley.features.ask import Line
from halley.features.chat.answering import Asked, answer, settle_with
from halley.features.chat.blind import hidden_problem, is_blind, label, shuffled
from halley.features.chat.commands import Expanded, expand_command
from halley.features.chat.compaction import compact_if_needed
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.messages import build_chat_prompt, go_on, to_excerpts
from halley.features.chat.pictures import check_sees
from halley.features.chat.shapes import turn_json
from halley.features.chat.turns.command import ABOUT
from halley.features.chat.turns.macro import answer_by_macro, begin, resume
from halley.features.chat.turns.search import SEARCHER, listed, search_attachments
from halley.features.chat.variables import load_attachments, selection_attachment
from halley.stores.chats.values import Chat, Reply, Turn

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
    blind: bool = False
    """Hide which model is which until one is chosen."""
    tools: Mapping[str, bool] = field(default_factory=dict)
    """Tools to switch for the chat from here on, keyed `*`, `server` or `server/tool`."""


async def send(desk: ChatDesk, request: ChatRequest, emit: Emit) -> Json:
    """Ask, and wait for every reply; `{chatId, turnId, replies}`, and `said` for a command that asks nobody.

    Raises InvalidInput for an unknown command or variable before anything is stored, and the problem of the only
    reply when it failed without a word. A reply that broke off is in the result with what it had said.
    """
    typed = read_input(request.prompt)
    if not typed.text.strip() and not typed.command and not request.images:
        raise InvalidInput("There is nothing to send.", "Write something.")
    if request.chat_id:
        await desk.store.get(request.chat_id)
    if about := ABOUT.get(typed.command):
        return await _about_chat(desk, request, typed, await about(desk, request.chat_id, typed), emit)
    if typed.command in ("image", "speak", "video") and typed.command not in desk.line.settings.macros:
        return await _send_media(desk, request, typed, emit)
    macro = desk.line.settings.macros.get(typed.command)
    if macro is None and typed.command == "dictate":
        return await _send_dictated(desk, request, typed, emit)
    if macro is None and typed.command == "search":
        return await _send_search(desk, request, typed, emit)
    if macro is not None and (macro.steps or macro.role == "image"):
        return await _send_macro(desk, request, typed, emit)
    return await _send(desk, request, await expand_command(desk, typed), emit)


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
    turn = _find_turn(chat, turn_id)
    before = [_find(chat, reply_id).model] if reply_id else [reply.model for reply in turn.replies[-1:]]
    asked = [str(ModelRef.parse(model)) for model in models or before]
    if turn.details.get("media"):
        raise InvalidInput("A picture is not asked for again here.", f"Send {turn.prompt} once more.")
    if turn.details.get("search") and not models:
        raise InvalidInput("A search asks no model.", f"Send `/search {turn.details['search']}` once more.")
    if turn.details.get("macro"):
        raise InvalidInput("A macro's turn is not asked again.", f"Send /{turn.details['macro']} once more.")
    if turn.images:
        check_sees(desk, map(ModelRef.parse, asked))
    refs = [ModelRef.parse(model) for model in asked]
    replies = [await desk.store.open_reply(turn_id, ref) for ref in refs]
    await _answers(desk, chat, turn, _asked_of(turn, refs, replies, exactly=True), emit)
    return await _result(desk, chat_id, turn_id, replies)


async def continue_reply(desk: ChatDesk, chat_id: str, reply_id: str, emit: Emit) -> Json:
    """Go on with a reply that was interrupted: the same reply, more text.

    The same model goes on with it, and no other where the person had named it; else the role's other models stand in as
    they would have for the question. A reply that cannot be continued now stays interrupted, with what it had said.
    """
    chat = await desk.store.get(chat_id)
    reply = _find(chat, reply_id)
    turn = _find_turn(chat, reply.turn_id)
    position = turn.replies.index(reply)
    was_named = (
        bool(turn.details.get("models")) or position > 0
    )  # what is added to a turn is asked of one model
    asked = replace(
        _asked(turn, position, reply.model),
        reply=reply_id,
        model=reply.model if was_named else None,
        has_begun=bool(reply.text or reply.tool_uses),
        said=reply.text,
        switched=chat.tools,
    )
    if turn.details.get("macro"):
        job, run = await resume(desk, turn)
        await desk.store.reopen(reply_id)
        await answer_by_macro(desk, job, run, asked, emit)
        return await _result(desk, chat_id, turn.id, [reply_id])
    built = build_chat_prompt(desk, chat, ModelRef.parse(reply.model), turn.id)
    said = go_on(reply, CONTINUE)
    await desk.store.reopen(reply_id)
    prompt = replace(built.prompt, messages=(*built.prompt.messages, *said))
    line = _beginning_with(desk.line, ModelRef.parse(reply.model))
    await answer(replace(desk, line=line), prompt, asked, emit)
    return await _result(desk, chat_id, turn.id, [reply_id])


def _beginning_with(line: Line, model: ModelRef) -> Line:
    """The line whose routes begin with this model."""

    async def route_of(role: Role) -> Route:
        return tuple(dict.fromkeys((model, *await line.route_of(role))))

    return replace(line, route_of=route_of)


async def _about_chat(desk: ChatDesk, request: ChatRequest, typed: ChatInput, said: str, emit: Emit) -> Json:
    emit({"type": "notice", "replyId": "", "text": said})
    if typed.command == "clear" and typed.text.strip():
        rest = replace(typed, command="")
        return await _send(desk, request, Expanded(rest), emit) | {"said": said}
    return {"chatId": request.chat_id or "", "turnId": "", "replies": [], "said": said}


async def _send(desk: ChatDesk, request: ChatRequest, expanded: Expanded, emit: Emit) -> Json:
    typed = expanded.typed
    attachments = await load_attachments(desk, typed.variables, typed.text)
    if selected := _selection(desk, typed):
        attachments.insert(0, selected)
    models = list(dict.fromkeys(str(ModelRef.parse(model)) for model in request.models or typed.models))
    if request.images:
        check_sees(
            desk, map(ModelRef.parse, models) if models else [(await desk.line.route_of(expanded.role))[0]]
        )
    if request.blind:
        if len(models) < 2:
            raise InvalidInput("Comparing blind needs at least two models.", "Name them, as @provider/model.")
        models = shuffled(models)
    refs = await _refs(desk, models, expanded.role)
    before = await desk.store.get(request.chat_id) if request.chat_id else None
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.workspace_id,
        request.prompt,
        refs,
        excerpts=to_excerpts(attachments),
        images=request.images,
        details={"said": typed.text, "models": models, "blind": request.blind, "role": expanded.role},
        tools=request.tools,
    )
    turn = begun.turn
    chat = before or Chat(turn.chat_id, desk.workspace_id, "", turn.created, turn.created)
    chat = replace(chat, turns=(*chat.turns, turn), tools={**chat.tools, **request.tools})
    try:  # the first token does not wait for the disk
        await _answers(desk, chat, turn, _asked_of(turn, refs, begun.replies, bool(models)), emit)
    finally:
        await begun.saved
    return await _result(desk, chat.id, turn.id, begun.replies)


async def _send_search(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """A turn that asks nobody: its excerpts are the hits, its reply is their list, to go on from."""
    attachments = await search_attachments(desk, typed.text)
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.workspace_id,
        request.prompt,
        [SEARCHER],
        excerpts=to_excerpts(attachments),
        details={"said": request.prompt, "search": typed.text},
    )
    (reply,), chat_id = begun.replies, begun.turn.chat_id
    asked = Asked(reply, SEARCHER, opened_as=SEARCHER)
    _tell_start(emit, asked, chat_id, begun.turn.id)

    async def work(take: Callable[[Event], None]) -> None:
        take(TextDelta(listed(attachments)))

    try:
        await settle_with(desk, asked, emit, work)
    finally:
        await begun.saved
    return await _result(desk, chat_id, begun.turn.id, [reply])


async def _send_macro(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    macro = desk.line.settings.macros[typed.command]
    job, run, ref = await begin(desk, typed, macro)
    chat_id = request.chat_id or await desk.store.create(desk.workspace_id)
    details = {"said": request.prompt, "macro": typed.command, "run": run.id}
    turn_id = await desk.store.add_turn(chat_id, request.prompt, details=details)
    reply = await desk.store.open_reply(turn_id, ref)
    asked = Asked(reply, str(ref), opened_as=str(ref))
    _tell_start(emit, asked, chat_id, turn_id)
    await answer_by_macro(desk, job, run, asked, emit)
    return await _result(desk, chat_id, turn_id, [reply])


async def _send_media(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    from halley.features.chat.turns.media import APART, answer_by_picture, begin_picture

    if make := APART.get(typed.command):
        said, task = await make(desk, request.chat_id, typed)
        emit({"type": "notice", "replyId": "", "text": said})
        return {"chatId": request.chat_id or "", "turnId": "", "replies": [], "said": said, "media": task}
    if not typed.text.strip():
        raise InvalidInput("There is nothing to paint.", "Say what it should show: /image a fox in the snow.")
    order, ref = await begin_picture(desk, typed)
    chat_id = request.chat_id or await desk.store.create(desk.workspace_id)
    turn_id = await desk.store.add_turn(
        chat_id, request.prompt, images=request.images, details={"said": request.prompt, "media": order.kind}
    )
    reply = await desk.store.open_reply(turn_id, ref)
    asked = Asked(reply, str(ref), opened_as=str(ref))
    _tell_start(emit, asked, chat_id, turn_id)
    await answer_by_picture(desk, order, request.images, asked, emit)
    return await _result(desk, chat_id, turn_id, [reply])


async def _send_dictated(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """As if what the recording says had been typed; it is told what was understood."""
    from halley.features.chat.turns.media import dictated

    heard = await dictated(desk, typed)
    emit({"type": "notice", "replyId": "", "text": f"Understood: {heard}"})
    said = Expanded(ChatInput(heard, models=typed.models))
    return await _send(desk, replace(request, prompt=heard), said, emit)


def _selection(desk: ChatDesk, typed: ChatInput) -> Attachment | None:
    """The selected code goes along by itself, unless the person named it."""
    snapshot = desk.snapshot
    if snapshot is None or snapshot.selection.is_empty or any(v.name == "selection" for v in typed.variables):
        return None
    return selection_attachment(snapshot)


async def _refs(desk: ChatDesk, models: Sequence[str], role: Role) -> list[ModelRef]:
    """The models to ask: those named, else the first of the role's route."""
    return [ModelRef.parse(model) for model in models] or [(await desk.line.route_of(role))[0]]


def _asked_of(turn: Turn, refs: Sequence[ModelRef], replies: Sequence[str], exactly: bool) -> list[Asked]:
    """`exactly`: those models and no fallback, since the person named them."""
    return [
        replace(
            _asked(turn, len(turn.replies) + number, str(ref)),
            reply=reply,
            model=str(ref) if exactly else None,
        )
        for number, (ref, reply) in enumerate(zip(refs, replies, strict=True))
    ]


async def _answers(desk: ChatDesk, chat: Chat, turn: Turn, asked: Sequence[Asked], emit: Emit) -> None:
    refs = [ModelRef.parse(one.opened_as) for one in asked]
    chat, told = await compact_if_needed(desk, chat, refs, turn.id, emit)
    work: list[Awaitable[None]] = []
    for one, ref in zip(asked, refs, strict=True):
        built = build_chat_prompt(desk, chat, ref, turn.id)
        _tell_start(emit, one, chat.id, turn.id)
        left_out = (
            f"{built.left_out} earlier turns did not fit into the context of {one.shown} and were left out."
        )
        for text in (told, left_out if built.left_out else ""):
            if text:
                desk.store.append(one.reply, (Notice(text),))
                emit({"type": "notice", "replyId": one.reply, "text": text})
        one = replace(one, switched=chat.tools)
        work += [answer(desk, built.prompt, one, emit), desk.store.note_sent(one.reply, built.sent)]
    await _all(work)


def _asked(turn: Turn, position: int, model: str) -> Asked:
    blind, role = is_blind(turn), turn.details.get("role", "chat")
    return Asked(
        "", label(position) if blind else model, None, role, blind, model, chat=turn.chat_id, turn=turn.id
    )


def _tell_start(emit: Emit, asked: Asked, chat_id: str, turn_id: str) -> None:
    emit(
        {"type": "start", "replyId": asked.reply, "model": asked.shown, "chatId": chat_id, "turnId": turn_id}
    )


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
    turn = _find_turn(chat, turn_id)
    found = [_find(chat, reply) for reply in replies]
    if all(reply.status == "failed" for reply in found) and found[0].problem:
        raise error_of(_told(turn, found[0], found[0].problem))
    wanted = set(replies)
    root = desk.workspace.root if desk.workspace else None
    given = [reply for reply in turn_json(turn, root)["replies"] if reply["replyId"] in wanted]
    return {"chatId": chat_id, "turnId": turn_id, "replies": given}


def _told(turn: Turn, reply: Reply, problem: Problem) -> Problem:
    return hidden_problem(problem, label(turn.replies.index(reply))) if is_blind(turn) else problem


def _find_turn(chat: Chat, turn_id: str) -> Turn:
    """One that is still part of the chat, also before the last `/clear`."""
    found = next((turn for turn in chat.turns if turn.id == turn_id and not turn.undone), None)
    if found is None:
        raise InvalidInput("There is no such turn in the chat.", "Pick one of its current turns.")
    return found


def _find(chat: Chat, reply_id: str) -> Reply:
    for turn in chat.turns:
        for reply in turn.replies:
            if reply.id == reply_id:
                return reply
    raise InvalidInput("There is no such reply in the chat.", "Pick one of its replies.")
