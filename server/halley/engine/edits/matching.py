"""Finding lines among lines: exactly, then regardless of white space. Never by likeness.

`find_run` gives every place, so that a caller can see whether there is just one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from heapq import nlargest

Run = tuple[int, int]
"""First row, and the row after the last."""

_EVERYWHERE = frozenset(
    """else pass break return continue end endif done begin then try finally default esac returnnone returnnull
    returntrue returnfalse return0 doc summary override public private""".split()
)
_BESIDE_MARKS = re.compile(r" (?=[^\w\s])|(?<=[^\w\s]) ")


def squeeze(line: str) -> str:
    """A line by which two are compared regardless of white space: between words it still counts as some."""
    words = " ".join(line.split())
    return _BESIDE_MARKS.sub("", words) if " " in words else words


def tells(line: str) -> bool:
    """Whether a line says where it is from: more than marks, and not one of those that every function has."""
    words = "".join(character for character in line.lower() if character.isalnum())
    return len(words) > 2 and words not in _EVERYWHERE


def _as_is(line: str) -> str:
    return line.rstrip("\r\n")


def _no_tail(line: str) -> str:
    return line.rstrip()


def _no_margins(line: str) -> str:
    return line.strip()


WAYS: tuple[Callable[[str], str], ...] = (_as_is, _no_tail, _no_margins, squeeze)
"""How lines are compared, the strictest first. The last two leave blank lines out of account."""

EXACT_WAYS = 2


def find_run(
    wanted: Sequence[str], rows: Sequence[str], first: int = 0, last: int | None = None
) -> list[Run]:
    """Every place in `rows[first:last]` where `wanted` stands, by the strictest way that finds any."""
    for way in range(len(WAYS)):
        if found := find_by(way, wanted, rows, first, last):
            return found
    return []


def find_by(
    way: int, wanted: Sequence[str], rows: Sequence[str], first: int = 0, last: int | None = None
) -> list[Run]:
    """Every place where `wanted` stands, compared in one of the WAYS; runs do not overlap themselves twice."""
    key = WAYS[way]
    stop = len(rows) if last is None else last
    numbered = [(n, key(rows[n])) for n in range(first, stop)]
    keys = [key(line) for line in wanted]
    if way >= EXACT_WAYS:
        numbered = [(n, line) for n, line in numbered if line]
        keys = [line for line in keys if line]
    if not keys:
        return []
    places = _places(keys, [line for _, line in numbered])
    return [(numbered[at][0], numbered[at + len(keys) - 1][0] + 1) for at in places]


def _places(keys: list[str], lines: list[str]) -> list[int]:
    begins = [at for at, line in enumerate(lines) if line == keys[0]]
    if len(begins) * len(keys) > _FEW * len(lines):  # the same line over and over
        alike = _alike(keys, lines)
        return [at for at in begins if alike[at] == len(keys)]
    return [at for at in begins if lines[at : at + len(keys)] == keys]


_FEW = 16


def shortest_run(
    wanted: Sequence[str], rows: Sequence[str], first: int = 0, *, from_end: bool = False
) -> int | None:
    """Where in `rows[first:]` the `wanted` lines begin, or with `from_end` end: the row, or the row after it.

    Told by as many of the lines as it takes for `find_run` to find just one place; None where it never does.
    """
    order = -1 if from_end else 1
    least = 1
    for way, key in enumerate(WAYS):
        numbered = [(n, key(rows[n])) for n in range(first, len(rows))][::order]
        keys = [key(line) for line in wanted][::order]
        if way >= EXACT_WAYS:
            numbered = [(n, line) for n, line in numbered if line]
            keys = [line for line in keys if line]
        alike = _alike(keys, [line for _, line in numbered])
        longest, second = [*nlargest(2, alike), 0, 0][:2]
        if second < longest >= least:
            return numbered[alike.index(longest)][0] + from_end
        least = max(least, longest + 1)  # with so many lines the stricter ways find nothing
    return None


def _alike(keys: Sequence[object], lines: Sequence[object]) -> list[int]:
    """For each of `lines`, how many from there on are as the first of `keys`; in linear time (the Z algorithm)."""
    both = [*keys, None, *lines]
    size = [0] * len(both)
    first = last = 0
    for n in range(1, len(both)):
        same = min(size[n - first], last - n) if n < last else 0
        while n + same < len(both) and both[same] == both[n + same]:
            same += 1
        size[n] = same
        if n + same > last:
            first, last = n, n + same
    return size[len(keys) + 1 :]


def overlaps(one: Sequence[object], other: Sequence[object]) -> Iterator[int]:
    """Every n, the largest first, for which the last n lines of `one` are the first n of `other`; in linear time."""
    for at, alike in enumerate(_alike(other, one)):
        if alike == len(one) - at:
            yield alike


class Likeness:
    """Which row of a text a line is much like, by its words. Never enough to place a line, only to know it again."""

    def __init__(self, rows: Sequence[str]) -> None:
        self._lines = rows

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        return [_words(row) for row in self._lines]

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for n, words in enumerate(self._words):
            for word in words:
                found.setdefault(word, []).append(n)
        return found

    def row_like(self, line: str) -> int | None:
        """The row that shares the most words with a line, if those are most of both."""
        mine = _words(line)
        found = Counter(n for word in mine for n in self._rows.get(word, ()))
        alike = [
            n
            for n, shared in found.items()
            if shared >= 2 and shared >= 0.6 * max(len(mine), len(self._words[n]))
        ]
        return max(alike, key=lambda n: found[n], default=None)


def _words(line: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", line[:400]))
