"""Edits to text, as values; and what is known of single lines, kept.

Offsets here are Python string indices (code points) into one exact version of a text. LSP positions, which
count in UTF-8, UTF-16 or UTF-32 units, exist only in `lsp`; `lsp/to_lsp.py` joins the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

MOST_LINES, LONGEST = 4096, 500
"""Lines that are kept for each question, and characters of one beyond which it is asked again."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace `text[start:end]` by `new_text`. `start == end` inserts."""

    start: int
    end: int
    new_text: str


@dataclass(frozen=True, slots=True)
class DocumentEdit:
    """Edits to one existing document, all against `version` (None: the file on disk)."""

    uri: str
    version: int | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class CreateFile:
    uri: str
    text: str
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class RenameFile:
    old_uri: str
    new_uri: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    uri: str


Change = DocumentEdit | CreateFile | RenameFile | DeleteFile


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """Everything one action changes; applied as one undo step where the editor can."""

    changes: tuple[Change, ...]
    label: str = ""

    @property
    def edit_count(self) -> int:
        return sum(len(c.edits) if isinstance(c, DocumentEdit) else 1 for c in self.changes)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` applied simultaneously.

    Edits may come in any order but must not overlap; two inserts at one place keep their order.
    Raises ValueError on overlap or on a range outside the text.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at or edit.end < edit.start or edit.end > len(text):
            raise ValueError(f"edit {edit.start}:{edit.end} overlaps another or leaves the text")
        pieces += (text[at : edit.start], edit.new_text)
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)


def split_lines(text: str) -> list[str]:
    """The lines with their ends, which are `\\r\\n`, `\\n` and `\\r` as in LSP, and no others.

    The last line has no end and may be empty: `"".join` gives the text back. (`str.splitlines` also splits at form
    feeds, U+2028, U+0085 and others, which puts every later line number out.)
    """
    if "\r" not in text:
        lines = text.split("\n")
        last = lines.pop()
        lines = [f"{line}\n" for line in lines]
        lines.append(last)
        return lines
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def by_line(look: Callable[[str], T]) -> Callable[[str], T]:
    """`look`, a pure function of a line without its end, as a decorator that remembers its answers.

    Most lines of a file stay as they are while one is typed in.
    """
    remembered = lru_cache(maxsize=MOST_LINES)(look)

    @wraps(look)
    def answer(line: str) -> T:
        return remembered(line) if len(line) <= LONGEST else look(line)

    return answer
