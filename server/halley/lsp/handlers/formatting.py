"""textDocument/formatting and rangeFormatting, where `format.enabled` says so.

The result is applied only when it is proven to mean the same; anything else becomes a proposal, and the format
command changes nothing. An editor applies the edits of its answer to the text it has by then: so they are moved onto
the text as it is, and proven again, or the answer is ContentModified.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.errors import Problem, StaleDocument
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, WorkspaceChange, apply_edits
from halley.engine.meaning.difference import difference
from halley.features.actions import Job, find_action
from halley.features.actions.action import Edited
from halley.lsp.base.converter import from_json, to_json
from halley.lsp.base.rpc_errors import ContentModified
from halley.lsp.to_lsp import to_lsp_text_edits
from halley.lsp.window.applying import rebase_change
from halley.lsp.window.delivery import deliver_edit, warner
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Params = types.DocumentFormattingParams | types.DocumentRangeFormattingParams


async def format_document(session: Session, params: Params, report: Any) -> list[types.TextEdit] | None:
    """Text edits for the document or range; None when formatting is off or nothing changes."""
    range = to_json(params.range) if isinstance(params, types.DocumentRangeFormattingParams) else None
    snapshot = session.required_snapshot({"uri": params.text_document.uri}, range, exact=True)
    if not snapshot.settings.format.enabled:
        return None
    options = params.options
    snapshot = replace(snapshot, tab_size=options.tab_size, insert_spaces=options.insert_spaces)
    outcome = await find_action("format").run(
        Job(
            session.surroundings(snapshot.document.uri, snapshot.settings),
            snapshot,
            report=report,
            warn=warner(session),
        )
    )
    assert isinstance(outcome, Edited)
    if outcome.confirm or outcome.kept:
        await deliver_edit(session, outcome, {snapshot.document.uri: snapshot.document})
        return None
    now, change = _for_now(session, outcome.change, snapshot.document)
    return [
        types.TextEdit(from_json(edit["range"], types.Range), edit["newText"])
        for part in change.changes
        if isinstance(part, DocumentEdit)
        for edit in to_lsp_text_edits(now.text, part.edits, session.server.encoding)
    ]


def _for_now(session: Session, change: WorkspaceChange, was: Document) -> tuple[Document, WorkspaceChange]:
    """The document as it is, and the change for it. Raises ContentModified where that is not certain."""
    try:
        moved = rebase_change(session, change, {was.uri: was})
    except StaleDocument as error:
        raise ContentModified(error.problem) from None
    now = session.document(was.uri)
    if now is None or now.text == was.text:
        return was, change
    for part in moved.changes:
        if isinstance(part, DocumentEdit) and (
            reason := difference(now.text, apply_edits(now.text, part.edits), now.language_id)
        ):
            raise ContentModified(Problem("stale_document", reason, "Format again."))
    return now, moved


def register(server: HalleyServer) -> None:
    async def _format(params: Params) -> list[types.TextEdit] | None:
        async with WorkDone(server, "Halley: format") as work:
            return await format_document(server.session, params, work.report)

    server.feature(types.TEXT_DOCUMENT_FORMATTING)(_format)
    server.feature(types.TEXT_DOCUMENT_RANGE_FORMATTING)(_format)
