"""A connected client as an `Editor` (`core/ports.py`): the one way text is edited in a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halley.core.editing import Applied, Refused
from halley.core.errors import BlockedByPolicy, StaleDocument
from halley.core.ports import Editor
from halley.core.snapshot import Document
from halley.core.text import WorkspaceChange
from halley.lsp.window.applying import apply_change
from halley.lsp.window.proposing import needs_approval, propose
from halley.lsp.window.showing import show_answer

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
        try:
            return await apply_change(self.session, change, base, confirm=confirm)
        except (StaleDocument, BlockedByPolicy) as error:
            return Refused(error.problem, error.kept)

    async def propose(self, change: WorkspaceChange, base: Mapping[str, Document], reason: str = "") -> str:
        return await propose(self.session, change, base, reason)

    async def show(self, title: str, text: str) -> str:
        return await show_answer(self.session, title, text)
