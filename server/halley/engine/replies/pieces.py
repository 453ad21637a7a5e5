"""A block that holds only some of the definitions it was asked for: which, and what they replace.

Models leave out what they did not change, with a placeholder or without a word. Here a block is taken to pieces, each a
definition that the document has under the same name. What the block does not mention stays; what is unclear
apart for certain gives None, and nothing is replaced.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from halley.engine.code.definitions import Definition, definitions, members, top_level
from halley.engine.code.layout import width
from halley.engine.edits.matching import Known, Run

Piece = tuple[Sequence[str], Run]
"""Lines of a block, and the rows they replace."""


class _ByName(NamedTuple):
    """The document's definitions, also by their names: each piece of a block asks for one."""

    all: Sequence[Definition]
    named: dict[str, list[Definition]]


def split_pieces(block: Sequence[str], bare: Sequence[str], part: Run) -> list[Piece] | None:
    """The block as the whole of the part; or as pieces, when it leaves definitions out, or reaches beyond the part."""
    here, there = definitions(bare), definitions(block)
    given = top_level(there)
    own = [one for one in here if part[0] <= one.head < part[1]]
    size, mine = _size(bare[part[0] : part[1]]), _size(block)
    left_out = {one.name for one in members(own)} - {one.name for one in there}
    around = _around(given, here, part) or _beside(given, own, here, part)
    # Left out to be deleted, or out of laziness? Nearly as long as the part, a block is the part with something taken
    # out; a short one is only what changed, and the rest has to stay.
    if not around and (not left_out or not given or mine >= 0.6 * size):
        return [(block, part)]
    known = Known(bare)
    pairs = (
        _pairs(given, block, there, _by_name(here), bare, part) if _all_known(block, given, known) else None
    )
    if pairs is not None:
        return _pieces(pairs, block)
    return None if around or mine < 0.5 * size else [(block, part)]


