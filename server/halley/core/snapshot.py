"""What a feature is given: the editor's state at one moment, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from halley.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Document:
    """One text at one version."""

    uri: str
    text: str
    language_id: str = "plaintext"
    version: int | None = None
    """The editor's version; None when the text was read from disk."""
    path: Path | None = None
    """Where it lies, for `file:` URIs."""


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
    """Lines the person typed in not long ago, `last_line` included. Both count from 0."""

    uri: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace folder. `trusted` speaks for the exact content of its Halley files."""

    root: Path
    trusted: bool = False
    guidance: str = ""
    """`AGENTS.md`, empty until trusted."""

    @property
    def id(self) -> str:
        return str(self.root)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Document, version, selection, diagnostics and settings, as they were when the person asked."""

    document: Document
    selection: Selection
    diagnostics: tuple[Diagnostic, ...] = ()
    settings: Settings = field(default_factory=Settings)
    workspace: Workspace | None = None
    open_documents: Mapping[str, Document] = field(default_factory=lambda: MappingProxyType({}))
    """The other documents open in the session, by URI, most recently touched first."""
    touched: tuple[Touched, ...] = ()
    """Where the person typed, the latest first."""
    tab_size: int = 4
    insert_spaces: bool = True

    @property
    def selected_text(self) -> str:
        return self.selection.of(self.document.text)
