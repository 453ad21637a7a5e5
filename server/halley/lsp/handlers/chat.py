"""halley/chat/*, and `halley.chat` for clients without a plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.core.models import Model, ModelRef
from halley.features.agent.modes import mode_of, mode_with
from halley.features.chat.context import sent_context
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.input_completion import complete_input
from halley.features.chat.markdown import render_chat
from halley.features.chat.pictures import read_picture
from halley.features.chat.resending import resend
from halley.features.chat.send import continue_reply, retry, send
from halley.features.chat.shapes import chat_json, summary_json
from halley.features.chat.title import give_title
from halley.features.chat.tool_offers import known_offers
from halley.features.chat.transfer import export_json, import_json
from halley.features.chat.turns.turn import ChatRequest
from halley.lsp.protocol.agent import AgentPlanParams
from halley.lsp.protocol.chat import (
    ChatContextParams,
    ChatContinueParams,
    ChatExportParams,
    ChatIdParams,
    ChatImportParams,
    ChatInputParams,
    ChatListParams,
    ChatMarkParams,
    ChatMessage,
    ChatModeParams,
    ChatRenameParams,
    ChatReplyParams,
    ChatResendParams,
    ChatRetryParams,
    ChatSendParams,
    ChatTurnParams,
)
from halley.lsp.protocol.shape import command_argument, read_params
from halley.lsp.window.agent.tool_questions import switches_of, tool_desk
from halley.lsp.window.agent.workbench import agent_desk
from halley.lsp.window.model_choice import models_select, selection
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.core.settings import Settings
    from halley.features.review import Reviewed
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
Streaming = Callable[[Session, Json, Emit], Awaitable[Json]]
Plain = Callable[[Session, Json], Awaitable[Json]]


def desk_of(session: Session, text_document: Json | None = None, range: Json | None = None) -> ChatDesk:
    """The desk for a chat, with the document at hand where the client named one."""
    uri = str((text_document or {}).get("uri", ""))
    around = session.surroundings(uri)

    def model_of(model: ModelRef) -> Model:
        return session.room.registry.find_model(model, around.settings)

    return ChatDesk(
        around,
        session.room.chats,
        model_of,
        session.required_snapshot(text_document, range) if text_document else None,
        lambda names: _choose_model(session, uri, names),
        tools=tool_desk(session),
        open_texts=session.open_texts,
        agent=agent_desk(session) if around.root else None,
        share=lambda chat, stop: _share(session, around.settings, around.root, chat, stop),
        steering=session.steering,
        show_review=partial(_show_review, session),
        is_ending=lambda: session.is_ending,
    )


async def _share(session: Session, settings: Settings, root: Path | None, chat: str, stop: bool) -> str:
    from halley.features.team_chats import share_or_revoke

    return await share_or_revoke(session.room, settings, chat, str(root) if root else None, stop=stop)


def _show_review(session: Session, made: Reviewed, folder: Path) -> None:
    session.findings.take(made, folder)


async def _choose_model(session: Session, uri: str, names: tuple[str, ...]) -> str:
    """`/model`: chooses for the workspace (without one, for this window), and says what holds."""
    if names:
        scope = "workspace" if session.folders.root_of(uri) else "session"
        roles = await models_select(
            session, {"role": "chat", "route": list(names), "scope": scope, "uri": uri}
        )
    else:
        roles = selection(session, uri)
    chosen = roles["roles"].get("chat")
    if not chosen:
        return "No model is chosen for chat. `/model @provider/model` chooses one."
    return f"Chat asks {', then '.join(chosen['route'])} ({chosen['source']})."


async def chat_send(session: Session, params: Json, emit: Emit) -> Json:
    """`halley/chat/send`: the result once every reply has ended."""
    asked = read_params(ChatSendParams, params)

    def tell_wait(number: int) -> None:
        emit({"type": "queued", "replyId": "", "chatId": asked.chat_id, "number": number})

    async with session.steering.sending(asked.chat_id, tell_wait if asked.queue else None):
        # Only now: while it waited the user may have typed, or the running reply may have edited.
        desk, request = _requested(session, asked, asked.chat_id, params)
        await session.room.turnstile.turn()
        result = await send(desk, request, emit)
    return await _sent(session, asked, desk, result)


async def _resend(session: Session, params: Json, emit: Emit) -> Json:
    asked = read_params(ChatResendParams, params)
    if session.steering.is_busy(asked.chat_id):
        raise InvalidInput("The chat is busy.", "Stop it first (halley/agent/stop).")
    async with session.steering.sending(asked.chat_id, None):
        desk, request = _requested(session, asked, asked.chat_id, params)
        await session.room.turnstile.turn()
        result = await resend(desk, request, asked.turn_id, emit, files=asked.files, changed=asked.changed)
    return await _sent(session, asked, desk, result)


def _requested(
    session: Session, asked: ChatMessage, chat_id: str | None, params: Json
) -> tuple[ChatDesk, ChatRequest]:
    desk = desk_of(session, params.get("textDocument"), params.get("range"))
    images = tuple(read_picture(attachment) for attachment in asked.attachments or [])
    models = tuple(asked.models or ())
    request = ChatRequest(
        asked.prompt, chat_id, models, images, asked.blind, asked.tools or {}, asked.mode or ""
    )
    return desk, request


async def _sent(session: Session, asked: ChatMessage, desk: ChatDesk, result: Json) -> Json:
    _changed(session)
    if asked.mode or asked.prompt.lstrip().startswith("/mode"):
        session.notify("halley/changed", {"what": "mode"})
    if result["replies"]:
        session.server.run_in_background(_title(session, desk, result["chatId"]), "chat title")
    return await _with_mode(session, result, desk)


async def _with_mode(session: Session, result: Json, desk: ChatDesk) -> Json:
    """The result of a turn, with the mode of the chat's next one."""
    agent = await session.room.chats.agent(result["chatId"]) if result["chatId"] else {}
    return result | {
        "mode": mode_with(desk.around.settings, session.room.tool_picks, desk.around.root, agent)
    }