def left_out(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The names of definitions that `old` has and `new` has not, when more of them went than came.

    As many new names as lost ones are renamings. The reply does not say whether the others were to go.
    """
    was = list(dict.fromkeys(one.name for one in members(definitions(old))))
    now = {one.name for one in members(definitions(new))}
    lost = [name for name in was if name not in now]
    return lost if len(lost) > len(now - set(was)) else []


def pieces_between(
    block: Sequence[str], bare: Sequence[str], part: Run, elided: Sequence[int]
) -> list[Piece]:
    """Whole definitions between placeholders, which are the rows `elided` of the block.

    None if anything else is new, or a definition may go on in one.
    """
    here, known = _by_name(definitions(bare)), Known(bare)
    cuts = [-1, *elided, len(block)]
    pieces: list[Piece] = []
    for first, last in pairwise(cuts):
        lines = block[first + 1 : last]
        there = [one for one in definitions(lines) if _ends(one, lines, block[last : last + 1])]
        given = top_level(there)
        if not _all_known(lines, given, known):
            return []
        pairs = _pairs(given, lines, there, here, bare, part)
        if pairs is None:
            return []
        pieces += _pieces(pairs, lines)
    return pieces


def _pairs(
    given: Sequence[Definition],
    lines: Sequence[str],
    there: Sequence[Definition],
    here: _ByName,
    bare: Sequence[str],
    part: Run,
    within: Run | None = None,
) -> list[tuple[Definition, Definition]] | None:
    """Each given definition with the one it replaces; for a container that leaves members out, its members."""
    pairs: list[tuple[Definition, Definition]] = []
    for one in given:
        other = _counterpart(one, here, part, within)
        if other is None:
            return None
        inner, theirs = _inside(one, there), _inside(other, here.all)
        if other.is_container and {each.name for each in theirs} - {each.name for each in inner}:
            known = Known(bare[other.first : other.last])
            if not _all_known(lines[one.first : one.last], _shifted(inner, -one.first), known):
                return None
            deeper = _pairs(inner, lines, there, here, bare, part, (other.head, other.last))
            if deeper is None:
                return None
            pairs += deeper
        elif _covers(other, part):
            return None  # it replaces more than was asked about
        else:
            pairs.append((one, other))
    return pairs


def _by_name(found: Sequence[Definition]) -> _ByName:
    named: dict[str, list[Definition]] = {}
    for one in found:
        named.setdefault(one.name, []).append(one)
    return _ByName(found, named)


def _counterpart(one: Definition, here: _ByName, part: Run, within: Run | None) -> Definition | None:
    """The one definition of the same name: in the part, else anywhere; None when there are several, or none."""
    named = here.named.get(one.name, [])
    if within is not None:
        named = [other for other in named if within[0] < other.head < within[1]]
    inside = [other for other in named if part[0] <= other.head < part[1]]
    found = inside or named
    return found[0] if len(found) == 1 else None


def _around(given: Sequence[Definition], here: Sequence[Definition], part: Run) -> bool:
    """Whether the block gives back a container that the part is only a piece of."""
    names = {one.name for one in given if one.is_container}
    return any(other.name in names and _covers(other, part) for other in here)


def _beside(
    given: Sequence[Definition], own: Sequence[Definition], here: Sequence[Definition], part: Run
) -> bool:
    """Whether the block gives a definition that stands beside the part's own: a second of the name is not meant."""
    mine = {one.head: one.name for one in top_level(own)}
    names = {one.name for one in given} - set(mine.values())
    if not names:
        return False
    holders = _holders(here)
    around = {holders[head] for head in mine}
    return any(
        other.name in names and not part[0] <= other.head < part[1] and holders[other.head] in around
        for other in here
    )


def _holders(here: Sequence[Definition]) -> dict[int, int]:
    """For each definition's head the head of the innermost one around it, or -1; they come in the order of heads."""
    found: dict[int, int] = {}
    open_: list[Definition] = []
    for one in here:
        while open_ and open_[-1].last <= one.head:
            open_.pop()
        found[one.head] = open_[-1].head if open_ else -1
        open_.append(one)
    return found


def _covers(other: Definition, part: Run) -> bool:
    """Whether a definition begins before the part and ends after it begins."""
    return other.head < part[0] < other.last


def _pieces(pairs: Sequence[tuple[Definition, Definition]], lines: Sequence[str]) -> list[Piece]:
    """Comments and decorators of an old definition stay where the new one has none."""
    pieces: list[Piece] = []
    for one, other in pairs:
        first = other.head if one.first == one.head else other.first
        pieces.append((lines[one.first : one.last], (first, other.last)))
    return pieces


def _inside(one: Definition, found: Sequence[Definition]) -> list[Definition]:
    """The members of a definition, those of its members left out."""
    first = bisect_right(found, one.head, key=_head)
    return top_level(found[first : bisect_left(found, one.last, first, key=_head)])


def _head(one: Definition) -> int:
    return one.head


def _ends(one: Definition, lines: Sequence[str], placeholder: Sequence[str]) -> bool:
    """Whether a definition is whole: more than a first line, and the placeholder after it is not in its body."""
    if one.last == one.head + 1:
        return False
    goes_on = not any(line.strip() for line in lines[one.last :])
    closed = lines[one.last - 1].strip().startswith(("}", "end", ")", "]"))
    return closed or not goes_on or not placeholder or width(placeholder[0]) <= one.indent


def _all_known(lines: Sequence[str], given: Sequence[Definition], known: Known) -> bool:
    """Whether all that is not in the definitions is in the document already."""
    inside = {row for one in given for row in range(one.first, one.last)}
    return all(row in inside or not line.strip() or line in known for row, line in enumerate(lines))


def _shifted(found: Sequence[Definition], by: int) -> list[Definition]:
    return [replace(one, first=one.first + by, head=one.head + by, last=one.last + by) for one in found]


def _size(lines: Sequence[str]) -> int:
    return sum(bool(line.strip()) for line in lines)
