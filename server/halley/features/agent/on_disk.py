"""A workspace without an editor: texts as they lie on disk. Implements `Workbench` (`core/ports.py`).

A window's workbench uses it for files that are not open (`lsp/window/agent/workbench.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from halley.core.editing import Applied, Refused
from halley.core.errors import BlockedByPolicy, InvalidInput, StaleDocument
from halley.core.snapshot import Document
from halley.core.text import CreateFile, DeleteFile, DocumentEdit, RenameFile, WorkspaceChange, apply_edits
from halley.engine.code.languages import language_id_of
from halley.engine.edits.rebase import rebase_edits
from halley.stores.workspace.texts import load_text
from halley.stores.workspace.writing import TextChanged, create_text, move_file, remove_file, replace_text

_TRIES = 3
_AGAIN = "Read it again, then make the change for what it says now."


class DiskBench:
    """The files of one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def read(self, path: Path) -> Document | None:
        return await asyncio.to_thread(read_document, path)

    def unsaved(self) -> Sequence[Path]:
        return ()

    async def save(self, paths: Sequence[Path]) -> Sequence[Path]:
        return ()

    async def apply(self, change: WorkspaceChange, base: Mapping[str, Document]) -> Applied | Refused:
        """One part after the other; a part that is refused ends it."""
        moved = False
        for part in change.changes:
            answer = await asyncio.to_thread(self._apply, part, base)
            if isinstance(answer, Refused):
                return answer
            moved = moved or answer.moved
        return Applied(change.edit_count, moved)

    def _apply(
        self, part: DocumentEdit | CreateFile | RenameFile | DeleteFile, base: Mapping[str, Document]
    ) -> Applied | Refused:
        match part:
            case DocumentEdit():
                return self._edit(part, base[part.uri])
            case CreateFile(uri, text):
                return self._do(uri, lambda: create_text(self.root, path_of_uri(uri), text))
            case RenameFile(uri, new_uri):
                return self._do(
                    uri, lambda: move_file(self.root, path_of_uri(uri), path_of_uri(new_uri), base[uri].text)
                )
            case DeleteFile(uri):
                return self._do(uri, lambda: remove_file(self.root, path_of_uri(uri), base[uri].text))

    def _edit(self, part: DocumentEdit, was: Document) -> Applied | Refused:
        """The edit, moved to where the text has gone since it was made."""
        now, edits = was.text, part.edits
        answer: Applied | Refused = Applied(len(edits))
        # The file may change between being read and being replaced. A few rounds are enough for an editor that saves;
        # something that writes all the time would go round for ever.
        for _ in range(_TRIES):
            old, new = now, apply_edits(now, edits)
            try:
                replace_text(self.root, path_of_uri(part.uri), old, new)
            except TextChanged as changed:
                answer = _changed(part.uri)
                if changed.now is None:
                    return answer
                # From the text the model saw, not from the last try: moving moved edits would add up what is
                # uncertain.
                rebased = rebase_edits(was.text, changed.now, part.edits)
                if rebased.conflicts:
                    return answer
                now, edits = changed.now, rebased.edits
            except (OSError, ValueError) as error:
                return _failed(part.uri, error)
            else:
                return Applied(len(edits), moved=now != was.text)
        return answer

    def _do(self, uri: str, work: object) -> Applied | Refused:
        assert callable(work)
        try:
            work()
        except TextChanged:
            return _changed(uri)
        except FileExistsError:
            return Refused(
                InvalidInput("There is a file of that name already.", "Choose another name.").problem
            )
        except (OSError, ValueError) as error:
            return _failed(uri, error)
        return Applied(1)


def read_document(path: Path) -> Document | None:
    """A file as it lies on disk; None where there is none, or none that is text of bearable size."""
    try:
        file = load_text(path)
    except (OSError, ValueError):
        return None
    return Document(path.as_uri(), file.text, language_id_of(path.name), None, path)


def path_of_uri(uri: str) -> Path:
    """The path of a `file:` URI that Halley made itself."""
    from urllib.request import url2pathname  # with http.client and email, which take a megabyte

    return Path(url2pathname(urlsplit(uri).path))


def _changed(uri: str) -> Refused:
    return Refused(
        StaleDocument(f"{path_of_uri(uri).name} changed in the same place, or is gone.", _AGAIN).problem
    )


def _failed(uri: str, error: OSError | ValueError) -> Refused:
    why = getattr(error, "strerror", None) or "its encoding has no such characters"
    return Refused(
        BlockedByPolicy(f"{path_of_uri(uri).name} cannot be changed: {why}.", "Check the file.").problem
    )
