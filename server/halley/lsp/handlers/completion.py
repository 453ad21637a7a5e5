"""textDocument/inlineCompletion, and the list for clients without ghost text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.errors import HalleyError
from halley.core.snapshot import Snapshot
from halley.lsp.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]
_INVOKED = 1
"""`InlineCompletionTriggerKind.Invoked` (LSP 3.18)."""
_TEXT = 1
"""`CompletionItemKind.Text`."""
_PLAIN = 1
"""`InsertTextFormat.PlainText`: what a model writes is never a snippet."""


async def inline_completion(session: Session, params: Json) -> Json:
    """At most one item when automatic, up to three when invoked."""
    automatic = (params.get("context") or {}).get("triggerKind") != _INVOKED
    texts, snapshot = await _texts(session, params, automatic)
    return {
        "items": [_item(session, snapshot, params["position"], text) for text in texts] if snapshot else []
    }


async def _texts(session: Session, params: Json, automatic: bool) -> tuple[list[str], Snapshot | None]:
    at = {"start": params["position"], "end": params["position"]}
    snapshot = session.snapshot(params["textDocument"], at)
    if snapshot is None:
        return [], None
    line = session.line(snapshot.document.uri, snapshot.settings)
    return await session.completer.complete(line, snapshot, automatic=automatic), snapshot


def _item(session: Session, snapshot: Snapshot, position: Json, text: str) -> Json:
    accepted = {
        "uri": snapshot.document.uri,
        "characters": len(text),
        "language": snapshot.document.language_id,
    }
    return {
        "insertText": text,
        "range": {"start": position, "end": position},
        "command": {"title": "", "command": "halley.completion.accepted", "arguments": [accepted]},
    }


async def list_completion(session: Session, params: Json) -> Json:
    """What is ready as an ordinary item. Answers at once: it never holds up another server's list."""
    settings = session.settings_of(params["textDocument"]["uri"])
    if session.client.ghost_text and not settings.completion.list:
        return {"isIncomplete": False, "items": []}
    at = {"start": params["position"], "end": params["position"]}
    snapshot = session.snapshot(params["textDocument"], at)
    if snapshot is None:
        return {"isIncomplete": False, "items": []}
    line = session.line(snapshot.document.uri, snapshot.settings)
    try:
        texts = await session.completer.ready(line, snapshot)
    except HalleyError:
        texts = []
    return {"isIncomplete": True, "items": [_list_item(text, params["position"]) for text in texts]}


def _list_item(text: str, position: Json) -> Json:
    first, _, rest = text.partition("\n")
    return {
        "label": first.strip()[:80] or "…",
        "kind": _TEXT,
        "detail": "Halley",
        "documentation": {"kind": "plaintext", "value": text},
        "insertTextFormat": _PLAIN,
        "preselect": False,
        "sortText": "~",
        "filterText": "",
        "textEdit": {"range": {"start": position, "end": position}, "newText": text},
        "insertText": text,
        "labelDetails": {"description": f"{rest.count(chr(10)) + 1} more lines"} if rest else None,
    }


def register(server: Server) -> None:
    @server.feature("textDocument/inlineCompletion", raw=True)
    async def _inline(params: Json) -> Json:
        return await inline_completion(server.session, params)

    @server.feature("textDocument/completion", raw=True)
    async def _list(params: Json) -> Json:
        return await list_completion(server.session, params)

    @server.command("halley.completion.accepted")
    async def _accepted(arguments: list[Any]) -> None:
        await server.session.completion_accepted(arguments[0] if arguments else {})