async def _title(session: Session, desk: ChatDesk, chat_id: str) -> None:
    await session.rush.over()
    await session.room.turnstile.turn()
    if await give_title(desk, chat_id):
        _changed(session)


async def _retry(session: Session, params: Json, emit: Emit) -> Json:
    asked = read_params(ChatRetryParams, params)
    models, desk = asked.models or (), desk_of(session)
    await session.room.turnstile.turn()
    result = await retry(desk, asked.chat_id, asked.turn_id, models, emit, asked.reply_id)
    return await _with_mode(session, result, desk)


async def _continue(session: Session, params: Json, emit: Emit) -> Json:
    asked = read_params(ChatContinueParams, params)
    desk = desk_of(session)
    await session.room.turnstile.turn()
    return await _with_mode(session, await continue_reply(desk, asked.chat_id, asked.reply_id, emit), desk)


async def export_chat(session: Session, params: Json) -> Json:
    asked = read_params(ChatExportParams, params)
    chat = await session.room.chats.get(asked.chat_id)
    if asked.format == "json":
        return {"content": export_json(session.room.chats, chat, asked.replies or ())}
    return {
        "content": render_chat(
            chat, asked.replies or (), citations=asked.citations, reasoning=asked.reasoning
        )
    }


async def _list(session: Session, params: Json) -> Json:
    asked = read_params(ChatListParams, params)
    found = await session.room.chats.list(_workspace_id(session), query=asked.query or "", limit=asked.limit)
    return {"chats": [summary_json(one) | _state(session, one.id) for one in found]}


def _state(session: Session, chat: str) -> Json:
    state = session.steering.state(chat)
    return {} if state == "idle" else {"state": state}


async def _stop(session: Session, params: Json) -> Json:
    return {"stopped": session.steering.stop(read_params(ChatIdParams, params).chat_id)}


async def _plan(session: Session, params: Json) -> Json:
    from halley.features.agent.planning import clean_steps

    asked = read_params(AgentPlanParams, params)
    if session.steering.is_busy(asked.chat_id):
        raise InvalidInput("The chat is busy.", "Stop it first (halley/agent/stop).")
    steps = clean_steps([step.text for step in asked.steps]) if asked.steps else []
    states = [step.state for step in asked.steps]
    await session.room.chats.note_agent(asked.chat_id, {"plan": list(zip(steps, states, strict=True))})
    _changed(session)
    return {}


async def _get(session: Session, params: Json) -> Json:
    chat = await session.room.chats.get(read_params(ChatIdParams, params).chat_id)
    root = session.folders.root_of("")
    return chat_json(chat, mode_of(session.settings_of(), session.room.tool_picks, root, chat))


async def _mode(session: Session, params: Json) -> Json:
    from halley.features.chat.turns.question import choose_mode

    asked, store = read_params(ChatModeParams, params), session.room.chats
    chat = await store.get(asked.chat_id) if asked.chat_id else None
    mode = choose_mode(desk_of(session), asked.mode or "", chat)
    if chat and asked.mode:
        await store.note_agent(chat.id, {"mode": mode})
    if asked.mode:
        session.notify("halley/changed", {"what": "mode"})
    return {"mode": mode}


async def _rename(session: Session, params: Json) -> Json:
    asked = read_params(ChatRenameParams, params)
    await session.room.chats.rename(asked.chat_id, asked.title)
    _changed(session)
    return {}


async def _delete(session: Session, params: Json) -> Json:
    chat = read_params(ChatIdParams, params).chat_id
    await session.end_commands(chat)
    await session.room.chats.delete(chat)
    await session.room.checkpoints.drop_chat(chat)
    _changed(session)
    return {}


async def _fork(session: Session, params: Json) -> Json:
    asked = read_params(ChatTurnParams, params)
    forked = await session.room.chats.fork(asked.chat_id, asked.turn_id)
    _changed(session)
    return {"chatId": forked}


async def _rollback(session: Session, params: Json) -> Json:
    asked = read_params(ChatTurnParams, params)
    undone = await session.room.chats.rollback(asked.chat_id, asked.turn_id)
    _changed(session)
    return {"undone": undone}


