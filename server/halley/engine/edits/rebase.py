"""Moving edits onto a text that has changed since they were made: a three-way merge that never guesses.

An edit belongs to the lines it touches in the text it was made for (`base`). It moves only when those very lines
are in the `current` text, untouched, at an unmistakable place; new lines that go between two lines move
only when both still stand side by side. Everything else is a conflict, and keeps its text.

Where a line stands is certain when it belongs to the beginning or the end that both texts share, or follows without
a break on a line that is there exactly once in both. Among equal lines ("}", blank ones) that could have been typed
before or after one another, nothing is certain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.diffs import common_prefix, common_suffix, increasing

_TELLING = 4
"""Letters and digits a line needs to be distinct from any other."""


class Rebased(NamedTuple):
    """`edits` are for the current text; `conflicts`, as they were for the base."""

    edits: tuple[Edit, ...]
    conflicts: tuple[Edit, ...]


def rebase_edits(base: str, current: str, edits: Iterable[Edit]) -> Rebased:
    """`edits` of `base` as edits of `current`; every one of them is in one of the two results, in order.

    When `current` already is what the edits make of `base`, there is nothing left to do.
    """
    edits = tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))
    if base == current:
        return Rebased(edits, ())
    # An editor that made the edit without reporting it, or a user who typed the same, must not get it twice.
    if apply_edits(base, edits) == current:
        return Rebased((), ())
    old, new = _Lines(base), _Lines(current)
    where = _certain_places(old.lines, new.lines)
    moved: list[Edit] = []
    conflicts: list[Edit] = []
    for edit in edits:
        to = _moved(edit, old, new, where)
        # Lines that were moved can bring edits out of order, and edits of one change may not overlap.
        if to is not None and (not moved or moved[-1].end <= to.start):
            moved.append(to)
        else:
            conflicts.append(edit)
    return Rebased(tuple(moved), tuple(conflicts))


class _Lines:
    """A text's lines and where they begin."""

    __slots__ = ("lines", "starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = split_lines(text)
        self.starts = list(accumulate(map(len, self.lines), initial=0))[:-1]

    def row(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


def _moved(edit: Edit, old: _Lines, new: _Lines, where: dict[int, int]) -> Edit | None:
    first, last = _touched(edit, old)
    if first > last:  # new lines between two
        anchor = [row for row in (first - 1, first) if 0 <= row < len(old.lines)]
    else:
        anchor = list(range(first, last + 1))
    places = [where.get(row) for row in anchor]
    to = places[0]
    if to is None or places != list(range(to, to + len(places))):
        return None
    if last < first == 0 < to:  # something stands now where the first line was to follow
        return None
    shift = new.starts[to] - old.starts[anchor[0]]
    start, end = edit.start + shift, edit.end + shift
    # A last guard: comparing costs nothing beside an edit that lands on other text.
    if new.text[start:end] != old.text[edit.start : edit.end]:
        return None
    return Edit(start, end, edit.new_text)


def _touched(edit: Edit, old: _Lines) -> tuple[int, int]:
    """First and last line an edit touches. New whole lines touch none: then the last is before the first."""
    first, last = old.row(edit.start), old.row(edit.end)
    at_line = edit.end == old.starts[last]
    whole = edit.new_text.endswith(("\n", "\r")) or (not edit.new_text and edit.start == old.starts[first])
    if at_line and whole and (last > first or edit.start == old.starts[first]):
        return first, last - 1
    return first, last


def _certain_places(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Lines of `old` to lines of `new`: those that stand untouched at a place beyond doubt. Both increase."""
    # Patience diff (Bram Cohen): lines that are unique on both sides are the only ones whose identity is beyond
    # doubt.
    once = _once(old) & _once(new)
    place = {line: j for j, line in enumerate(new) if line in once}
    pairs = increasing([(i, place[line]) for i, line in enumerate(old) if line in once])
    where = dict(pairs)
    i = j = 0
    for at, to in [*pairs, (len(old), len(new))]:
        where.update(_ends(old[i:at], new[j:to], i, j))
        i, j = at + 1, to + 1
    return where


def _ends(old: Sequence[str], new: Sequence[str], i: int, j: int) -> Iterator[tuple[int, int]]:
    """What two stretches, beginning at `i` and `j`, certainly share at either end.

    A line that could belong to the shared beginning as well as to the shared end may be either: it is left out.
    """
    head, tail = common_prefix(old, new), common_suffix(old, new)
    doubt = 0 if old == new else max(0, head + tail - min(len(old), len(new)))
    for n in range(head - doubt):
        yield i + n, j + n
    for n in range(1, tail - doubt + 1):
        yield i + len(old) - n, j + len(new) - n


def _once(lines: Sequence[str]) -> set[str]:
    """Lines that occur once and are long enough to be recognized."""
    return {
        line
        for line, count in Counter(lines).items()
        if count == 1 and sum(map(str.isalnum, line)) >= _TELLING
    }
