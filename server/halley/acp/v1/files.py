"""The client's texts: files as its editor has them, unsaved changes included. Implements `Workbench` (`core/ports.py`).

The protocol has no versions, so texts are compared by their hash, and with the disk's. What the client says can be old:
an editor notices only later that a program changed a file. An edit that does not fit is refused, and the model reads
again; nothing is forced. Files are made, moved and deleted on disk, where an existing one is never overwritten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from halley.acp.errors import RpcError
from halley.core.editing import Applied, Refused
from halley.core.errors import BlockedByPolicy, StaleDocument
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, WorkspaceChange, apply_edits
from halley.engine.code.languages import language_id_of
from halley.engine.edits.rebase import rebase_edits
from halley.features.agent.on_disk import DiskBench, read_document

Request = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""A request to the client about one session. Raises RpcError and ConnectionError."""
_AGAIN = "Read it again, then make the change for what it says now."


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hashes of a file's text in the editor and on disk, as they were last seen together."""

    editor: bytes
    disk: bytes


@dataclass(slots=True)
class ClientFiles:
    """The files of one session."""

    root: Path
    request: Request
    reads: bool
    writes: bool
    _seen: dict[Path, _Seen] = field(default_factory=dict[Path, _Seen])
    _torn: set[Path] = field(default_factory=set[Path])
    """Changed on disk while the editor has another text: there is no telling which one holds."""
    _unshown: set[Path] = field(default_factory=set[Path])
    """On disk, and the client could not show them: it may not know their encoding, and would write another."""

    async def read(self, path: Path) -> Document | None:
        disk = await asyncio.to_thread(read_document, path)
        text = await self.text(path) if self.reads else None
        if text is None:
            if self.reads and disk is not None:
                self._unshown.add(path)
            return disk
        self._unshown.discard(path)
        now = _Seen(_hash(text), _hash(disk.text if disk else ""))
        before = self._seen.get(path)
        if before is not None and before.disk != now.disk != now.editor:
            was_saved = before.editor == before.disk
            if was_saved and before.editor == now.editor and disk is not None:
                return disk  # the editor had no changes, and has not noticed yet
            self._torn.add(path)
        else:
            self._torn.discard(path)
            self._seen[path] = now
        return Document(path.as_uri(), text, language_id_of(path.name), None, path)

    async def current(self, path: Path) -> str | None:
        """The text that holds at the moment; None where there is no such file."""
        found = await self.read(path)
        return found.text if found else None

    async def text(self, path: Path) -> str | None:
        """As the client says; None where it has no such file."""
        try:
            answer = await self.request("fs/read_text_file", {"path": str(path)})
        except (RpcError, ConnectionError):
            return None
        content = answer.get("content") if isinstance(answer, dict) else None
        return content if isinstance(content, str) else None

    async def apply(self, change: WorkspaceChange, base: Mapping[str, Document]) -> Applied | Refused:
        """One part after the other; a part that is refused ends it."""
        moved = False
        for part in change.changes:
            if isinstance(part, DocumentEdit) and self.writes and base[part.uri].path is not None:
                answer = await self._edit(part, base[part.uri])
            else:
                answer = await DiskBench(self.root).apply(WorkspaceChange((part,), change.label), base)
            if isinstance(answer, Refused):
                return answer
            moved = moved or answer.moved
        return Applied(change.edit_count, moved)

    def unsaved(self) -> Sequence[Path]:
        return [path for path, seen in self._seen.items() if seen.editor != seen.disk]

    async def save(self, paths: Sequence[Path]) -> Sequence[Path]:
        return ()  # the protocol has no such request; most clients save what they are given

    async def _edit(self, part: DocumentEdit, was: Document) -> Applied | Refused:
        path = was.path
        assert path is not None
        now = await self.read(path)
        if now is None:
            return _stale(path, "is gone")
        if path in self._torn:
            return _stale(path, "was changed on disk while the editor has another text")
        if path in self._unshown:
            return await DiskBench(self.root).apply(WorkspaceChange((part,), path.name), {part.uri: was})
        edits = part.edits
        if now.text != was.text:
            rebased = rebase_edits(was.text, now.text, edits)
            if rebased.conflicts:
                return _stale(path, "changed in the same place")
            edits = rebased.edits
        text = apply_edits(now.text, edits)
        try:
            await self.request("fs/write_text_file", {"path": str(path), "content": text})
        except (RpcError, ConnectionError) as error:
            said = error.message if isinstance(error, RpcError) else str(error)
            why = f"the editor refused it ({said[:200]})" if said else "the editor refused it"
            return Refused(
                BlockedByPolicy(f"{path.name} cannot be changed: {why}.", "Check the file.").problem
            )
        disk = await asyncio.to_thread(read_document, path)
        self._seen[path] = _Seen(_hash(text), _hash(disk.text if disk else ""))
        return Applied(len(edits), moved=now.text != was.text)


def _hash(text: str) -> bytes:
    """The same for all line ends: editors report them as they like."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _stale(path: Path, what: str) -> Refused:
    return Refused(StaleDocument(f"{path.name} {what}.", _AGAIN).problem)
