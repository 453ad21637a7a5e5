"""Placeholders: lines in which a reply says that the rest is unchanged.

`elided_rows` finds them among code; `fill_elisions` restores the lines they stand for. These are taken only from
between two lines that were certainly found. Otherwise the result is None: a wrong guess would delete code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from halley.engine.edits.matching import Finder, Likeness, Run, squeeze

_COMMENT = re.compile(
    r"^(?:#|//|--|;|%|/?\*|<!--|\{/\*|\(\*|rem\b|\"{3}|'(?!\w+'))+\s*(?P<text>.*?)\s*(?:\*/\}?|-->|\*\)|\"{3})?$",
    re.IGNORECASE,
)
_BARE = re.compile(r"^(?:\.{2,}|…|[(\[<{])\s*(?P<text>[\w ,/'’()&:+-]*?)\s*(?:\.{2,}|…|[)\]>}])*\.?$")
"""A placeholder that is no comment: `... rest of the file ...`, `(rest of methods ...)`, `[unchanged]`."""
_DOTS = re.compile(r"^(?:\.{3,}|…)$")
_MARGINS = ".… \t()[]{}<>*~_=-#/|:!✂"
_WORD = re.compile(r"\w+")
_FEW = 16
_LONGEST = 160
"""No placeholder is longer, and the patterns need not look at lines that are."""

_HINTS = re.compile(
    r"\b(?:rest|remain(?:s|ing|der)?|unchanged|unmodified|untouched|existing|same|previous(?:ly)?|other|omitted|"
    r"as (?:is|before|it was)|elided|snip(?:ped)?|original|keep|kept|truncated|code|here|continues?|"
    r"no(?:t)? (?:other )?change[sd]?|stays?|abbreviated|skipped|hidden|etc|more)\b",
    re.IGNORECASE,
)
_THINGS = (
    "(?:code|file|functions?|class|classes|methods?|module|script|component|implementation|body|logic|imports|lines|"
    "fields?|properties|members?|definitions?|entries|content|section|rules?|tests?|handlers?|routes?)"
)
_AS_IT_WAS = (
    r"(?:unchanged|unmodified|untouched|the same(?: as before)?|as before|as is|as it was|as they were)"
)
_SAID = re.compile(
    rf"^(?:(?:the |all )?(?:rest|remainder) (?:of )?(?:the |your |this )?(?:\w+ )?{_THINGS}(?: (?:goes |stays )?here|"
    rf" (?:remains|stays|is|are) {_AS_IT_WAS}| {_AS_IT_WAS}| continues| below)?"
    rf"|(?:all )?(?:the )?(?:existing|unchanged|original|previous|remaining|other) {_THINGS}(?: (?:goes |stays )?here|"
    rf" (?:remains?|stays?|is|are) {_AS_IT_WAS}| {_AS_IT_WAS})?"
    rf"|(?:everything|all) else (?:remains|stays|is) {_AS_IT_WAS}"
    rf"|(?:the )?(?:rest|remainder)(?: (?:remains?|stays?|is))? {_AS_IT_WAS}"
    rf"|(?:snip(?:ped)?|omitted|elided|truncated)(?: for brevity)?"
    rf"|(?:no (?:other )?changes?(?: (?:here|below|above))?|unchanged|{_THINGS} unchanged"
    r"|same as (?:before|above)))\.?$",
    re.IGNORECASE,
)
_STATE = re.compile(
    rf"\b(?:(?:remains?|stays?|is|are|left|kept|keep) (?:exactly )?{_AS_IT_WAS}|unchanged|omitted|not shown|"
    r"for brevity|rest of|remaining|no changes?|same as (?:before|above|original)|existing (?:code|implementation)|"
    r"goe?s? here|stays? here|as (?:is|before|it (?:is|was)|they (?:are|were)))\b|^\W*etc\b",
    re.IGNORECASE,
)
"""What a comment says of code that is not there: a placeholder only where the reply leaves something out just there."""


def elided_rows(lines: Sequence[str], old: Sequence[str]) -> list[int]:
    """Which of `lines` stand for others. A line that the old text has too is only itself."""
    as_is = set(old) if len(lines) > len(old) // 8 else ()  # cheaper than to read so many lines
    rows = [row for row, line in enumerate(lines) if line not in as_is and may_be_elision(line)]
    if not rows:
        return []
    # Files say `...` and "rest of" themselves; what the old text has already stands for nothing.
    akin = _akin([lines[row] for row in rows], old)
    known = {squeeze(line) for line in akin}
    own = Likeness([line for line in akin if is_elision(line)])
    return [
        row
        for row in rows
        if squeeze(lines[row]) not in known
        and own.row_like(lines[row]) is None  # the old text's own words, changed
        and (is_elision(lines[row]) or _leaves_out(lines, row, old))
        and not _is_body(lines, row, old)
    ]


def _akin(lines: Sequence[str], old: Sequence[str]) -> list[str]:
    """The old lines that have a word of `lines`, or none at all: no other can be the same line, or like it."""
    words = {word for line in lines for word in _WORD.findall(line)}
    text = "\n".join(old)
    if len(words) <= _FEW:  # to find that a word is nowhere is far cheaper than to look at each line
        words = {word for word in words if word in text}
    if not words:
        return [line for line in old if not _WORD.search(line)]
    shared = re.compile("|".join([r"^\W*$", *map(re.escape, sorted(words))]))
    return [line for line in old if shared.search(line)]


def is_elision(line: str) -> bool:
    """Whether a line, taken alone, says that something was left out."""
    stripped = line.strip()
    if len(stripped) > _LONGEST:
        return False
    if _DOTS.match(stripped):
        return True
    found = _COMMENT.match(stripped) or _BARE.match(stripped)
    if found is None:
        return False
    text = found["text"]
    words = text.strip(_MARGINS)
    dotted = (
        text.startswith(("...", "…"))
        or text.endswith(("...", "…"))
        or (found.re is _BARE and "..." in stripped)
    )
    if dotted:
        return (not words and found.re is _COMMENT) or bool(_HINTS.search(words))
    return bool(_SAID.match(words))


def may_be_elision(line: str) -> bool:
    """Whether a line says so if something is missing where it stands: `// b() and c() remain unchanged`."""
    stripped = line.strip()
    if len(stripped) > _LONGEST:
        return False
    if is_elision(stripped):
        return True
    comment = _COMMENT.match(stripped)
    return comment is not None and bool(_STATE.search(comment["text"]))


def _leaves_out(lines: Sequence[str], row: int, old: Sequence[str]) -> bool:
    """Whether old lines are missing just where a line stands: between the lines around it, as the old text has them."""
    above = next((squeeze(line) for line in reversed(lines[:row]) if line.strip()), None)
    below = next((squeeze(line) for line in lines[row + 1 :] if line.strip()), None)
    keys = [squeeze(line) for line in old if line.strip()]
    first = -1 if above is None else _only_row(keys, above)
    last = len(keys) if below is None else _only_row(keys, below)
    given = {squeeze(line) for line in lines}
    if Likeness(old).row_like(lines[row]) is not None:
        return False  # a comment of the old text that was reworded
    # Without a fixed place on either side one missing line may just be a deletion; several are a gap.
    if first is None or last is None:
        return sum(key not in given for key in keys) > 1
    return any(key not in given for key in keys[first + 1 : last])


def _only_row(keys: Sequence[str], key: str) -> int | None:
    rows = [row for row, other in enumerate(keys) if other == key]
    return rows[0] if len(rows) == 1 else None


def fill_elisions(
    lines: Sequence[str], old: Sequence[str], elided: Sequence[int] | None = None
) -> tuple[list[str], Run] | None:
    """`lines` with each placeholder replaced by the old lines it stands for, and the old rows that all this replaces.

    A placeholder stands for what lies between the line before it and the line after it, both found in `old`; at the
    beginning or the end of the reply, for everything there. None where something of this is not certain. `elided`: the
    placeholders' rows, where they are known.
    """
    cuts = [-1, *(elided_rows(lines, old) if elided is None else elided), len(lines)]
    parts = _bare_edges([lines[a + 1 : b] for a, b in pairwise(cuts)])
    finder = Finder(old)
    filled = list(parts[0])
    at = _found(parts[0], finder, 0, from_end=True) if _says(parts[0]) else 0
    for n, part in enumerate(parts[1:], 1):
        stop = _found(part, finder, at, from_end=False) if at is not None and _says(part) else None
        if not _says(part) and n == len(parts) - 1:
            stop = len(old)
        if at is None or stop is None:
            return None
        filled += [*old[at:stop], *part]
        at = _found(part, finder, stop, from_end=True) if n < len(parts) - 1 else stop
    first, last = _first_row(parts[0], finder), _last_row(parts[-1], finder, at or 0)
    return (filled, (first, last)) if first is not None and last is not None else None


def _bare_edges(parts: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The parts without blank lines next to a placeholder: what it stands for has its own."""
    trimmed: list[Sequence[str]] = []
    for n, part in enumerate(parts):
        first, last = 0, len(part)
        while n and first < last and not part[first].strip():
            first += 1
        while n < len(parts) - 1 and last > first and not part[last - 1].strip():
            last -= 1
        trimmed.append(part[first:last])
    return trimmed


