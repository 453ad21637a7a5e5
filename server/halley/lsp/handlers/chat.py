"""halley/chat/*, and `halley.chat` for clients without a plugin."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from halley.core.calls import ImagePart
from halley.core.errors import BadRequest
from halley.core.models import ModelRef
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.input_completion import complete_input
from halley.features.chat.markdown import render_chat
from halley.features.chat.send import ChatRequest, continue_reply, retry, send
from halley.features.chat.shapes import chat_json, summary_json
from halley.features.chat.title import give_title
from halley.lsp.base.progress import PartialResults, WorkDone
from halley.lsp.handlers.status import working
from halley.lsp.protocol import (
    ChatContinueParams,
    ChatExportParams,
    ChatIdParams,
    ChatInputParams,
    ChatListParams,
    ChatMarkParams,
    ChatRenameParams,
    ChatReplyParams,
    ChatRetryParams,
    ChatSendParams,
    ChatTurnParams,
    read_params,
)
from halley.lsp.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]
_MOST_ATTACHMENT_BYTES = 20_000_000


def desk_of(session: Session, text_document: Json | None = None, range: Json | None = None) -> ChatDesk:
    """The desk for a chat, with the document at hand where the client named one."""
    uri = str((text_document or {}).get("uri", ""))
    line = session.line(uri)

    def context_of(model: ModelRef) -> int | None:
        return session.room.registry.find_model(model, line.settings).context

    return ChatDesk(
        line,
        session.room.chats,
        session.template_of,
        context_of,
        session.workspace(uri),
        session.project(uri),
        session.required_snapshot(text_document, range) if text_document else None,
    )


async def chat_send(session: Session, params: Json, emit: Emit) -> Json:
    """`halley/chat/send`: the result once every reply has ended."""
    asked = read_params(ChatSendParams, params)
    desk = desk_of(session, params.get("textDocument"), params.get("range"))
    images = tuple(_image(attachment) for attachment in asked.attachments or [])
    request = ChatRequest(asked.prompt, asked.chat_id, tuple(asked.models or ()), images)
    result = await send(desk, request, emit)
    session.notify("halley/changed", {"what": "chats"})
    session.server.run_in_background(_title(session, desk, result["chatId"]), "chat title")
    return result


async def _title(session: Session, desk: ChatDesk, chat_id: str) -> None:
    if await give_title(desk, chat_id):
        session.notify("halley/changed", {"what": "chats"})


def _image(attachment: Json) -> ImagePart:
    """A picture given as `{mime, data}`, base64. Raises BadRequest for anything else."""
    mime, data = str(attachment.get("mime", "")), attachment.get("data")
    if not mime.startswith("image/") or not isinstance(data, str) or len(data) > _MOST_ATTACHMENT_BYTES:
        raise BadRequest(
            "An attachment is {mime: image/…, data: base64}, up to 15 MB.", "Use #file for text."
        )
    try:
        return ImagePart(mime, base64.b64decode(data, validate=True))
    except binascii.Error:
        raise BadRequest("An attachment's data is not base64.", "Encode the file's bytes.") from None


async def export_chat(session: Session, params: Json) -> Json:
    asked = read_params(ChatExportParams, params)
    chat = await session.room.chats.get(asked.chat_id)
    if asked.format == "json":
        return {"content": chat_json(chat)}
    return {
        "content": render_chat(
            chat, asked.replies or (), citations=asked.citations, reasoning=asked.reasoning
        )
    }


def register(server: Server) -> None:
    _register_streaming(server)
    _register_plain(server)

    @server.command("halley.chat")
    async def _chat(arguments: list[Any]) -> Json:
        params = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        async with WorkDone(server, "Halley: chat") as work:
            with working(server.session, "chat"):
                result = await chat_send(server.session, params, _reporting(work.report))
        return {"chatId": result["chatId"], "text": "\n\n".join(r["text"] for r in result["replies"])}


def _reporting(report: Callable[[str], None]) -> Emit:
    count = 0

    def emit(event: Json) -> None:
        nonlocal count
        count += len(event.get("delta") or "")
        report(f"{count} characters so far")

    return emit


def _register_streaming(server: Server) -> None:
    def streaming(method: str, run: Callable[[Session, Json, Emit], Awaitable[Json]]) -> None:
        @server.feature(method)
        async def _handler(params: Json) -> Json:
            with working(server.session, "chat"), PartialResults(server) as results:
                return await run(server.session, params, results.send)

    async def _retry(session: Session, params: Json, emit: Emit) -> Json:
        asked = read_params(ChatRetryParams, params)
        return await retry(desk_of(session), asked.chat_id, asked.turn_id, asked.models or (), emit)

    async def _continue(session: Session, params: Json, emit: Emit) -> Json:
        asked = read_params(ChatContinueParams, params)
        return await continue_reply(desk_of(session), asked.chat_id, asked.reply_id, emit)

    streaming("halley/chat/send", chat_send)
    streaming("halley/chat/retry", _retry)
    streaming("halley/chat/continue", _continue)


def _register_plain(server: Server) -> None:
    def chats() -> Any:
        return server.session.room.chats

    def workspace() -> str | None:
        found = server.session.workspace()
        return found.id if found else None

    def changed() -> None:
        server.session.notify("halley/changed", {"what": "chats"})

    @server.feature("halley/chat/list")
    async def _list(params: Json) -> Json:
        asked = read_params(ChatListParams, params)
        found = await chats().list(workspace(), query=asked.query or "", limit=asked.limit)
        return {"chats": [summary_json(summary) for summary in found]}

    @server.feature("halley/chat/get")
    async def _get(params: Json) -> Json:
        return chat_json(await chats().get(read_params(ChatIdParams, params).chat_id))

    @server.feature("halley/chat/rename")
    async def _rename(params: Json) -> Json:
        asked = read_params(ChatRenameParams, params)
        await chats().rename(asked.chat_id, asked.title)
        changed()
        return {}

    @server.feature("halley/chat/delete")
    async def _delete(params: Json) -> Json:
        await chats().delete(read_params(ChatIdParams, params).chat_id)
        changed()
        return {}

    @server.feature("halley/chat/fork")
    async def _fork(params: Json) -> Json:
        asked = read_params(ChatTurnParams, params)
        forked = await chats().fork(asked.chat_id, asked.turn_id)
        changed()
        return {"chatId": forked}

    @server.feature("halley/chat/rollback")
    async def _rollback(params: Json) -> Json:
        asked = read_params(ChatTurnParams, params)
        undone = await chats().rollback(asked.chat_id, asked.turn_id)
        changed()
        return {"undone": undone}

    @server.feature("halley/chat/choose")
    async def _choose(params: Json) -> Json:
        chat = await chats().choose(read_params(ChatReplyParams, params).reply_id)
        changed()
        return {"chatId": chat}

    @server.feature("halley/chat/clear")
    async def _clear(params: Json) -> Json:
        await chats().mark(read_params(ChatMarkParams, params).chat_id, "clear")
        changed()
        return {}

    @server.feature("halley/chat/export")
    async def _export(params: Json) -> Json:
        return await export_chat(server.session, params)

    @server.feature("halley/chat/input")
    async def _input(params: Json) -> Json:
        asked = read_params(ChatInputParams, params)
        session = server.session
        settings = session.settings_of(asked.uri or "")
        listing = await session.room.registry.list_models(settings, session.caller())
        project = session.project(asked.uri or "")
        items = await complete_input(asked.text, asked.offset(), settings, project, listing.models)
        return {"items": items}
