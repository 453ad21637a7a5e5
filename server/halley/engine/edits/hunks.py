"""A change as its hunks: what a user reads, and accepts or refuses, as one. Which edits belong together says
`group_edits` (`build.py`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.build import group_edits


@dataclass(frozen=True, slots=True)
class Hunk:
    """Whole lines of a text, and what takes their place. `line` counts from 0, in the text before."""

    line: int
    old_text: str
    new_text: str
    edits: tuple[Edit, ...]
    """The same, as small as they were given."""


def hunks_of(text: str, edits: Iterable[Edit]) -> tuple[Hunk, ...]:
    """In order; between any two is a line that stays."""
    starts = list(accumulate(map(len, split_lines(text)), initial=0))
    return tuple(_hunk(text, group, starts) for group in group_edits(text, edits))


def _hunk(text: str, edits: tuple[Edit, ...], starts: Sequence[int]) -> Hunk:
    """`starts`: where lines begin, and the text's end."""
    line = max(0, bisect_right(starts, edits[0].start, hi=len(starts) - 1) - 1)
    start, last = starts[line], edits[-1]
    if last.start == last.end == start and last.new_text.endswith(("\n", "\r")):
        return Hunk(line, "", last.new_text, edits)  # new lines between two
    # What ends where a line begins leaves that line alone, unless it is joined with what is before it.
    after = bisect_left(starts, last.end) if last.end > last.start else bisect_right(starts, last.end)
    new = _spliced(text, edits, start, starts, after)
    if new and not new.endswith(("\n", "\r")):
        after += 1
        new = _spliced(text, edits, start, starts, after)
    return Hunk(line, text[start : _end(starts, after)], new, edits)


def _spliced(text: str, edits: Sequence[Edit], start: int, starts: Sequence[int], after: int) -> str:
    inner = (Edit(edit.start - start, edit.end - start, edit.new_text) for edit in edits)
    return apply_edits(text[start : _end(starts, after)], inner)


def _end(starts: Sequence[int], after: int) -> int:
    return starts[min(after, len(starts) - 1)]
