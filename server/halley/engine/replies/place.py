"""Where a whole block of code belongs, and how it fits there.

A model that is asked for the new text of a part may give just that; or the part with lines around it, the whole file,
only one of several definitions, or the part with placeholders. `place_block` distinguishes these by what the block
shares with the document, and never drops code that the block does not speak of. A place instead of a part is
`insert.py`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from halley.engine.code.layout import (
    content,
    ending,
    fit_blank,
    fit_edges,
    fit_indentation,
    fit_newlines,
    fit_style,
    kept_of,
    local_style,
    newline_of,
    width,
)
from halley.engine.edits.diffs import common_prefix, common_suffix
from halley.engine.edits.matching import Run, overlaps, squeeze, tells
from halley.engine.replies.elision import elided_rows, fill_elisions
from halley.engine.replies.pieces import pieces_between, split_pieces

Unplaced = Literal["elided", "partial"]


_TELLING = 8
"""So many lines that are the same say that a block is the whole file."""


class Change(NamedTuple):
    """Rows `first` to `last` become `text`."""

    first: int
    last: int
    text: str


def place_block(
    block: Sequence[str], rows: Sequence[str], part: Run, *, free: bool = False
) -> list[Change] | Unplaced:
    """What a block makes of the `part` rows of a document (`rows`, with their ends).

    "elided": it is unclear what its placeholders stand for. "partial": it holds much less than the part, and it is
    unclear which piece.
    """
    bare = [content(row) for row in rows]
    # The readings are tried from the one that interprets least to the one that interprets most.
    if (narrowed := _narrowed(block, bare, part, free)) is not None:
        return [_as_it_stands(*narrowed, rows)]
    if elided_rows(block, bare):
        filled = _filled(block, bare, part)
        pieces = [filled] if filled is not None else pieces_between(block, bare, part)
        return [change_rows(lines, rows, run, free) for lines, run in pieces] or "elided"
    wider = whole_file(block, bare, part) or _without_echoes(block, bare, part)
    if wider is not None:
        block, part = wider
        return [change_rows(block, rows, part, free)]
    pieces = split_pieces(block, bare, part)
    if pieces is None:
        return "partial"
    return [change_rows(lines, rows, run, free) for lines, run in pieces]


def _as_it_stands(lines: Sequence[str], part: Run, rows: Sequence[str]) -> Change:
    """The lines in the place of a part. Only line ends are fitted: the reply has the file around them."""
    text = "".join(rows[part[0] : part[1]])
    new = "".join(f"{line}\n" for line in lines)
    if part[1] == len(rows) and not text.endswith(("\n", "\r")):
        new = new.rstrip("\n")
    above = ending(rows[part[0] - 1]) if part[0] and not text else ""
    return Change(*part, fit_newlines(new, text, above or newline_of("".join(rows))))


def _narrowed(
    block: Sequence[str], bare: Sequence[str], part: Run, free: bool
) -> tuple[Sequence[str], Run] | None:
    """The lines that changed, when the block is the file, or the part, line for line but for a stretch inside the part.

    Nothing is to be interpreted then, and a reply of 50,000 lines is not looked at line by line. A file and a part of
    it may end alike: the reading that changes less is meant.
    """
    block = list(block)  # slices of a list and a tuple are never equal
    whole = (0, len(bare) - (not bare[-1]))
    found = [_stretch(block, bare, window, free) for window in dict.fromkeys((part, whole))]
    inside = [one for one in found if one and part[0] <= one[1][0] and one[1][1] <= part[1]]
    if not inside:
        return None
    lines, run = min(inside, key=lambda one: len(one[0]) + one[1][1] - one[1][0])
    return None if elided_rows(lines, bare) else (lines, run)


def _stretch(
    block: Sequence[str], bare: Sequence[str], window: Run, free: bool
) -> tuple[Sequence[str], Run] | None:
    """The only stretch in which a block differs from some rows, where it does so little that it must be these.

    Blank lines at either end say nothing, unless the layout is the task.
    """
    rows = bare[window[0] : window[1]]
    if not free:
        at, block = window[0] + _blank(rows), block[_blank(block) :]
        rows, window = bare[at : window[1]], (at, window[1])
    size, mine = (len(rows), len(block)) if free else (_said(rows), _said(block))
    head = common_prefix(rows[:size], block[:mine])
    tail = common_suffix(rows[head:size], block[head:mine])
    # Below half it could be another text that begins like this one.
    if head + tail < max(_TELLING, size // 2) or (head + tail == size and not (head and tail)):
        return None  # rows with more above or below them may be the part with its neighbours
    if window[0] and not any(map(str.strip, rows[:head])):
        return None  # the first line may have lost its indentation
    return block[head : mine - tail], (window[0] + head, window[0] + size - tail)


def _blank(lines: Sequence[str]) -> int:
    """How many blank lines there are before the first that is not."""
    return next((n for n, line in enumerate(lines) if line.strip()), 0)


def _said(lines: Sequence[str]) -> int:
    """How many lines there are up to the last that is not blank."""
    return next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip()), 0)


def change_rows(block: Sequence[str], rows: Sequence[str], part: Run, free: bool) -> Change:
    """The rows of a part as the block has them, laid out as the document is."""
    old = list(rows[part[0] : part[1]])
    bare = [content(row) for row in old]
    style = local_style([content(row) for row in rows], part)
    styled = list(block) if free else fit_style(block, style, bare)
    fitted = fit_indentation(styled, bare, style)
    if styled != list(block) and kept_of(as_is := fit_indentation(block, bare, style), bare) > kept_of(
        fitted, bare
    ):
        fitted = as_is  # its tabs and spaces are mixed as the document's are
    new = "".join(f"{line}\n" for line in (fitted if free else fit_blank(fitted, bare)))
    text = "".join(old)
    if not free:
        new = fit_edges(new, text)
    if text and not text.endswith(("\n", "\r")):
        new = new.rstrip("\n")
    return Change(*part, fit_newlines(new, text, newline_of("".join(rows))))


def _filled(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The block with its placeholders filled from the part, else from the whole file, and what it then replaces."""
    for first, last in (part, (0, len(bare))):
        if (filled := fill_elisions(block, bare[first:last])) is not None:
            lines, (start, end) = filled
            return lines, (first + start, min(first + end, len(bare) - (not bare[-1])))
    return None


