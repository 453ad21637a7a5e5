"""What a feature is given: the editor's state at one moment, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from unicodedata import combining

from halley.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Cell:
    """What makes a document a cell of a notebook."""

    notebook: str
    """The notebook's URI."""
    number: int = 0
    """From 1, in the notebook's order; 0 where the client does not send notebooks, only their cells."""
    is_code: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """One text at one version: a file's, or that of one cell of a notebook."""

    uri: str
    text: str
    language_id: str = "plaintext"
    version: int | None = None
    """The editor's version; None when the text was read from disk."""
    path: Path | None = None
    """Where it lies, for `file:` URIs; for a cell where its notebook lies."""
    cell: Cell | None = None
    """None for a whole file."""


_JOINERS = "\u200d\ufe0e\ufe0f"


def _is_one_character(text: str) -> bool:
    """Whether a text is what a user sees as one character: with its accents, an emoji of several parts, a line end.

    Not the whole of https://unicode.org/reports/tr29/, which only decides here what a cursor is.
    """
    if len(text) <= 1 or text == "\r\n":
        return True
    if len(text) > 16:
        return False
    if len(text) == 2 and all(0x1F1E6 <= ord(character) <= 0x1F1FF for character in text):
        return True  # a flag
    joined = False
    for character in text[1:]:
        extends = combining(character) or character in _JOINERS or 0x1F3FB <= ord(character) <= 0x1F3FF
        if not extends and not joined:
            return False
        joined = character == "\u200d"
    return True


@dataclass(frozen=True, slots=True)
class Selection:
    """Half-open range of code points; `start == end` is a cursor."""

    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        return self.start == self.end

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def as_cursor(self, text: str) -> Selection:
        """Itself, or the cursor it is: Helix and Kakoune always select the character that the cursor is on."""
        return Selection(self.start, self.start) if _is_one_character(self.of(text)) else self


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding of some language server, as the client handed it to us."""

    start: int
    end: int
    message: str
    severity: Literal["error", "warning", "information", "hint"] = "error"
    source: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """Lines the user typed in not long ago, `last_line` included. Both count from 0."""

    uri: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace folder. `trusted` speaks for the exact content of its Halley files."""

    root: Path
    trusted: bool = False
    guidance: str = ""
    """`AGENTS.md` or what stands in for it, empty until trusted."""
    rules: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Trusted rules of folders and skills: path → SHA-256 (`stores/config/rule_files.py`)."""

    @property
    def id(self) -> str:
        return str(self.root)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Document, version, selection, diagnostics and settings, as they were when the user asked."""

    document: Document
    selection: Selection
    diagnostics: tuple[Diagnostic, ...] = ()
    settings: Settings = field(default_factory=Settings)
    workspace: Workspace | None = None
    open_documents: Mapping[str, Document] = field(default_factory=lambda: MappingProxyType({}))
    """The other documents open in the session, by URI, most recently touched first; not the notebook's own `cells`."""
    cells: tuple[Document, ...] = ()
    """For a cell: all cells of its notebook in order, itself among them. Empty for a file, and for a cell whose
    notebook is not known."""
    touched: tuple[Touched, ...] = ()
    """Where the user typed, the latest first."""
    tab_size: int = 4
    insert_spaces: bool = True

    @property
    def selected_text(self) -> str:
        return self.selection.of(self.document.text)
