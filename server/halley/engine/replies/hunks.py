"""Hunks: a few lines as they were and as they shall be, and where in a text they belong.

SEARCH/REPLACE blocks and unified diffs both become `Hunk`s. `place_hunk` finds the old lines exactly, else regardless
of white space, else around placeholders; in one place only, or not at all. Lines that a hunk does not change are taken
from the text, never from the hunk, so that a model's bad copy of them does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from halley.engine.code.layout import (
    TAB,
    Style,
    columns,
    content,
    ending,
    fit_style,
    indentation,
    local_style,
    shift,
)
from halley.engine.edits.diffs import diff_lines
from halley.engine.edits.matching import EXACT_WAYS, WAYS, Finder, Run, squeeze
from halley.engine.replies.elision import elided_rows, is_elision

Sign = Literal["=", "-", "+"]
Line = tuple[Sign, str]


@dataclass(frozen=True, slots=True)
class Hunk:
    """`lines` in order: kept (`=`), removed (`-`), added (`+`), without line ends. `source` is how the reply wrote it.

    `path` is the file it names, empty where it names none. `anchors` are lines that stand above it, `@@ def f():` say;
    `row` is where its header puts it, counted from 0. Both only choose among places where the old lines are.
    """

    lines: tuple[Line, ...]
    path: str = ""
    source: str = ""
    anchors: tuple[str, ...] = ()
    row: int | None = None

    @property
    def old(self) -> list[str]:
        return [line for sign, line in self.lines if sign != "+"]

    @property
    def new(self) -> list[str]:
        return [line for sign, line in self.lines if sign != "-"]


class Placed(NamedTuple):
    """Rows `first` to `last` become `lines`, without line ends; a row number stands for that row as it is."""

    first: int
    last: int
    lines: tuple[int | str, ...]


Unplaced = Literal["missing", "ambiguous", "elided", "empty"]


def hunk_of(search: Sequence[str], replace: Sequence[str], path: str = "", source: str = "") -> Hunk:
    """A hunk from two versions of some lines."""
    lines: list[Line] = []
    i = 0
    blocks = diff_lines(search, replace)
    for i1, i2, j1, j2 in [*blocks, (len(search), len(search), len(replace), len(replace))]:
        lines += _signed("=", search[i:i1])
        lines += _signed("-", search[i1:i2])
        lines += _signed("+", replace[j1:j2])
        i = i2
    return Hunk(tuple(lines), path, source)


def _signed(sign: Sign, lines: Sequence[str]) -> list[Line]:
    return [(sign, line) for line in lines]


def place_hunk(hunk: Hunk, finder: Finder, selected: Run | None = None) -> Placed | Unplaced:
    """Where the hunk belongs in the finder's rows (without ends). Of several places, one in `selected` rows wins."""
    old, rows = hunk.old, finder.rows
    # First of all: a placeholder among new lines would be written into the file as it is.
    if _adds_elision(hunk, rows):
        return "elided"
    if not any(line.strip() for line in old):
        return "empty"
    for way in range(len(WAYS)):
        found = finder.find(way, old)
        # Two exact places are ambiguous, even if a looser way would see only one: it compares less, and knows less.
        if found:
            run = only(found, selected) or _pointed(hunk, found, finder)
            return _placed(hunk, rows, run, way) if run is not None else "ambiguous"
    if any(is_elision(line) for line in old):
        return _around_elisions(hunk, finder, selected)
    return "missing"


def join_rows(placed: Placed, rows: Sequence[str], newline: str) -> str:
    """The text that takes the place of a hunk's rows, `rows` having their ends.

    A kept row stays as it is, ends included. A new row gets the end of the row it replaces, an added one that of the
    row above it. What was without an end at the end of the file stays so.
    """
    out: list[str] = []
    at, above = placed.first, ending(rows[placed.first - 1]) if placed.first else ""
    for line, kept in zip(placed.lines, _next_kept(placed), strict=True):
        if isinstance(line, int):
            out.append(rows[line])
            at, above = line + 1, ending(rows[line]) or above
        else:
            above = (ending(rows[at]) if at < kept else "") or above or newline
            out.append(line + above)
            at = min(at + 1, kept)
    for n, text in enumerate(out[:-1]):
        if not ending(text):  # the file's last row is its last no more
            out[n] = text + (above or newline)
    if out and placed.last == len(rows) and rows[-1]:
        out[-1] = content(out[-1])
    return "".join(out)


def _next_kept(placed: Placed) -> list[int]:
    """For each line of a placed hunk the kept row that follows it, or the row after the hunk."""
    following, found = placed.last, list[int]()
    for line in reversed(placed.lines):
        found.append(following)
        following = line if isinstance(line, int) else following
    return found[::-1]


def _adds_elision(hunk: Hunk, rows: Sequence[str]) -> bool:
    """Whether a placeholder is among the added lines, which nothing in the old ones says the meaning of."""
    signs = [sign for sign, _ in hunk.lines if sign != "-"]
    return any(signs[row] == "+" for row in elided_rows(hunk.new, rows))


def only(found: Sequence[Run], selected: Run | None) -> Run | None:
    """The one place, or the one that touches the selection; None when there is no telling."""
    if len(found) == 1:
        return found[0]
    if selected is None:
        return None
    inside = [run for run in found if run[0] < selected[1] and run[1] > selected[0]]
    return inside[0] if len(inside) == 1 else None


