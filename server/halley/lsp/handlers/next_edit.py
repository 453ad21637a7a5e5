"""The next edit, on each of its surfaces.

    halley/nextEdit, halley/nextEdit/outcome     our own clients
    textDocument/copilotInlineEdit               clients of Copilot's language server, as it names things:
                                                 `textDocument/didFocus`, `textDocument/didShowInlineEdit`
    halley.nextEdit.apply                        the code action "Next edit: line N", for any client

Ghost text has one as well where the edit is at the cursor (`completion.py`). What is offered is the same everywhere
(`features/next_edit/`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.editing import Refused
from halley.core.errors import InvalidInput
from halley.core.snapshot import Snapshot
from halley.core.text import DocumentEdit, WorkspaceChange
from halley.core.usage import NextEditOutcome
from halley.features.next_edit.memory import NextEditOffer
from halley.lsp.protocol.next_edit import NextEditOutcomeParams, NextEditParams
from halley.lsp.protocol.shape import command_argument, read_params
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.editor import editor_of
from halley.lsp.window.next_edit.asking import (
    as_written,
    at_latest_edit,
    offer_json,
    suggest,
)
from halley.lsp.window.next_edit.pauses import note_saved
from halley.lsp.window.session import Session
from halley.lsp.window.showing import show_message
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
INVOKED = 1
"""LSP's `InlineCompletionTriggerKind`, which clients of the Copilot method send."""


async def next_edit(session: Session, params: Json) -> Json:
    """`halley/nextEdit`."""
    asked = read_params(NextEditParams, params)
    session.asks_next_edits = True
    snapshot = _snapshot(session, params, asked.diagnostics or [])
    if asked.trigger == "invoked":
        with working(session, "next edit"):
            offer = await suggest(session, snapshot, "invoked")
    else:
        offer = await suggest(session, snapshot, asked.trigger)
    return {"edit": offer_json(session, offer)} if offer else {}


def note_outcome(session: Session, id: str, outcome: NextEditOutcome) -> None:
    if "next_edits" in vars(session):
        session.next_edits.settle(id, outcome)


async def copilot_inline_edit(session: Session, params: Json) -> Json:
    """At most one edit, of just the document and version asked about: clients take several for one after another."""
    session.asks_next_edits = True
    asked = read_params(NextEditParams, {**params, "trigger": "idle", "diagnostics": None})
    context = params.get("context")
    is_invoked = isinstance(context, dict) and context.get("triggerKind") == INVOKED
    snapshot = _snapshot(session, params, [])
    offer = await suggest(session, snapshot, "invoked" if is_invoked else "idle")
    if offer is None or offer.document.uri != snapshot.document.uri:
        return {"edits": []}
    wanted = asked.text_document.version
    if wanted is not None and wanted != offer.document.version:
        return {"edits": []}
    found = offer_json(session, offer)
    command = {"title": "Accept", "command": "halley.nextEdit.accepted", "arguments": [offer.id]}
    document = {"uri": offer.document.uri, "version": offer.document.version}
    edit = {"text": found["text"], "textDocument": document, "range": found["range"], "command": command}
    return {"edits": [edit]}


async def apply_next_edit(session: Session, asked: Json) -> Json:
    """`halley.nextEdit.apply [{id} | {textDocument, position?}]`: makes the edit, and shows where it was made."""
    offer = session.next_edits.memory.offers.get(str(asked.get("id")))
    if offer is None:
        offer = await _invoked(session, asked)
        if offer is None:
            await show_message(session, "There is no next edit here.")
            return {"applied": False, "edits": 0}
    document, edit = offer.document, offer.edit
    change = WorkspaceChange((DocumentEdit(document.uri, document.version, (edit,)),), "Next edit")
    answer = await editor_of(session).apply(change, {document.uri: document})
    if isinstance(answer, Refused):
        raise answer.error
    session.next_edits.settle(offer.id, "accepted")
    _show(session, offer)
    return {"applied": True, "edits": answer.edits}


async def _invoked(session: Session, asked: Json) -> NextEditOffer | None:
    document = asked.get("textDocument")
    if not isinstance(document, dict) or not isinstance(document.get("uri"), str):
        raise InvalidInput("This next edit is no longer there.", "List the code actions again.")
    if "position" in asked:
        snapshot: Snapshot | None = _snapshot(session, asked, [])
    else:
        snapshot = at_latest_edit(session, document["uri"])
    with working(session, "next edit"):
        return await suggest(session, snapshot, "invoked") if snapshot else None


def _snapshot(session: Session, params: Json, diagnostics: list[Json]) -> Snapshot:
    cursor = {"start": params["position"], "end": params["position"]}
    snapshot = session.snapshot(params["textDocument"], cursor, diagnostics)
    if snapshot is None:
        uri = params["textDocument"]["uri"]
        raise InvalidInput(f"There is no document {uri}.", "Open it in the editor first.")
    return snapshot


def _show(session: Session, offer: NextEditOffer) -> None:
    """Brings the place into view, where the editor can: the edit may be screens away."""
    if not session.client.show_document:
        return
    now = session.document(offer.document.uri)
    text = now.text if now else offer.applied
    end = min(len(text), offer.edit.start + len(as_written(offer)))
    range = to_lsp_range(text, min(offer.edit.start, end), end, session.server.encoding)
    params = {"uri": offer.document.uri, "takeFocus": True, "selection": range}
    session.server.run_in_background(session.request("window/showDocument", params), "showing an edit")


def register(server: HalleyServer) -> None:
    @server.feature("halley/nextEdit")
    async def _next(params: Json) -> Json:
        return await next_edit(server.session, params)

    @server.feature("halley/nextEdit/outcome")
    async def _outcome(params: Json) -> Json:
        asked = read_params(NextEditOutcomeParams, params)
        note_outcome(server.session, asked.id, asked.outcome)
        return {}

    @server.feature("textDocument/copilotInlineEdit")
    async def _copilot(params: Json) -> Json:
        return await copilot_inline_edit(server.session, params)

    @server.feature("textDocument/didFocus")
    def _focus(params: Json) -> None:
        if isinstance(uri := ((params or {}).get("textDocument") or {}).get("uri"), str):
            server.session.server.documents.note_use(uri)

    @server.feature("textDocument/didShowInlineEdit")
    def _shown(params: Json) -> None:
        command = ((params or {}).get("item") or {}).get("command") or {}
        for id in command.get("arguments") or ():
            note_outcome(server.session, str(id), "shown")

    @server.command("halley.nextEdit.accepted")
    async def _accepted(arguments: list[Any]) -> None:
        for id in arguments[:1]:
            note_outcome(server.session, str(id), "accepted")

    @server.command("halley.nextEdit.rejected")
    async def _rejected(arguments: list[Any]) -> None:
        for id in arguments[:1]:
            note_outcome(server.session, str(id), "rejected")

    @server.command("halley.nextEdit.apply")
    async def _apply(arguments: list[Any]) -> Json:
        asked = command_argument(arguments)
        return await apply_next_edit(server.session, asked)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _closed(params: types.DidCloseTextDocumentParams) -> None:
        if "next_edits" in vars(server.session):
            server.session.next_edits.memory.close_document(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        note_saved(server.session, params.text_document.uri)
