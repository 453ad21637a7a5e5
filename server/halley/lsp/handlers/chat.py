"""halley/chat/*, and `halley.chat` for clients without a plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from halley.core.models import Model, ModelRef
from halley.features.chat.context import sent_context
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.input_completion import complete_input
from halley.features.chat.markdown import render_chat
from halley.features.chat.pictures import read_picture
from halley.features.chat.send import continue_reply, retry, send
from halley.features.chat.shapes import chat_json, summary_json
from halley.features.chat.title import give_title
from halley.features.chat.tool_offers import known_offers
from halley.features.chat.transfer import export_json, import_json
from halley.features.chat.turns.turn import ChatRequest
from halley.lsp.base.progress import WorkDone
from halley.lsp.protocol.chat import (
    ChatContextParams,
    ChatContinueParams,
    ChatExportParams,
    ChatIdParams,
    ChatImportParams,
    ChatInputParams,
    ChatListParams,
    ChatMarkParams,
    ChatRenameParams,
    ChatReplyParams,
    ChatRetryParams,
    ChatSendParams,
    ChatTurnParams,
)
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.model_choice import models_select, selection
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.session import Session
from halley.lsp.window.status import working
from halley.lsp.window.tool_questions import switches_of, tool_desk

if TYPE_CHECKING:
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
        is_ending=lambda: session.is_ending,
    )


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
    return f"Chat asks {', then '.join(chosen['route'])} (chosen by {chosen['source']})."


async def chat_send(session: Session, params: Json, emit: Emit) -> Json:
    """`halley/chat/send`: the result once every reply has ended."""
    asked = read_params(ChatSendParams, params)
    desk = desk_of(session, params.get("textDocument"), params.get("range"))
    images = tuple(read_picture(attachment) for attachment in asked.attachments or [])
    models = tuple(asked.models or ())
    request = ChatRequest(asked.prompt, asked.chat_id, models, images, asked.blind, asked.tools or {})
    result = await send(desk, request, emit)
    _changed(session)
    if result["replies"]:
        session.server.run_in_background(_title(session, desk, result["chatId"]), "chat title")
    return result


async def _title(session: Session, desk: ChatDesk, chat_id: str) -> None:
    if await give_title(desk, chat_id):
        _changed(session)


async def _retry(session: Session, params: Json, emit: Emit) -> Json:
    asked = read_params(ChatRetryParams, params)
    models, desk = asked.models or (), desk_of(session)
    return await retry(desk, asked.chat_id, asked.turn_id, models, emit, asked.reply_id)


async def _continue(session: Session, params: Json, emit: Emit) -> Json:
    asked = read_params(ChatContinueParams, params)
    return await continue_reply(desk_of(session), asked.chat_id, asked.reply_id, emit)


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
    return {"chats": [summary_json(summary) for summary in found]}


async def _get(session: Session, params: Json) -> Json:
    return chat_json(await session.room.chats.get(read_params(ChatIdParams, params).chat_id))


async def _rename(session: Session, params: Json) -> Json:
    asked = read_params(ChatRenameParams, params)
    await session.room.chats.rename(asked.chat_id, asked.title)
    _changed(session)
    return {}


async def _delete(session: Session, params: Json) -> Json:
    await session.room.chats.delete(read_params(ChatIdParams, params).chat_id)
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
    result = await send(desk_of(session), request, lambda _event: None)
    _changed(session)
    return result


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
    "halley/chat/retry": _retry,
    "halley/chat/continue": _continue,
}
"""Requests whose events are sent as partial results while they run."""

PLAIN: Mapping[str, Plain] = {
    "halley/chat/list": _list,
    "halley/chat/get": _get,
    "halley/chat/rename": _rename,
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
        params = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        params = _about_all(server.session, params)
        async with WorkDone(server, "Halley: chat") as work:
            with working(server.session, "chat"):
                result = await chat_send(server.session, params, _reporting(work.report))
        return {"chatId": result["chatId"], "text": result.get("said") or _texts(result["replies"])}


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
        with working(server.session, "chat"), PartialResults(server) as results:
            return await run(server.session, params, results.send)


def _register_plain(server: HalleyServer, method: str, answer: Plain) -> None:
    @server.feature(method)
    async def _handler(params: Json) -> Json:
        return await answer(server.session, params)
