"""A connected client as an `Editor` (`core/ports.py`): the one way text is edited in a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halley.core.editing import Applied, Refused
from halley.core.errors import BlockedByPolicy, StaleDocument
from halley.core.ports import Editor
from halley.core.snapshot import Document
from halley.core.text import CreateFile, DocumentEdit, WorkspaceChange
from halley.lsp.window.applying import apply_change
from halley.lsp.window.proposing import needs_approval, propose
from halley.lsp.window.showing import open_document, show_answer

if TYPE_CHECKING:
    from halley.lsp.window.session import Session


def editor_of(session: Session) -> Editor:
    return _WindowEditor(session)


@dataclass(frozen=True, slots=True)
class _WindowEditor:
    """Holds nothing: the documents, proposals and answers are the session's."""

    session: Session

    def read(self, uri: str) -> Document | None:
        return self.session.document(uri)

    def needs_approval(self, change: WorkspaceChange) -> str:
        return needs_approval(self.session, change)

    async def apply(
        self, change: WorkspaceChange, base: Mapping[str, Document], *, confirm: bool = False
    ) -> Applied | Refused:
        unseen = _unseen(self.session, change)
        try:
            applied = await apply_change(self.session, change, base, confirm=confirm)
        except (StaleDocument, BlockedByPolicy) as error:
            return Refused(error.problem, error.kept)
        if applied.edits and unseen:
            open_document(self.session, unseen)
        return applied

    async def propose(self, change: WorkspaceChange, base: Mapping[str, Document], reason: str = "") -> str:
        return await propose(self.session, change, base, reason)

    async def show(self, title: str, text: str) -> str:
        return await show_answer(self.session, title, text)


def _unseen(session: Session, change: WorkspaceChange) -> str:
    """What to open once a change is made: a new file, or one changed out of sight; empty where all of it is seen."""
    is_open = session.server.documents.is_open
    uris = [part.uri for part in change.changes if isinstance(part, CreateFile)]
    changed = [part.uri for part in change.changes if isinstance(part, DocumentEdit)]
    if not uris and not any(map(is_open, changed)):
        uris = changed
    return next(iter(uris), "")
