"""Applying a change in the editor, so that it never lands on text it was not made for.

A change knows the text it was made for. When a document has moved on meanwhile the edits are rebased onto what it
has become; where the user typed in the same place the change is refused and its text kept. The editor may still
say no (it checks the version too): then the rebase is tried again, a few times. One that makes the edit and never
says so is believed by its text; one that says so and has not made it is not (Neovim answers that an edit of a version
it no longer has was applied).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from halley.core.editing import Applied
from halley.core.errors import BlockedByPolicy, StaleDocument
from halley.core.snapshot import Document
from halley.core.text import Change, CreateFile, DeleteFile, DocumentEdit, Edit, WorkspaceChange, apply_edits
from halley.engine.edits.rebase import rebase_edits
from halley.lsp.to_lsp import to_lsp_workspace_edit

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

_TRIES = 4
_PATIENCE_S = 3600.0
"""For a user who looks at each part of a change before it is made."""
_GRACE_S = 2.0
"""How long the answer of an editor is awaited whose text shows that it has made the edit, and the text of one that
says it has."""


async def apply_change(
    session: Session, change: WorkspaceChange, base: Mapping[str, Document], *, confirm: bool = False
) -> Applied:
    """Apply `change` as one undo step.

    `confirm` leaves it to the user to pick among the edits, where the editor can: none are made where they say no.
    Raises StaleDocument when it cannot be placed or the editor refuses it, BlockedByPolicy when the editor takes no
    such edits; the new text stays in both.
    """
    if not session.client.apply_edit:
        raise blocked("This editor takes no edits from a language server.", change, base)
    reason = ""
    # Between our rebase and the editor's own check the user may type: then the version differs and it is done again.
    for _ in range(_TRIES):
        current = rebase_change(session, change, base)
        versions, sent = _versions(session, current), session.texts(current)
        try:
            edit = to_lsp_workspace_edit(current, sent, session.client, confirm=confirm)
        except BlockedByPolicy as error:
            raise blocked(error.problem.message, change, base) from None
        params = {"label": change.label or "Halley", "edit": edit}
        expected = {} if confirm else _expected(session, current)
        answer = await _ask(session, params, expected, _PATIENCE_S if confirm else None)
        if answer and answer.get("applied"):
            # Neovim calls an edit applied whose version it has left, and does nothing.
            if confirm or await _is_made(session, current, sent, expected):
                return Applied(current.edit_count, moved=_edits(current) != _edits(change))
        elif confirm:
            return Applied(0)
        reason = str((answer or {}).get("failureReason") or "")
        # Nothing changed meanwhile, so trying again would be refused again: the reason is another one.
        if _versions(session, current) == versions:
            break
    raise stale(change, reason or "The editor did not apply the change.", base)


async def _ask(
    session: Session, params: dict[str, Any], expected: Mapping[str, str], patience_s: float | None
) -> Any:
    """The editor's answer; where it says nothing and its text is what the edit makes of it, that is one."""
    if not expected:
        return await session.request("workspace/applyEdit", params, patience_s)
    made = asyncio.Event()

    def look(_uri: str) -> None:
        if all((now := session.document(uri)) and now.text == text for uri, text in expected.items()):
            made.set()

    session.server.documents.on_change.append(look)
    asking = asyncio.ensure_future(session.request("workspace/applyEdit", params))
    seeing = asyncio.ensure_future(made.wait())
    try:
        # Some editors make the edit and never answer the request; without the look at the text the action would hang.
        await asyncio.wait((asking, seeing), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((asking,), timeout=_GRACE_S)
        return asking.result() if asking.done() else {"applied": True}
    finally:
        session.server.documents.on_change.remove(look)
        for task in (asking, seeing):
            task.cancel()


async def _is_made(
    session: Session, change: WorkspaceChange, sent: Mapping[str, str], expected: Mapping[str, str]
) -> bool:
    """Whether an edit that the editor calls applied was: by what it says of its text next, if it does so in time."""
    parts = [part for part in change.changes if isinstance(part, DocumentEdit) and part.uri in expected]
    changed = asyncio.Event()

    def now(part: DocumentEdit) -> str:
        return document.text if (document := session.document(part.uri)) else expected[part.uri]

    def is_unseen(part: DocumentEdit) -> bool:
        """The text is as it was where the edit goes: it could be made still."""
        text = now(part)
        if text == expected[part.uri]:
            return False
        rebased = rebase_edits(sent[part.uri], text, part.edits)
        return bool(rebased.edits) and not rebased.conflicts

    def look(_uri: str) -> None:
        changed.set()

    session.server.documents.on_change.append(look)
    try:
        async with asyncio.timeout(_GRACE_S):
            while any(map(is_unseen, parts)):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return all(now(part) == sent[part.uri] for part in filter(is_unseen, parts))
    finally:
        session.server.documents.on_change.remove(look)
    return True


def _expected(session: Session, change: WorkspaceChange) -> dict[str, str]:
    """The texts of open documents once the change is made."""
    return {
        part.uri: apply_edits(document.text, part.edits)
        for part in change.changes
        if isinstance(part, DocumentEdit)
        and session.server.documents.is_open(part.uri)
        and (document := session.document(part.uri))
    }


def rebase_change(session: Session, change: WorkspaceChange, base: Mapping[str, Document]) -> WorkspaceChange:
    """`change` for the documents as they are now. Raises StaleDocument where the user typed in the same place."""
    return replace(change, changes=tuple(_rebased(session, part, base, change) for part in change.changes))


def _rebased(session: Session, part: Change, base: Mapping[str, Document], whole: WorkspaceChange) -> Change:
    if not isinstance(part, DocumentEdit | DeleteFile) or part.uri not in base:
        return part
    now = session.document(part.uri)
    if now is None:
        raise stale(whole, "The document is closed or deleted.", base)
    # A change that could not be read leaves our copy different from the editor's: offsets would land anywhere.
    if session.server.documents.is_out_of_step(part.uri):
        raise stale(whole, "The editor's text is uncertain: save or reopen the document.", base)
    was = base[part.uri]
    if isinstance(part, DeleteFile):
        if now.text != was.text:  # what was typed since would be gone with the file
            raise stale(whole, "The text changed in the meantime.", base)
        return part
    if now.text == was.text:
        return replace(part, version=now.version)
    rebased = rebase_edits(was.text, now.text, part.edits)
    if rebased.conflicts:
        raise stale(whole, "The text changed in the same place in the meantime.", base)
    return replace(part, version=now.version, edits=rebased.edits)


def _edits(change: WorkspaceChange) -> list[tuple[Edit, ...]]:
    return [part.edits for part in change.changes if isinstance(part, DocumentEdit)]


def _versions(session: Session, change: WorkspaceChange) -> dict[str, int | None]:
    uris = [part.uri for part in change.changes if isinstance(part, DocumentEdit)]
    return {uri: document.version if (document := session.document(uri)) else None for uri in uris}


_KEPT = "Nothing was changed; the new text is shown separately."


def stale(change: WorkspaceChange, reason: str, base: Mapping[str, Document] | None = None) -> StaleDocument:
    error = StaleDocument(reason, _KEPT)
    error.kept = _kept(change, base or {})
    return error


def blocked(reason: str, change: WorkspaceChange, base: Mapping[str, Document]) -> BlockedByPolicy:
    error = BlockedByPolicy(reason, _KEPT)
    error.kept = _kept(change, base)
    return error


def _kept(change: WorkspaceChange, base: Mapping[str, Document]) -> str:
    """The new text: the changed lines of documents, new files whole."""
    parts: list[str] = []
    for part in change.changes:
        if isinstance(part, DocumentEdit):
            parts.append(_new_lines(part, base.get(part.uri)))
        elif isinstance(part, CreateFile):
            parts.append(f"{PurePosixPath(part.uri).name}:\n{part.text}")
    return "\n\n".join(parts)


def _new_lines(part: DocumentEdit, was: Document | None) -> str:
    """The resulting lines in full: the edits themselves can be as small as a letter, which would mean nothing to a
    reader."""
    if was is None or not part.edits:
        return "\n".join(edit.new_text for edit in part.edits)
    start = was.text.rfind("\n", 0, min(edit.start for edit in part.edits)) + 1
    end = was.text.find("\n", max(edit.end for edit in part.edits))
    after = len(was.text) - end if end >= 0 else 0
    text = apply_edits(was.text, part.edits)
    return text[start : len(text) - after]
