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
    contents,
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
from halley.engine.edits.matching import Run, overlaps, squeeze, tells
from halley.engine.replies.elision import elided_rows, fill_elisions
from halley.engine.replies.pieces import Piece, pieces_between, split_pieces
from halley.engine.replies.stretches import TELLING, first_said, last_said, stretches

Unplaced = Literal["elided", "partial"]


class Change(NamedTuple):
    """Rows `first` to `last` become `text`."""

    first: int
    last: int
    text: str


def place_block(
    block: Sequence[str], rows: Sequence[str], part: Run, *, free: bool = False, is_new: bool = True
) -> list[Change] | Unplaced:
    """What a block makes of the `part` rows of a document (`rows`, with their ends).

    "elided": it is unclear what its placeholders stand for. "partial": it holds much less than the part, and it is
    unclear which piece. `is_new` is false for a block of which `as_stretches` made nothing.
    """
    # The readings are tried from the one that interprets least to the one that interprets most.
    if is_new and (stretched := as_stretches(block, rows, part, free=free)) is not None:
        return stretched
    bare = contents(rows)
    if elided := elided_rows(block, bare):
        filled = _filled(block, bare, part, elided)
        if filled is not None and (found := as_stretches(filled[0], rows, filled[1], free=free)) is not None:
            return found
        pieces = [filled] if filled is not None else pieces_between(block, bare, part, elided)
        return change_rows(pieces, rows, bare, free) or "elided"
    wider = whole_file(block, bare, part) or _without_echoes(block, bare, part)
    if wider is not None:
        return change_rows([wider], rows, bare, free)
    pieces = split_pieces(block, bare, part)
    if pieces is None:
        return "partial"
    return change_rows(pieces, rows, bare, free)


def as_stretches(
    block: Sequence[str], rows: Sequence[str], part: Run, *, free: bool = False
) -> list[Change] | None:
    """What a block changes that is the part or the file but for a few stretches; None for any other."""
    if (found := stretches(block, contents(rows), part, free)) is None:
        return None
    newline = newline_of("".join(rows))
    return [_as_it_stands(lines, run, rows, newline) for lines, run in found]


def _as_it_stands(lines: Sequence[str], part: Run, rows: Sequence[str], newline: str) -> Change:
    """The lines in the place of a part. Only line ends are fitted: the reply has the file around them."""
    text = "".join(rows[part[0] : part[1]])
    new = "".join(f"{line}\n" for line in lines)
    if part[1] == len(rows) and not text.endswith(("\n", "\r")):
        new = new.rstrip("\n")
    above = ending(rows[part[0] - 1]) if part[0] and not text else ""
    return Change(*part, fit_newlines(new, text, above or newline))


def change_rows(
    pieces: Sequence[Piece], rows: Sequence[str], bare: Sequence[str], free: bool
) -> list[Change]:
    newline = newline_of("".join(rows))
    return [_change(lines, rows, bare, run, free, newline) for lines, run in pieces]


def _change(
    block: Sequence[str], rows: Sequence[str], bare: Sequence[str], part: Run, free: bool, newline: str
) -> Change:
    """The rows of a part as the block has them, laid out as the document is."""
    old = bare[part[0] : part[1]]
    style = local_style(bare, part)
    styled = list(block) if free else fit_style(block, style, old)
    fitted = fit_indentation(styled, old, style)
    if styled != list(block) and kept_of(as_is := fit_indentation(block, old, style), old) > kept_of(
        fitted, old
    ):
        fitted = as_is  # its tabs and spaces are mixed as the document's are
    new = "".join(f"{line}\n" for line in (fitted if free else fit_blank(fitted, old)))
    text = "".join(rows[part[0] : part[1]])
    if not free:
        new = fit_edges(new, text)
    if text and not text.endswith(("\n", "\r")):
        new = new.rstrip("\n")
    return Change(*part, fit_newlines(new, text, newline))


def _filled(
    block: Sequence[str], bare: Sequence[str], part: Run, elided: Sequence[int]
) -> tuple[Sequence[str], Run] | None:
    """The block with its placeholders filled from the part, else from the whole file, and what it then replaces.

    `elided`: its placeholders as the whole file says which lines are some.
    """
    whole = (0, len(bare))
    if part == (0, len(bare) - (not bare[-1])):
        part = whole  # but for the empty row after the last newline
    for first, last in dict.fromkeys((part, whole)):
        known = elided if (first, last) == whole else None
        if (filled := fill_elisions(block, bare[first:last], known)) is not None:
            lines, (start, end) = filled
            return lines, (first + start, min(first + end, len(bare) - (not bare[-1])))
    return None


def is_whole(block: Sequence[str], bare: Sequence[str], part: Run) -> bool:
    """Whether a block is the whole file, and not only what is asked about."""
    return stretches(block, bare, part, False) is not None or whole_file(block, bare, part) is not None


def whole_file(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The whole file, when the block has all that is not the part, but for a line here and there."""
    outside = [row for row in [*bare[: part[0]], *bare[part[1] :]] if tells(row)]
    # Too little around the part to recognize a file by: `import x` and a brace may be in any block.
    if len(outside) < 3:
        return None
    held = (Counter(map(squeeze, outside)) & Counter(map(squeeze, block))).total()
    if held < len(outside) - max(len(outside) >= TELLING, len(outside) // 20):
        return None
    if len(outside) < TELLING and not _same_ends(block, bare, part):
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
    if end is None or not last_said(after) or _depths(block) != _depths(own):
        return 0
    tail = own[end:]
    seam = [*tail, *after[: max(0, len(block) - 2)]]
    least = len(tail) + first_said(after) + 1  # with a line that says something
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
