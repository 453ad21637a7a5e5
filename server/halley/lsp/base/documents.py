"""The documents of one window: what the editor has open, and files it has not.

The editor's text is kept as a list of lines, so that a typed character costs microseconds in any file; the whole text
is joined when somebody asks for it, once per version. Start at `DocumentStore.change`. Lines and columns are
`lines.py`'s; reading files is `stores/workspace/texts.py`'s.

A change that cannot be right (an older version, a range that ends before it begins, a document never opened) is not
made. From then on the document is `is_out_of_step`: its text may differ from the editor's, so nothing may be edited
by it, until the editor sends the whole text, opens it again, or saves it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pygls.workspace import Workspace

from halley.core.snapshot import Document
from halley.core.text import split_lines
from halley.lsp.base.lines import join_halves, split_at_units
from halley.lsp.base.uris import path_of_uri, uri_key

if TYPE_CHECKING:
    from lsprotocol.types import TextDocumentItem

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]

RECENT = 64
"""Places of recent typing that are remembered."""


@dataclass(frozen=True, slots=True)
class RecentEdit:
    """Lines typed in not long ago, `last_line` included. Both count from 0, in the document as it is now."""

    uri: str
    first_line: int
    last_line: int


class DocumentStore(Workspace):
    """Documents by URI; all of a client's ways to write one URI are one document.

    Mends of pygls' workspace: it splits lines at `\\f`, U+2028 and U+0085 as well, so that the wrong line is edited; it
    applies older versions and inverted ranges silently; a character takes it 1.4 ms in 10,000 lines.
    """

    def __init__(self) -> None:
        super().__init__(None)
        self._open: dict[str, OpenDocument] = {}
        """By key, least recently touched first."""
        self._recent: deque[RecentEdit] = deque(maxlen=RECENT)
        self.on_change: list[Callable[[str], None]] = []
        """Called with the URI of a document whose text has changed."""

    # What the editor says

    def open(self, uri: str, language_id: str, version: int, text: str) -> None:
        """`textDocument/didOpen`."""
        self._open.pop(uri_key(uri), None)
        self._open[uri_key(uri)] = OpenDocument(uri, language_id, version, text)

    def change(self, uri: str, version: int | None, changes: Sequence[Json], encoding: str) -> bool:
        """`textDocument/didChange`; whether all the changes were made. Where the client does not count, we do."""
        document = self._touched(uri)
        if document is None:
            logger.warning("%s was changed before it was opened; open it again.", uri)
            return False
        if version is None:
            version = document.version + 1
        if version < document.version:
            document.fall_out_of_step(f"version {version} came after version {document.version}")
            return False
        for change in changes:
            touched = document.apply(change, encoding)
            if touched is None:
                return False
            self._remember(document.uri, *touched)
        document.version = version
        for callback in tuple(self.on_change):
            callback(uri)
        return True

    def save(self, uri: str) -> None:
        """`textDocument/didSave`: what lies on disk now is what the editor shows."""
        document = self._touched(uri)
        if document is not None and document.is_out_of_step and (saved := load_document(uri)) is not None:
            document.replace_text(saved.text)

    def distrust(self, uri: str, reason: str) -> None:
        """A change of the document was lost on the way."""
        document = self._open.get(uri_key(uri))
        if document is not None:
            document.fall_out_of_step(reason)

    def close(self, uri: str) -> None:
        """`textDocument/didClose`."""
        self._open.pop(uri_key(uri), None)

    def put_text_document(self, text_document: TextDocumentItem, notebook_uri: str | None = None) -> None:
        """As pygls' builtin feature for `didOpen` calls it."""
        from halley.engine.code.languages import language_id_of

        item = text_document
        language_id = item.language_id or language_id_of(item.uri)
        self.open(item.uri, language_id, item.version, item.text)

    def remove_text_document(self, doc_uri: str) -> None:
        """As pygls' builtin feature for `didClose` calls it."""
        self.close(doc_uri)

    # What others ask

    def get(self, uri: str) -> Document | None:
        """The document as the editor has it, else as it lies on disk; None where there is no such text."""
        document = self._open.get(uri_key(uri))
        return document.value() if document is not None else load_document(uri)

    def text_before(self, uri: str) -> str | None:
        """An open document's text before the last change of it; None where there was none."""
        document = self._open.get(uri_key(uri))
        return document.text_before() if document is not None else None

    def is_open(self, uri: str) -> bool:
        return uri_key(uri) in self._open

    def is_out_of_step(self, uri: str) -> bool:
        """Whether the text may differ from what the editor shows: nothing may be edited by it then."""
        document = self._open.get(uri_key(uri))
        return document is not None and document.is_out_of_step

    def version(self, uri: str) -> int | None:
        """The editor's version of an open document, without joining its text."""
        document = self._open.get(uri_key(uri))
        return document.version if document is not None else None

    def open_documents(self) -> tuple[Document, ...]:
        """All that are open, most recently touched first."""
        return tuple(document.value() for document in reversed(self._open.values()))

    def recent_edits(self) -> tuple[RecentEdit, ...]:
        """Where the user typed, the latest first, in documents that are still open."""
        return tuple(edit for edit in reversed(self._recent) if uri_key(edit.uri) in self._open)

    def touch(self, uri: str) -> None:
        """The user looks at this document now."""
        self._touched(uri)

    def _touched(self, uri: str) -> OpenDocument | None:
        document = self._open.pop(uri_key(uri), None)
        if document is not None:
            self._open[uri_key(uri)] = document
        return document

    def _remember(self, uri: str, first: int, gone: int, come: int) -> None:
        """Lines `first..first+gone` became `first..first+come`: places below move, places near become one."""
        recent = self._recent
        if come != gone:
            for index, edit in enumerate(recent):
                if edit.uri == uri and edit.first_line > first:
                    recent[index] = _moved(edit, first, come - gone)
        last = first + come
        latest = recent[-1] if recent else None
        if latest and latest.uri == uri and latest.first_line <= last + 1 and first <= latest.last_line + 1:
            recent.pop()
            first, last = min(first, latest.first_line), max(last, latest.last_line)
        recent.append(RecentEdit(uri, first, last))