def _found(part: Sequence[str], old: Finder, at: int, *, from_end: bool) -> int | None:
    """Where in `old` the part begins, or ends: told by as many of its lines as it takes for there to be one place."""
    return old.shortest_run([line for line in part if line.strip()], at, from_end=from_end)


def _first_row(part: Sequence[str], old: Finder) -> int | None:
    """The old row the reply begins at. A new first line is in the place of the old one, if no line is between them."""
    if not _says(part):
        return 0
    if (row := _found(part, old, 0, from_end=False)) is not None:
        return row
    end = _found(part, old, 0, from_end=True)
    return 0 if end is not None and end <= len(part) else None


def _last_row(part: Sequence[str], old: Finder, at: int) -> int | None:
    """The old row the reply ends at, likewise."""
    if not _says(part):
        return len(old.rows)
    if (row := _found(part, old, at, from_end=True)) is not None:
        return row
    return len(old.rows) if len(old.rows) - at <= len(part) else None


def _says(part: Sequence[str]) -> bool:
    return any(line.strip() for line in part)


def _is_body(lines: Sequence[str], row: int, old: Sequence[str]) -> bool:
    """`...` as the body of something new is Python's own, not a placeholder."""
    if not _DOTS.match(lines[row].strip()):
        return False
    above = next((line for line in reversed(lines[:row]) if line.strip()), "")
    return above.rstrip().endswith(":") and squeeze(above) not in map(squeeze, old)