async def _choose(session: Session, params: Json) -> Json:
    asked = read_params(ChatReplyParams, params)
    chat = await session.room.chats.get(await session.room.chats.choose(asked.reply_id))
    _changed(session)
    models = {
        reply.id: reply.model
        for turn in chat.turns
        if any(one.id == asked.reply_id for one in turn.replies)
        for reply in turn.replies
    }
    return {"chatId": chat.id, "models": models}


async def _compact(session: Session, params: Json) -> Json:
    asked = read_params(ChatMarkParams, params)
    request = ChatRequest("/compact", asked.chat_id)
    desk = desk_of(session)
    result = await send(desk, request, lambda _event: None)
    _changed(session)
    return await _with_mode(session, result, desk)


async def _context(session: Session, params: Json) -> Json:
    asked = read_params(ChatContextParams, params)
    return await sent_context(desk_of(session), asked.chat_id, asked.turn_id, asked.reply_id)


async def _import(session: Session, params: Json) -> Json:
    asked = read_params(ChatImportParams, params)
    taken = await import_json(session.room.chats, asked.content, _workspace_id(session))
    _changed(session)
    return {"chatId": taken}


async def _clear(session: Session, params: Json) -> Json:
    await session.room.chats.mark(read_params(ChatMarkParams, params).chat_id, "clear")
    _changed(session)
    return {}


async def _input(session: Session, params: Json) -> Json:
    asked = read_params(ChatInputParams, params)
    settings = session.settings_of(asked.uri or "")
    listing = await session.room.registry.list_models(settings, session.caller())
    project = session.project(asked.uri or "")
    switches = await switches_of(session, asked.uri or "", None)
    offers = known_offers(session.shared.tools, switches)
    items = await complete_input(asked.text, asked.offset(), settings, project, listing.models, offers)
    return {"items": items}


def _workspace_id(session: Session) -> str | None:
    found = session.workspace()
    return found.id if found else None


def _changed(session: Session) -> None:
    """Reports to the client that the list of chats is new."""
    session.notify("halley/changed", {"what": "chats"})


def _texts(replies: list[Json]) -> str:
    """One reply's text; several under their models' names."""
    if len(replies) == 1:
        return replies[0]["text"]
    return "\n\n".join(f"## {reply['model']}\n\n{reply['text']}" for reply in replies)


def _reporting(report: Callable[[str], None]) -> Emit:
    count = 0

    def emit(event: Json) -> None:
        nonlocal count
        count += len(event.get("delta") or "")
        report(f"{count} characters so far")

    return emit


STREAMING: Mapping[str, Streaming] = {
    "halley/chat/send": chat_send,
    "halley/chat/resend": _resend,
    "halley/chat/retry": _retry,
    "halley/chat/continue": _continue,
}
"""Requests whose events are sent as partial results while they run."""

PLAIN: Mapping[str, Plain] = {
    "halley/chat/list": _list,
    "halley/chat/get": _get,
    "halley/agent/stop": _stop,
    "halley/agent/plan": _plan,
    "halley/chat/rename": _rename,
    "halley/chat/mode": _mode,
    "halley/chat/delete": _delete,
    "halley/chat/fork": _fork,
    "halley/chat/rollback": _rollback,
    "halley/chat/choose": _choose,
    "halley/chat/compact": _compact,
    "halley/chat/context": _context,
    "halley/chat/import": _import,
    "halley/chat/clear": _clear,
    "halley/chat/export": export_chat,
    "halley/chat/input": _input,
}


def register(server: HalleyServer) -> None:
    for method, run in STREAMING.items():
        _register_streaming(server, method, run)
    for method, answer in PLAIN.items():
        _register_plain(server, method, answer)

    @server.command("halley.chat")
    async def _chat(arguments: list[Any]) -> Json:
        params = command_argument(arguments)
        params = _about_all(server.session, params)
        async with WorkDone(server, "Halley: chat") as work:
            with working(server.session, "chat"):
                result = await chat_send(server.session, params, _reporting(work.report))
        text = result.get("said") or _texts(result["replies"])
        return {"chatId": result["chatId"], "text": text, "mode": result["mode"]}


def _about_all(session: Session, params: Json) -> Json:
    """A question about a document that names no lines is about all of it: a plain editor has no `#buffer` to offer."""
    text_document = params.get("textDocument")
    if params.get("range") or not isinstance(text_document, dict):
        return params
    document = session.document(str(text_document.get("uri", "")))
    if document is None:
        return params  # `chat_send` says that it is not there
    end = {"line": document.text.count("\n") + 1, "character": 0}
    return {**params, "range": {"start": {"line": 0, "character": 0}, "end": end}}


def _register_streaming(server: HalleyServer, method: str, run: Streaming) -> None:
    @server.feature(method)
    async def _handler(params: Json) -> Json:
        session = server.session
        with working(session, "chat"), session.rush.joined(), PartialResults(server) as results:
            return await run(session, params, results.send)


def _register_plain(server: HalleyServer, method: str, answer: Plain) -> None:
    @server.feature(method)
    async def _handler(params: Json) -> Json:
        return await answer(server.session, params)