class OpenDocument:
    """One text in the editor."""

    __slots__ = ("_value", "_way_back", "is_out_of_step", "language_id", "lines", "uri", "version")

    def __init__(self, uri: str, language_id: str, version: int, text: str) -> None:
        self.uri, self.language_id, self.version = uri, language_id, version
        self._way_back: tuple[int, int, list[str]] | None = None
        """Of the last change: the first line, how many lines came, and those that went."""
        self.replace_text(text)

    def value(self) -> Document:
        """The document at this version; the same object until it changes."""
        if self._value is None:
            text = "".join(self.lines)
            self._value = Document(self.uri, text, self.language_id, self.version, path_of_uri(self.uri))
        elif self._value.version != self.version:
            self._value = replace(self._value, version=self.version)
        return self._value

    def text_before(self) -> str | None:
        if self._way_back is None:
            return None
        first, came, went = self._way_back
        return "".join((*self.lines[:first], *went, *self.lines[first + came :]))

    def replace_text(self, text: str) -> None:
        self.lines = split_lines(join_halves(text))
        self.is_out_of_step = False
        self._value: Document | None = None

    def fall_out_of_step(self, reason: str) -> None:
        """Say so once, and remember."""
        if not self.is_out_of_step:
            logger.warning("%s: %s; the change is ignored. Save or reopen the document.", self.uri, reason)
        self.is_out_of_step = True

    def apply(self, change: Json, encoding: str) -> tuple[int, int, int] | None:
        """Make one of `contentChanges`: (first line, lines after it that went, that came); None if refused."""
        if not isinstance(change["text"], str):
            raise TypeError("text")
        where = change.get("range")
        if where is None:
            old = self.lines
            self.replace_text(change["text"])
            self._way_back = 0, len(self.lines), old
            return _difference(old, self.lines)
        start, end = where["start"], where["end"]
        if min(start["line"], start["character"], end["line"], end["character"]) < 0:
            raise ValueError("a position before the text")
        if (end["line"], end["character"]) < (start["line"], start["character"]):
            self.fall_out_of_step("a change ends before it begins")
            return None
        return self._replace(start, end, change["text"], encoding)

    def _replace(self, start: Json, end: Json, text: str, encoding: str) -> tuple[int, int, int]:
        lines = self.lines
        first, head = self._before(start, encoding)
        last, tail = self._after(end, encoding)
        if first and (head or text or tail).startswith("\n") and lines[first - 1].endswith("\r"):
            first -= 1  # the \n joins the \r above it
            head = lines[first] + head
        merged = join_halves(f"{head}{text}{tail}")
        new = split_lines(merged)
        if last < len(lines) - 1:
            new.pop()  # the empty rest after the last line's end
        self._way_back = first, len(new), lines[first : last + 1]
        lines[first : last + 1] = new
        self._value = None
        return first, last - first, len(new) - 1

    def _before(self, position: Json, encoding: str) -> tuple[int, str]:
        row = position["line"]
        if row >= len(self.lines):
            return len(self.lines) - 1, self.lines[-1]
        return row, split_at_units(self.lines[row], position["character"], encoding)[0]

    def _after(self, position: Json, encoding: str) -> tuple[int, str]:
        row = position["line"]
        if row >= len(self.lines):
            return len(self.lines) - 1, ""
        return row, split_at_units(self.lines[row], position["character"], encoding)[1]


def load_document(uri: str) -> Document | None:
    """A file that is not open, as it lies on disk; None when there is none, or none that is text of bearable size."""
    path = path_of_uri(uri)
    if path is None:
        return None
    from halley.engine.code.languages import language_id_of
    from halley.stores.workspace.texts import load_text

    try:
        file = load_text(path)
    except (OSError, ValueError) as error:
        logger.debug("%s cannot be read: %s", uri, type(error).__name__)
        return None
    return Document(uri, file.text, language_id_of(path.name), None, path)


def _moved(edit: RecentEdit, below: int, by: int) -> RecentEdit:
    first = max(below, edit.first_line + by)
    return replace(edit, first_line=first, last_line=max(first, edit.last_line + by))


def _difference(old: list[str], new: list[str]) -> tuple[int, int, int]:
    """Where a whole new text differs, as `OpenDocument.apply` tells it."""
    shorter = min(len(old), len(new))
    first = next((row for row in range(shorter) if old[row] != new[row]), shorter)
    same = next((n for n in range(shorter - first) if old[-1 - n] != new[-1 - n]), shorter - first)
    return first, max(len(old) - same - first - 1, 0), max(len(new) - same - first - 1, 0)
