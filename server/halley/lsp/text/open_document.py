"""One text in the editor, as a list of lines, changed as the editor says (`contentChanges`).

A typed character costs microseconds in any file; the whole text is joined when it is asked for, once per version.
Start at `OpenDocument.apply`. Lines and columns are `lines.py`'s. Pure.

A change that cannot be right (an older version, a range that ends before it begins) is not made. From then on the
document `is_out_of_step`: its text may differ from the editor's, so nothing may be edited by it, until the editor
sends the whole text, opens it again, or saves it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from halley.core.snapshot import Cell, Document
from halley.core.text import split_lines
from halley.lsp.text.lines import join_halves, split_at_units
from halley.lsp.text.uris import home_of_uri

MOST_LINES = 20_000
"""Of a text whose changes are remembered."""

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]


class OpenDocument:
    """One text in the editor."""

    __slots__ = (
        "_burst",
        "_value",
        "_way_back",
        "cell",
        "is_out_of_step",
        "language_id",
        "lines",
        "path",
        "uri",
        "version",
    )

    def __init__(self, uri: str, language_id: str, version: int, text: str) -> None:
        self.uri, self.language_id, self.version = uri, language_id, version
        self.path: Path | None = home_of_uri(uri)
        self.cell: Cell | None = None
        self._burst: list[str] | None = None
        """The lines before the first change since the last look at them, the same strings."""
        self._way_back: tuple[int, int, list[str]] | None = None
        """Of the last change: the first line, how many lines came, and those that went."""
        self.replace_text(text)

    def value(self) -> Document:
        """The document at this version; the same object until it changes."""
        if self._value is None:
            text = "".join(self.lines)
            self._value = Document(self.uri, text, self.language_id, self.version, self.path, self.cell)
        elif self._value.version != self.version or self._value.cell != self.cell:
            self._value = replace(self._value, version=self.version, cell=self.cell)
        return self._value

    def text_before(self) -> str | None:
        if self._way_back is None:
            return None
        first, came, went = self._way_back
        return "".join((*self.lines[:first], *went, *self.lines[first + came :]))

    def take_burst(self) -> tuple[list[str], list[str]] | None:
        """The lines as they were at the last call and as they are; None where nothing was changed since."""
        before, self._burst = self._burst, None
        return None if before is None else (before, self.lines.copy())

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
        if self._burst is None and len(self.lines) <= MOST_LINES:
            self._burst = self.lines.copy()  # once in a burst, and only references: 30 µs for 10,000 lines
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
        row: int = position["line"]
        if row >= len(self.lines):
            return len(self.lines) - 1, self.lines[-1]
        return row, split_at_units(self.lines[row], position["character"], encoding)[0]

    def _after(self, position: Json, encoding: str) -> tuple[int, str]:
        row: int = position["line"]
        if row >= len(self.lines):
            return len(self.lines) - 1, ""
        return row, split_at_units(self.lines[row], position["character"], encoding)[1]


def _difference(old: list[str], new: list[str]) -> tuple[int, int, int]:
    """Where a whole new text differs, in the form `OpenDocument.apply` gives."""
    shorter = min(len(old), len(new))
    first = next((row for row in range(shorter) if old[row] != new[row]), shorter)
    same = next((n for n in range(shorter - first) if old[-1 - n] != new[-1 - n]), shorter - first)
    return first, max(len(old) - same - first - 1, 0), max(len(new) - same - first - 1, 0)