def _pointed(hunk: Hunk, found: Sequence[Run], finder: Finder) -> Run | None:
    """The place that the hunk's header points at: by its anchors, else by its number when that is exactly right.

    A model's numbers are often wrong, but a wrong one that hits just one of several places by chance is rare.
    """
    if hunk.anchors:
        below = _below_anchors(hunk.anchors, found, finder)
        if len(below) == 1:
            return below[0]
        found = below or found
    skipped = next((n for n, line in enumerate(hunk.old) if line.strip()), 0)
    exact = [run for run in found if hunk.row is not None and run[0] in (hunk.row, hunk.row + skipped)]
    return exact[0] if len(exact) == 1 else None


def _below_anchors(anchors: Sequence[str], found: Sequence[Run], finder: Finder) -> list[Run]:
    """The places nearest below the anchors, one for each place where the anchors stand."""
    heads = [-1]
    for anchor in anchors:
        key = squeeze(anchor)
        named = finder.rows_like(anchor) or [
            n for n, row in enumerate(finder.rows) if key and squeeze(row).startswith(key)
        ]
        heads = [n for n in named if n > heads[0]]
        if not heads:
            return []
    nearest = {next((run for run in found if run[0] >= head), None) for head in heads}
    return [run for run in nearest if run is not None]


def _placed(hunk: Hunk, rows: Sequence[str], run: Run, way: int) -> Placed:
    """The new rows: the text's own where kept, the hunk's, indented as the place is, where added."""
    added = _fitted(hunk, rows, run, way)
    skips_blank = way >= EXACT_WAYS
    out: list[int | str] = []
    at = run[0]
    for sign, line in hunk.lines:
        if sign == "+":
            out.append(next(added))
        elif line.strip() or not skips_blank:
            # Found regardless of blank lines, so those of the text are in between here and there: they stay.
            while skips_blank and not rows[at].strip():
                out.append(at)
                at += 1
            if sign == "=":
                out.append(at)
            at += 1
        elif sign == "-" and at < run[1] and not rows[at].strip():
            at += 1
    out += range(at, run[1])
    return Placed(run[0], run[1], tuple(out))


def _fitted(hunk: Hunk, rows: Sequence[str], run: Run, way: int) -> Iterator[str]:
    added = [line for sign, line in hunk.lines if sign == "+"]
    if way < EXACT_WAYS:
        return iter(added)
    style = local_style(rows, run)
    mine = [line for line in hunk.old if line.strip()]
    theirs = [row for row in rows[run[0] : run[1]] if row.strip()]
    converted = fit_style([*mine, *added], style)
    by = _offset(converted[: len(mine)], theirs, style)
    return iter(shift(converted[len(mine) :], by, style))


def _offset(mine: Sequence[str], theirs: Sequence[str], style: Style) -> int:
    """By how many columns most lines of a hunk are off."""
    tab = style.unit if style.tabs else TAB
    offsets = Counter(
        columns(indentation(b), tab) - columns(indentation(a), tab)
        for a, b in zip(mine, theirs, strict=False)
    )
    # Most lines decide: a model that shifts a block often gets one line of it wrong.
    return offsets.most_common(1)[0][0] if offsets else 0


def _around_elisions(hunk: Hunk, finder: Finder, selected: Run | None) -> Placed | Unplaced:
    """A hunk with placeholders: its parts, each found once and in order; between them the text stays or goes."""
    parts = _split(hunk)
    chains: list[list[Run]] = [[]]
    for part in parts:
        found = _places(part.old, finder)
        chains = [[*chain, run] for chain in chains for run in found if not chain or run[0] >= chain[-1][1]]
        # Parts that occur in many places multiply; long before this bound it is hopeless to say which is meant.
        if len(chains) > 64:
            return "ambiguous"
    if not chains:
        return "missing"
    run = only([(chain[0][0], chain[-1][1]) for chain in chains], selected)
    if run is None:
        return "ambiguous"
    chain = next(chain for chain in chains if (chain[0][0], chain[-1][1]) == run)
    return _joined(hunk, parts, chain, finder)


def _places(old: Sequence[str], finder: Finder) -> list[Run]:
    for way in range(len(WAYS)):
        if found := finder.find(way, old):
            return found
    return []


def _joined(hunk: Hunk, parts: Sequence[Hunk], chain: Sequence[Run], finder: Finder) -> Placed | Unplaced:
    marks = [sign for sign, line in hunk.lines if sign != "+" and is_elision(line)]
    out: list[int | str] = []
    at = chain[0][0]
    for n, (part, run) in enumerate(zip(parts, chain, strict=True)):
        if n and marks[n - 1] == "=":
            out += range(at, run[0])
        way = next(way for way in range(len(WAYS)) if run in finder.find(way, part.old))
        out += _placed(part, finder.rows, run, way).lines
        at = run[1]
    return Placed(chain[0][0], chain[-1][1], tuple(out))


def _split(hunk: Hunk) -> list[Hunk]:
    """The parts between placeholders; a placeholder at either end stands for nothing."""
    parts: list[list[Line]] = [[]]
    for sign, line in hunk.lines:
        if sign != "+" and is_elision(line):
            parts.append([])
        else:
            parts[-1].append((sign, line))
    return [Hunk(tuple(part), hunk.path) for part in parts]
