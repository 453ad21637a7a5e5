"""A block that is the part, or the file, line for line but for a few stretches.

Most replies are. Nothing is to be interpreted then, only these stretches change, and a reply of 50,000 lines is not
looked at line by line. `stretches` is the way in; a block that differs in more is `place.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from halley.engine.code.layout import local_style, moved_under, style_of
from halley.engine.edits.diffs import Block, common_prefix, common_suffix, diff_lines
from halley.engine.edits.matching import Run
from halley.engine.replies.elision import elided_rows

Stretch = tuple[Sequence[str], Run]
"""New lines, and the rows they replace."""

TELLING = 8
"""So many lines that are the same say that a block is the whole file."""


def stretches(block: Sequence[str], bare: Sequence[str], part: Run, free: bool) -> list[Stretch] | None:
    """Where a block differs from the part or the file, all of it inside the part; None when it is neither.

    A file and a part of it may end alike: the reading that changes less is meant.
    """
    block = list(block)  # slices of a list and a tuple are never equal
    whole = (0, len(bare) - (not bare[-1]))
    found = [_differences(block, bare, window, free) for window in dict.fromkeys((part, whole))]
    inside = [one for one in found if one and all(_lies_in(run, part) for _, run in one)]
    if not inside:
        return None
    best = min(inside, key=lambda one: sum(len(lines) + run[1] - run[0] for lines, run in one))
    if any(elided_rows(lines, bare) for lines, _ in best) or not (free or _in_style(best, bare)):
        return None
    return best


def _lies_in(run: Run, part: Run) -> bool:
    return part[0] <= run[0] and run[1] <= part[1]


def _in_style(found: Sequence[Stretch], bare: Sequence[str]) -> bool:
    """Whether no stretch brings tabs where the document has spaces, nor spaces where it has tabs."""
    for lines, run in found:
        mine = style_of(lines)
        if mine.known and mine.tabs != local_style(bare, run).tabs:
            return False
    return True


def _differences(block: Sequence[str], bare: Sequence[str], window: Run, free: bool) -> list[Stretch] | None:
    """The stretches in which a block differs from some rows, where it does so little that it must be these.

    Blank lines at either end say nothing, unless the layout is the task.
    """
    rows = bare[window[0] : window[1]]
    if free:
        return _between(block, rows, window[0], block, rows)
    first = first_said(rows)
    rows, block = rows[first : last_said(rows)], block[first_said(block) : last_said(block)]
    at = window[0] + first
    found = _between(block, rows, at, _spoken(block), _spoken(rows))
    if found is None and rows and block and (moved := moved_under(block, rows[0])) is not None:
        found = _between(moved, rows, at, _spoken(moved), _spoken(rows))
    return found


def _between(
    block: Sequence[str], rows: Sequence[str], at: int, mine: Sequence[str], theirs: Sequence[str]
) -> list[Stretch] | None:
    """`mine` and `theirs` are the block and the rows as they are compared."""
    blocks = _blocks(mine, theirs, at, exactly=not any(row and row.isspace() for row in rows))
    if blocks is None:
        return None
    return [(block[j1:j2], (at + i1, at + i2)) for i1, i2, j1, j2 in blocks]


def _blocks(mine: Sequence[str], theirs: Sequence[str], at: int, *, exactly: bool) -> list[Block] | None:
    """Where they differ; one block when that is all, unless a blank line in it has to keep its white space."""
    size, length = len(theirs), len(mine)
    head = common_prefix(theirs, mine)
    tail = common_suffix(theirs[head:], mine[head:])
    if head + tail == size and not (head and tail):
        return None  # rows with more above or below them may be the part with its neighbours
    if at and not any(map(str.strip, theirs[:head])):
        return None  # the first line may have lost its indentation
    # Below half it could be another text that begins like this one.
    alike = head + tail >= max(TELLING, size // 2)
    if alike and exactly:
        return [(head, size - tail, head, length - tail)]
    if not alike and (not head or not tail or length < 0.75 * size):
        return None
    blocks = [
        (head + i1, head + i2, head + j1, head + j2)
        for i1, i2, j1, j2 in diff_lines(theirs[head : size - tail], mine[head : length - tail])
    ]
    kept = size - sum(i2 - i1 for i1, i2, _, _ in blocks)
    return blocks if alike or kept >= max(TELLING, 0.75 * size, 0.75 * length) else None


def _spoken(lines: Sequence[str]) -> Sequence[str]:
    """The lines, blank ones without white space: a reply never has what the document has there."""
    return [line if line and not line.isspace() else "" for line in lines]


def first_said(lines: Sequence[str]) -> int:
    """How many blank lines there are before the first that is not."""
    return next((n for n, line in enumerate(lines) if line.strip()), 0)


def last_said(lines: Sequence[str]) -> int:
    """How many lines there are up to the last that is not blank."""
    return next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip()), 0)
