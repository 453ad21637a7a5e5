"""Where a whole block of code belongs, and how it fits there.

A model that is asked for the new text of a part may give just that; or the part with lines around it, the whole file,
only one of several definitions, or the part with placeholders. `place_block` tells these apart by what the block shares
with the document, and never drops code that the block does not speak of. A place instead of a part is `insert.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from halley.engine.definitions import Definition, definitions, top_level
from halley.engine.elision import elided_rows, fill_elisions, split_at_elisions
from halley.engine.layout import (
    content,
    fit_edges,
    fit_indentation,
    fit_newlines,
    fit_style,
    newline_of,
    style_of,
)
from halley.engine.matching import Run, squeeze, tells

Unplaced = Literal["elided", "partial"]

_MOST = 0.8
"""How much of what lies around a part must be in a block for it to be the whole."""


class Change(NamedTuple):
    """Rows `first` to `last` become `text`."""

    first: int
    last: int
    text: str


def place_block(
    block: Sequence[str], rows: Sequence[str], part: Run, *, free: bool = False
) -> list[Change] | Unplaced:
    """What a block makes of the `part` rows of a document (`rows`, with their ends).

    "elided": what its placeholders stand for cannot be told. "partial": it holds much less than the part, and which
    piece of it cannot be told.
    """
    bare = [content(row) for row in rows]
    if elided_rows(block, bare):
        filled = _filled(block, bare, part)
        pieces = [filled] if filled is not None else _pieces_between(block, bare, part)
        return [change_rows(lines, rows, run, free) for lines, run in pieces] or "elided"
    wider = whole_file(block, bare, part) or _without_echoes(block, bare, part)
    if wider is not None:
        block, part = wider
        return [change_rows(block, rows, part, free)]
    pieces = _pieces(block, bare, part)
    if isinstance(pieces, str):
        return pieces
    return [change_rows(lines, rows, run, free) for lines, run in pieces]


def change_rows(block: Sequence[str], rows: Sequence[str], part: Run, free: bool) -> Change:
    """The rows of a part as the block has them, laid out as the document is."""
    old = list(rows[part[0] : part[1]])
    bare = [content(row) for row in old]
    style = style_of([content(row) for row in rows])
    lines = list(block) if free else fit_style(block, style)
    new = "".join(f"{line}\n" for line in fit_indentation(lines, bare, style))
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


def whole_file(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The whole file, when the block begins and ends as it does and has most of what is not the part."""
    outside = [row for row in [*bare[: part[0]], *bare[part[1] :]] if tells(row)]
    if len(outside) < 3:
        return None
    keys = {squeeze(line) for line in block}
    held = sum(squeeze(row) in keys for row in outside)
    if held < _MOST * len(outside):
        return None
    return block, (0, len(bare) - (not bare[-1]))


def _without_echoes(block: Sequence[str], bare: Sequence[str], part: Run) -> tuple[Sequence[str], Run] | None:
    """The part with the lines just before or after it, repeated: they are cut off, having been there already."""
    first, last = part
    head = echo_before(block, bare[:first], bare[first:last])
    tail = echo_after(block[head:], bare[last:], bare[first:last])
    if not head and not tail:
        return None
    return block[head : len(block) - tail], part


def echo_before(block: Sequence[str], before: Sequence[str], own: Sequence[str]) -> int:
    """How many lines at the beginning of a block repeat what stands before the part, whose rows are `own`."""
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
    for count in range(min(len(theirs), len(keys) - 1), 0, -1):
        same = theirs[count - 1] == keys[0] and theirs[:count] == keys[:count][::-1]
        if same and any(map(tells, block[:count])):
            return count
    return 0


def _pieces(
    block: Sequence[str], bare: Sequence[str], part: Run
) -> list[tuple[Sequence[str], Run]] | Unplaced:
    """The whole part; or, when the block leaves most of its definitions out, just those that it has."""
    own = bare[part[0] : part[1]]
    here, there = definitions(own), definitions(block)
    outer, given = top_level(here), top_level(there)
    missing = {one.name for one in outer} - {one.name for one in there}
    size, mine = _size(own), _size(block)
    if not missing or not given or mine >= 0.6 * size:
        return [(block, part)]
    pairs = [(one, [other for other in here if other.name == one.name]) for one in given]
    if any(len(others) != 1 for _, others in pairs) or not _only_definitions(block, given):
        return "partial" if mine < 0.5 * size else [(block, part)]
    return [
        (block[one.first : one.last], (part[0] + other.first, part[0] + other.last))
        for one, (other,) in _without_leading(pairs)
    ]


def _pieces_between(block: Sequence[str], bare: Sequence[str], part: Run) -> list[tuple[Sequence[str], Run]]:
    """Whole definitions between placeholders, with the rows of those they replace; none if anything else is new."""
    here, known = definitions(bare), {squeeze(row) for row in bare}
    pieces: list[tuple[Sequence[str], Run]] = []
    for lines in split_at_elisions(block, bare):
        given = [one for one in top_level(definitions(lines)) if one.last > one.head + 1]
        rest = [
            line for row, line in enumerate(lines) if not any(one.first <= row < one.last for one in given)
        ]
        if any(line.strip() and squeeze(line) not in known for line in rest):
            return []
        for one in given:
            others = [other for other in here if other.name == one.name]
            inside = [other for other in others if part[0] <= other.head < part[1]]
            if len(inside or others) != 1:
                return []
            (_, (other,)) = _without_leading([(one, inside or others)])[0]
            pieces.append((lines[one.first : one.last], (other.first, other.last)))
    return pieces


def _without_leading(
    pairs: list[tuple[Definition, list[Definition]]],
) -> list[tuple[Definition, list[Definition]]]:
    """Comments and decorators of the old definition stay where the new one has none."""
    kept: list[tuple[Definition, list[Definition]]] = []
    for one, (other,) in pairs:
        if one.first == one.head:
            other = Definition(other.name, other.head, other.head, other.last, other.indent)
        kept.append((one, [other]))
    return kept


def _only_definitions(block: Sequence[str], given: Sequence[Definition]) -> bool:
    inside = {row for one in given for row in range(one.first, one.last)}
    return all(row in inside for row, line in enumerate(block) if line.strip())


def _size(lines: Sequence[str]) -> int:
    return sum(bool(line.strip()) for line in lines)
