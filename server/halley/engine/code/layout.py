"""How a text is laid out: line ends, indentation, the final newline; and making new text fit in.

Models answer with `\\n`, with four spaces, and often without the indentation of the place. Everything here keeps what
the document has: `fit_newlines`, `fit_indentation`, `fit_edges`. All work on whole lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from halley.core.text import split_lines
from halley.engine.edits.diffs import diff_lines

_TABBED = frozenset(("go", "makefile"))
_COMMENT_ROW = re.compile(r"^\s*\*(?:[\s/]|$)")
"""The rows of a `/* … */` comment are one column off whatever the file's indentation is."""
TAB = 4
"""Columns of a tab, where nothing says more."""


@dataclass(frozen=True, slots=True)
class Style:
    """What one level of indentation is. `known` is false where the text has none to learn from."""

    tabs: bool = False
    unit: int = 4
    known: bool = False


# -- lines


def content(line: str) -> str:
    """A line without its end."""
    return line.rstrip("\r\n")


def contents(lines: Sequence[str]) -> list[str]:
    """Each line without its end."""
    return [line.rstrip("\r\n") for line in lines]


def ending(line: str) -> str:
    return line[len(content(line)) :]


def newline_of(text: str) -> str:
    """The line end a text mostly has; `\\n` where it has none."""
    pairs = text.count("\r\n")
    counts = {"\n": text.count("\n") - pairs, "\r\n": pairs, "\r": text.count("\r") - pairs}
    return max(counts, key=lambda end: counts[end])


def fit_newlines(new: str, old: str, newline: str) -> str:
    """`new` with the line ends of `old`, whose place it takes; `newline` where `old` says nothing.

    A line that both have keeps its end. A changed line gets the end of the line it stands for, and an added one the end
    of the line above it: so a file with mixed ends keeps each of them.
    """
    was = split_lines(old)
    lines = [content(line) for line in split_lines(new)]
    if {ending(line) for line in was} - {""} <= {newline}:
        return newline.join(lines)
    ends = [ending(line) for line in was]
    fitted: list[str] = []
    i = 0
    blocks = diff_lines([content(line) for line in was], lines)
    for i1, i2, j1, j2 in [*blocks, (len(was), len(was), len(lines), len(lines))]:
        for row in (*range(i, i1), *range(i1, min(i2, i1 + j2 - j1))):
            fitted.append(ends[row] or newline)
        above = next((end for end in reversed(fitted) if end), newline)
        fitted += [above] * ((j2 - j1) - (i2 - i1))
        i = i2
    fitted[-1] = ""  # what follows the last line's content is the caller's
    return "".join(line + end for line, end in zip(lines, fitted, strict=True))


def fit_edges(new: str, old: str) -> str:
    """`new` with the blank lines that `old` begins and ends with, and its final newline or the lack of it."""
    before, after = split_lines(old), split_lines(new)
    head, tail = _blank_head(before), _blank_head(before[::-1])
    if not old.strip() or not new.strip():
        return new
    kept = after[_blank_head(after) : len(after) - _blank_head(after[::-1])]
    kept[-1] = content(kept[-1]) + (ending(before[-1 - tail]))
    return "".join(before[:head] + kept + before[len(before) - tail :])


def fit_blank(lines: Sequence[str], old: Sequence[str]) -> list[str]:
    """`lines` with the white space that blank lines of `old` have, unless that is all that changes."""
    bare, was = [line.strip() for line in lines], [line.strip() for line in old]
    if not any(line and not line.strip() for line in old) or bare == was:
        return list(lines)
    fitted = list(lines)
    i = j = 0
    for i1, i2, _, j2 in [*diff_lines(was, bare), (len(was), len(was), len(bare), len(bare))]:
        for n in range(i1 - i):
            if not bare[j + n]:
                fitted[j + n] = old[i + n]
        i, j = i2, j2
    return fitted


def _blank_head(lines: Sequence[str]) -> int:
    return next((n for n, line in enumerate(lines) if line.strip()), len(lines))


# -- indentation


def indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def columns(space: str, tab: int = TAB) -> int:
    """Width of an indentation."""
    return len(space.expandtabs(tab))


