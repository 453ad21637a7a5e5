"""A window's files as an agent works on them: open ones by the editor, others on disk.

Implements `Workbench` (`core/ports.py`). Open documents change by `Editor` alone (versioned, one undo step). A file
that the editor does not have open is written directly, so that programs see the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.editing import Applied, Refused
from halley.core.snapshot import Document
from halley.core.text import RenameFile, WorkspaceChange
from halley.features.agent.on_disk import DiskBench, read_document
from halley.features.agent.work import AgentDesk
from halley.lsp.window.agent.language_tools import language_tools_of
from halley.lsp.window.editor import editor_of

if TYPE_CHECKING:
    from halley.lsp.window.session import Session


def agent_desk(session: Session) -> AgentDesk:
    """What an agent of this window works with."""
    paths = session.room.paths
    own = (*paths.folders, paths.config_file)
    return AgentDesk(
        lambda root: _WindowBench(session, root), session.terminals(), session.room.checkpoints, own,
        language_tools_of(session),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _WindowBench:
    session: Session
    root: Path

    async def read(self, path: Path) -> Document | None:
        return self.session.document(path.as_uri())

    async def apply(self, change: WorkspaceChange, base: Mapping[str, Document]) -> Applied | Refused:
        if any(map(self.session.server.documents.is_open, _uris(change))):
            return await editor_of(self.session).apply(change, base)
        return await DiskBench(self.root).apply(change, base)

    def unsaved(self) -> Sequence[Path]:
        found: list[Path] = []
        for document in self.session.server.documents.open_documents():
            if document.path is None or document.cell or not document.path.is_relative_to(self.root):
                continue
            saved = read_document(document.path)
            if saved is None or saved.text != document.text:
                found.append(document.path)
        return found

    async def save(self, paths: Sequence[Path]) -> Sequence[Path]:
        if not self.session.client.saves:
            return ()
        await self.session.request("halley/agent/save", {"uris": [path.as_uri() for path in paths]})
        unsaved = set(self.unsaved())  # what the disk says counts
        return [path for path in paths if path not in unsaved]


def _uris(change: WorkspaceChange) -> list[str]:
    found: list[str] = []
    for part in change.changes:
        found += [part.old_uri, part.new_uri] if isinstance(part, RenameFile) else [part.uri]
    return found
