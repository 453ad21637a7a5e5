"""The lines of a text that a reply changes in many places, each counted and looked up once.

`Rows` is a text's lines; `Spans` the edits taken so far, of which none may overlap another.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from functools import cached_property
from itertools import accumulate

from halley.core.snapshot import Selection
from halley.core.text import Edit, split_lines
from halley.engine.code.layout import contents, newline_of
from halley.engine.edits.matching import Finder, Run


class Rows:
    """The lines of a text: `rows` with their ends, `bare` without."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rows = split_lines(text)

    @cached_property
    def bare(self) -> list[str]:
        return contents(self.rows)

    @cached_property
    def newline(self) -> str:
        return newline_of(self.text)

    @cached_property
    def finder(self) -> Finder:
        return Finder(self.bare)

    @cached_property
    def starts(self) -> list[int]:
        """Where each row begins, and where the text ends."""
        return list(accumulate(map(len, self.rows), initial=0))

    def touched(self, selection: Selection) -> Run:
        """The rows a selection touches."""
        first = min(bisect_right(self.starts, selection.start), len(self.rows)) - 1
        return first, max(first + 1, bisect_left(self.starts, selection.end, 0, len(self.rows)))


class Spans:
    """Edits of one text. What overlaps one taken before is not taken."""

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self._filled: list[tuple[int, int]] = []
        self._places: list[int] = []

    def take(self, edit: Edit) -> bool:
        at = bisect_left(self._filled, (edit.end, 0)) - 1
        if at >= 0 and self._filled[at][1] > edit.start:
            return False
        if edit.start == edit.end:
            insort(self._places, edit.start)
        elif bisect_right(self._places, edit.start) < bisect_left(self._places, edit.end):
            return False
        else:
            insort(self._filled, (edit.start, edit.end))
        self.edits.append(edit)
        return True
