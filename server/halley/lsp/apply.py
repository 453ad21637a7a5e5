"""Applying a change in the editor, so that it never lands on text it was not made for.

A change knows the text it was made for. When a document has moved on meanwhile the edits are rebased onto what it
has become; where the person typed in the same place the change is refused and its text kept. The editor may still
say no (it checks the version too): then the rebase is tried again, a few times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from halley.core.errors import StaleDocument
from halley.core.snapshot import Document
from halley.core.text import Change, DocumentEdit, WorkspaceChange, apply_edits
from halley.engine.rebase import rebase_edits
from halley.lsp.to_lsp import to_lsp_workspace_edit

if TYPE_CHECKING:
    from halley.lsp.session import Session

_TRIES = 4
_PATIENCE_S = 3600.0
"""For a person who looks at each part of a change before it is made."""


async def apply_change(
    session: Session, change: WorkspaceChange, base: Mapping[str, Document], *, confirm: bool = False
) -> int:
    """Apply `change` as one undo step; the number of edits made.

    `confirm` leaves it to the person to pick among the edits, where the editor can: none are made where they say no.
    Raises StaleDocument, with the new text kept, when it cannot be placed or the editor refuses it.
    """
    reason = ""
    for _ in range(_TRIES):
        current = rebase_change(session, change, base)
        versions = _versions(session, current)
        edit = to_lsp_workspace_edit(current, session.texts(current), session.client, confirm=confirm)
        label = change.label or "Halley"
        patience_s = _PATIENCE_S if confirm else None
        answer = await session.request("workspace/applyEdit", {"label": label, "edit": edit}, patience_s)
        if answer and answer.get("applied"):
            return current.edit_count
        if confirm:
            return 0
        reason = str((answer or {}).get("failureReason") or "")
        if _versions(session, current) == versions:
            break
    raise stale(change, reason or "The editor did not apply the change.", base)


def rebase_change(session: Session, change: WorkspaceChange, base: Mapping[str, Document]) -> WorkspaceChange:
    """`change` for the documents as they are now. Raises StaleDocument where the person typed in the same place."""
    return replace(change, changes=tuple(_rebased(session, part, base, change) for part in change.changes))


def _rebased(session: Session, part: Change, base: Mapping[str, Document], whole: WorkspaceChange) -> Change:
    if not isinstance(part, DocumentEdit) or part.uri not in base:
        return part
    now = session.document(part.uri)
    if now is None:
        raise stale(whole, "The document is gone.", base)
    if session.server.documents.is_out_of_step(part.uri):
        raise stale(whole, "The editor's text is not known for certain: save or reopen the document.", base)
    was = base[part.uri]
    if now.text == was.text:
        return replace(part, version=now.version)
    rebased = rebase_edits(was.text, now.text, part.edits)
    if rebased.conflicts:
        raise stale(whole, "The text was changed in the same place meanwhile.", base)
    return replace(part, version=now.version, edits=rebased.edits)


def _versions(session: Session, change: WorkspaceChange) -> dict[str, int | None]:
    uris = [part.uri for part in change.changes if isinstance(part, DocumentEdit)]
    return {uri: document.version if (document := session.document(uri)) else None for uri in uris}


def stale(change: WorkspaceChange, reason: str, base: Mapping[str, Document] | None = None) -> StaleDocument:
    error = StaleDocument(reason, "Nothing was changed; the new text is kept and shown beside.")
    error.kept = "\n\n".join(
        _new_lines(part, (base or {}).get(part.uri))
        for part in change.changes
        if isinstance(part, DocumentEdit)
    )
    return error


def _new_lines(part: DocumentEdit, was: Document | None) -> str:
    """The lines that would have come about, whole: edits are as small as a letter, which tells nobody anything."""
    if was is None or not part.edits:
        return "\n".join(edit.new_text for edit in part.edits)
    start = was.text.rfind("\n", 0, min(edit.start for edit in part.edits)) + 1
    end = was.text.find("\n", max(edit.end for edit in part.edits))
    after = len(was.text) - end if end >= 0 else 0
    text = apply_edits(was.text, part.edits)
    return text[start : len(text) - after]