def is_whole(block: Sequence[str], bare: Sequence[str], part: Run) -> bool:
    """Whether a block is the whole file, and not only what is asked about."""
    return _narrowed(block, bare, part, False) is not None or whole_file(block, bare, part) is not None


def whole_file(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The whole file, when the block has all that is not the part, but for a line here and there."""
    outside = [row for row in [*bare[: part[0]], *bare[part[1] :]] if tells(row)]
    # Too little around the part to recognize a file by: `import x` and a brace may be in any block.
    if len(outside) < 3:
        return None
    held = (Counter(map(squeeze, outside)) & Counter(map(squeeze, block))).total()
    if held < len(outside) - max(len(outside) >= _TELLING, len(outside) // 20):
        return None
    if len(outside) < _TELLING and not _same_ends(block, bare, part):
        return None  # a few lines may well be elsewhere in the part too
    return block, (0, len(bare) - (not bare[-1]))


def _same_ends(block: Sequence[str], bare: Sequence[str], part: Run) -> bool:
    """Whether a block begins and ends as the file does, on the sides where the file has more than the part."""

    def ends(lines: Sequence[str]) -> tuple[str, str]:
        said = [line for line in lines if line.strip()] or [""]
        return squeeze(said[0]), squeeze(said[-1])

    (first, last), (top, bottom) = ends(block), ends(bare)
    above, below = any(map(str.strip, bare[: part[0]])), any(map(str.strip, bare[part[1] :]))
    return (first == top or not above) and (last == bottom or not below)


def _without_echoes(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The part with the lines just before or after it, repeated: they are cut off, having been there already."""
    first, last = part
    head = echo_before(block, bare[:first], bare[first:last])
    if head:
        by = width(bare[first - 1]) - width(block[head - 1])
        tail = _closing(block[head:], bare[last:], bare[first:last], by)
    else:
        own, around = bare[first:last], (bare[:first], bare[last:])
        tail = echo_after(block, around[1], own) or _seam(block, around[1], own)
        head = _seam(block[::-1], around[0][::-1], own[::-1])
    if not head and not tail:
        return None
    return block[head : len(block) - tail], part


def _closing(block: Sequence[str], after: Sequence[str], own: Sequence[str], by: int) -> int:
    """How many lines at the end of a block, moved by so many columns, repeat what stands after the part.

    The block is known to begin before the part, so also a lone bracket counts, where it stands as deep as it did.
    """

    def shape(line: str, by: int) -> tuple[str, int]:
        return squeeze(line), (width(line) + by if line.strip() else 0)

    theirs = [shape(row, 0) for row in after[: len(block)]]
    mine = [shape(line, by) for line in block]
    own_last = next((shape(row, 0) for row in reversed(own) if row.strip()), None)
    if not mine or mine[-1] == own_last:
        return 0
    return next(overlaps(mine[1:], theirs), 0)


def _seam(block: Sequence[str], after: Sequence[str], own: Sequence[str]) -> int:
    """How many lines at the end of a block are those after the part, told by the part's own last line above them.

    So the lone `}` that ends a file, or a class, is not there twice; lines count as deep as they stand.
    """
    end = next((n for n in range(len(own) - 1, -1, -1) if own[n].strip()), None)
    if end is None or not _said(after) or _depths(block) != _depths(own):
        return 0
    tail = own[end:]
    seam = [*tail, *after[: max(0, len(block) - 2)]]
    least = len(tail) + _blank(after) + 1  # with a line that says something
    part_ends_so = set(overlaps(own, seam))
    for size in overlaps([line.rstrip() for line in block], [row.rstrip() for row in seam]):
        if size >= least and size not in part_ends_so:
            return size - len(tail)
    return 0


def _depths(lines: Sequence[str]) -> tuple[int, int]:
    """How deep the first line stands, and the least deep: a block whose indentation is lost differs."""
    widths = [width(line) for line in lines if line.strip()]
    return (widths[0], min(widths)) if widths else (0, 0)


def echo_before(block: Sequence[str], before: Sequence[str], own: Sequence[str]) -> int:
    """How many lines at the beginning of a block repeat what precedes the part, whose rows are `own`."""
    return _echo(block, before[::-1][: len(block)], own)


def echo_after(block: Sequence[str], after: Sequence[str], own: Sequence[str]) -> int:
    """How many lines at its end repeat what stands after the part."""
    return _echo(block[::-1], after[: len(block)], own[::-1])


def _echo(block: Sequence[str], beside: Sequence[str], own: Sequence[str]) -> int:
    """The most lines of the block that are the lines `beside` the part, which come nearest first.

    At least one of them has to be telling; and a block that begins as the part itself does repeats nothing.
    """
    keys, theirs = [squeeze(line) for line in block], [squeeze(row) for row in beside]
    if not keys or keys[0] == next((squeeze(row) for row in own if row.strip()), None):
        return 0
    count = next(overlaps(theirs[::-1], keys[:-1]), 0)
    return count if any(map(tells, block[:count])) else 0