def style_of(lines: Sequence[str], language_id: str = "") -> Style:
    """Tabs or spaces by the majority of the indented lines, and how many by the commonest step between lines.

    Where no line is indented, the language's own way, if it has only one.
    """
    spaces = [indentation(line) for line in lines if line.strip() and not _COMMENT_ROW.match(line)]
    tabs = sum(space.startswith("\t") for space in spaces)
    blanks = sum(space.startswith(" ") for space in spaces)
    if not tabs and not blanks:
        return Style(tabs=True, known=True) if language_id in _TABBED else Style()
    if tabs >= blanks:
        return Style(tabs=True, unit=TAB, known=True)
    widths = [columns(space) for space in spaces]
    steps = Counter(b - a for a, b in pairwise(widths) if 2 <= b - a <= 8)
    first = min((each for each in widths if each), default=4)
    return Style(unit=steps.most_common(1)[0][0] if steps else first, known=True)


def width(line: str) -> int:
    """Columns a line is indented by."""
    space = indentation(line)
    return columns(space) if "\t" in space else len(space)


def indent_text(size: int, style: Style) -> str:
    """An indentation of so many columns; columns that fill no tab stay spaces."""
    size = max(size, 0)
    return "\t" * (size // style.unit) + " " * (size % style.unit) if style.tabs else " " * size


def local_style(rows: Sequence[str], part: tuple[int, int], language_id: str = "") -> Style:
    """The style of the part itself; where it has no indentation, of the rows around it, then of the whole text.

    A licence header or an embedded block of another style must not decide for the place that is edited.
    """
    first, last = part
    for reach in (0, 20, 80):
        style = style_of(rows[max(first - reach, 0) : last + reach])
        if style.known:
            return style
    return style_of(rows, language_id)


def fit_style(lines: Sequence[str], style: Style, old: Sequence[str] = ()) -> list[str]:
    """`lines` with tabs where the document has tabs, and spaces where it has spaces.

    `old` are lines they take the place of. Where `lines` repeat indented ones of these as they stand, the reply has
    the document's own layout already, mixed as it may be, and is left alone.
    """
    mine = style_of(lines)
    if not style.known or not mine.known or mine.tabs == style.tabs:
        return list(lines)
    if old and (kept := _kept_indented(lines, old)):
        converted = _with_own(lines, _converted(lines, mine, style), old)
        return converted if _kept_indented(converted, old) > kept else list(lines)
    return _converted(lines, mine, style)


def _with_own(lines: Sequence[str], converted: Sequence[str], old: Sequence[str]) -> list[str]:
    """The converted lines, but those of the old text as they stand, and new ones that go on below these as deep.

    So what is in a string of several lines keeps its blanks.
    """
    known = {line.rstrip() for line in old if indentation(line) and line.strip()}
    out: list[str] = []
    above: str | None = None
    for line, other in zip(lines, converted, strict=True):
        space = indentation(line)
        as_is = space and line.strip() and other.rstrip() not in known
        own = as_is and (line.rstrip() in known or space == above)
        above = space if own else None
        out.append(line if own else other)
    return out


def _kept_indented(lines: Sequence[str], old: Sequence[str]) -> int:
    known = Counter(line.rstrip() for line in old if indentation(line) and line.strip())
    return _kept([line for line in lines if indentation(line)], known)


def _converted(lines: Sequence[str], mine: Style, style: Style) -> list[str]:
    fitted: list[str] = []
    for line in lines:
        space = indentation(line)
        level, rest = divmod(columns(space, mine.unit), mine.unit)
        fitted.append(indent_text(level * style.unit, style) + " " * rest + line[len(space) :])
    return fitted


def shift(lines: Sequence[str], by: int, style: Style) -> list[str]:
    """`lines` moved by so many columns; blank ones stay."""
    if not by:
        return list(lines)
    return [_shifted(line, by, style) if line.strip() else line for line in lines]


def _shifted(line: str, by: int, style: Style) -> str:
    space = indentation(line)
    unit = style.unit if style.tabs else TAB
    return indent_text(columns(space, unit) + by, style) + line[len(space) :]


def fit_indentation(lines: Sequence[str], old: Sequence[str], style: Style) -> list[str]:
    """The lines of a reply, indented as the `old` lines they replace.

    A reply may have lost the indentation of the whole, or of its first line only. Of what it could have meant the
    reading is taken that keeps the most of the old lines as they are; a reply that has as many right as any is left
    alone, unless it has none.
    """
    shapes = _readings(lines, old, style)
    scores = [kept_of(shape, old) for shape in shapes]
    best = max(kept for kept, _ in scores)
    if len(shapes) == 1 or (scores[0][0] == best > 0 and not _lost_first(lines, old)):
        return shapes[0]
    if best == 0:
        return shapes[1]
    moved = [n for n in range(1, len(shapes)) if scores[n][0] == best]
    return shapes[max(moved, key=lambda n: scores[n][1])] if moved else shapes[0]


def moved_under(lines: Sequence[str], row: str) -> list[str] | None:
    """All lines moved so that the first stands as deep as `row`; None where they are, or cannot all be."""
    have, want = indentation(lines[0]), indentation(row)
    return _prefixed(lines, have, want) if have != want else None


def _lost_first(lines: Sequence[str], old: Sequence[str]) -> bool:
    """Whether a reply begins with a new line at the margin, and all that follows is as deep as the old lines began."""
    here, there = _first(lines), _first(old)
    if here is None or there is None or indentation(lines[here]):
        return False
    rest = [line for line in lines[here + 1 :] if line.strip()]
    depth = width(old[there])
    deeper = depth + (_holds(lines, here) and bool(rest) and width(rest[0]) <= depth)
    return depth > 0 and bool(rest) and all(width(line) >= deeper for line in rest)


def kept_of(lines: Sequence[str], old: Sequence[str]) -> tuple[int, int]:
    """How many of `lines` are lines of `old` as they stand, and how many are indented exactly as one of them."""
    depths = Counter(indentation(line) for line in lines if line.strip())
    theirs = Counter(indentation(line) for line in old if line.strip())
    known = Counter(line.rstrip() for line in old if line.strip())
    return _kept(lines, known), (depths & theirs).total()


def _readings(lines: Sequence[str], old: Sequence[str], style: Style) -> list[list[str]]:
    """As it stands; then the likeliest shift first."""
    shapes = [list(lines)]
    here, there = _first(lines), _first(old)
    if here is None or there is None:
        return shapes
    unit = style.unit if style.tabs else TAB
    have, want = columns(indentation(lines[here]), unit), columns(indentation(old[there]), unit)
    if have == want:
        return shapes
    rest = [columns(indentation(line), unit) for line in lines[here + 1 :] if line.strip()]
    alone = [*lines[:here], indentation(old[there]) + lines[here].lstrip(" \t"), *lines[here + 1 :]]
    whole = _prefixed(lines, indentation(lines[here]), indentation(old[there])) or shift(
        lines, want - have, style
    )
    if have > want:  # unless the rest cannot go as far to the left
        only_first = bool(rest) and min(rest) < have - want
    else:
        only_first = bool(rest) and min(rest) >= (
            want + 1 if _holds(lines, here) and rest[0] <= want else want
        )
    return [*shapes, alone, whole] if only_first else [*shapes, whole, alone]


def _prefixed(lines: Sequence[str], have: str, want: str) -> list[str] | None:
    """`lines` with the white space that the old text has in addition, or without what they have in addition, if nothing
    else differs.

    So tabs and spaces that were mixed stay mixed as they were.
    """
    if have.endswith(want) and have != want:
        more = have[: len(have) - len(want)]
        fits = all(line.startswith(more) for line in lines if line.strip())
        return [line[len(more) :] if line.strip() else line for line in lines] if fits else None
    if not want.endswith(have):
        return None
    lost = want[: len(want) - len(have)]
    return [lost + line if line.strip() else line for line in lines]


def _kept(lines: Sequence[str], known: Counter[str]) -> int:
    mine = Counter(line.rstrip() for line in lines if line.strip())
    return sum((mine & known).values())


def _first(lines: Sequence[str]) -> int | None:
    return next((n for n, line in enumerate(lines) if line.strip()), None)


def _holds(lines: Sequence[str], row: int) -> bool:
    """Whether what follows a row has to be deeper: not so for a list in YAML, nor if those below are not."""
    rest = [line for line in lines[row + 1 :] if line.strip()]
    following = rest[0].lstrip() if rest else ""
    remark = lines[row].lstrip().startswith(("*", "#", "//", "--"))
    opener = _opener(lines[row])
    if not opener or remark or following.startswith("- "):
        return False
    return all(_opener(a) != opener or width(b) > width(a) for a, b in pairwise(rest))


_OPENERS = (":", "{", "(", "[", "do", "then", "=>")


def _opener(line: str) -> str:
    """What opens a block at the end of a line; empty where nothing does."""
    return next((mark for mark in _OPENERS if line.rstrip().endswith(mark)), "")
