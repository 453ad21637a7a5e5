"""Finding lines among lines: exactly, then regardless of white space. Never by likeness.

`find_run` gives every place, so that a caller can see whether there is just one; `Finder` does so for the same rows
again and again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

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
    stop = len(rows) if last is None else last
    return [(a + first, b + first) for a, b in Finder(rows[first:stop]).find(way, wanted)]


class Finder:
    """Finds lines in the same rows again and again: the rows are compared with each of `wanted` by a look-up."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.rows = rows
        self._ways: dict[int, _Keyed] = {}

    def find(self, way: int, wanted: Sequence[str]) -> list[Run]:
        """Every place where `wanted` stands, compared in one of the WAYS."""
        keys = [WAYS[way](line) for line in wanted]
        if way >= EXACT_WAYS:
            keys = [line for line in keys if line]
        if not keys:
            return []
        mine = self._keyed(way)
        return [(mine.numbers[at], mine.numbers[at + len(keys) - 1] + 1) for at in mine.places(keys)]

    def shortest_run(self, wanted: Sequence[str], first: int = 0, *, from_end: bool = False) -> int | None:
        """Where in `rows[first:]` the `wanted` lines begin, or with `from_end` end: the row, or the row after it.

        Told by as many of the lines as it takes for there to be just one place; None where there never is.
        """
        least = 1
        for way in range(len(WAYS)):
            keys = [WAYS[way](line) for line in wanted]
            if way >= EXACT_WAYS:
                keys = [line for line in keys if line]
            mine = self._keyed(way)
            size, at = mine.longest(
                keys[::-1] if from_end else keys, bisect_left(mine.numbers, first), -1 if from_end else 1
            )
            if at is not None and size >= least:
                return mine.numbers[at] + from_end
            least = max(least, size + 1)  # with so many lines the stricter ways find nothing
        return None

    def rows_like(self, line: str) -> list[int]:
        """The rows that are a line, regardless of white space."""
        mine = self._keyed(len(WAYS) - 1)
        return [mine.numbers[at] for at in mine.begins.get(squeeze(line), ())]

    def _keyed(self, way: int) -> _Keyed:
        if way not in self._ways:
            exact = self._keyed(0) if way == 1 else None
            # Few texts have white space at the ends of lines: then both exact ways are one.
            same = exact is not None and list(map(_no_tail, self.rows)) == exact.lines
            self._ways[way] = exact if exact is not None and same else _Keyed(way, self.rows)
        return self._ways[way]


class _Keyed:
    """The rows as one of the WAYS compares them: their numbers, their keys, and where each key is."""

    def __init__(self, way: int, rows: Sequence[str]) -> None:
        self.lines = list(map(WAYS[way], rows))
        self.numbers: Sequence[int] = range(len(rows))
        if way >= EXACT_WAYS:
            self.numbers = [n for n, line in enumerate(self.lines) if line]
            self.lines = [line for line in self.lines if line]
        self.begins: defaultdict[str, list[int]] = defaultdict(list)
        for at, line in enumerate(self.lines):
            self.begins[line].append(at)

    def places(self, keys: list[str]) -> list[int]:
        """Where the keys stand, one below the other. The rarest of them says where to look."""
        if any(key not in self.begins for key in keys):
            return []
        rare = min(range(len(keys)), key=lambda n: len(self.begins[keys[n]]))
        begins = [at - rare for at in self.begins[keys[rare]] if at >= rare]
        if len(begins) * len(keys) > _FEW * len(self.lines):  # the same line over and over
            alike = _alike(keys, self.lines)
            return [at for at in begins if alike[at] == len(keys)]
        return [at for at in begins if self.lines[at : at + len(keys)] == keys]

    def longest(self, keys: list[str], first: int, step: int) -> tuple[int, int | None]:
        """How many of `keys` stand in a row at most, below (or above) one another; and where, if that is one place.

        All lie from `first` on; the place is that of the first key.
        """
        found = self.begins.get(keys[0], []) if keys else []
        found = found[bisect_left(found, first) :]
        size = work = 0
        if len(found) > _FEW and (sure := self._by_rarest(keys[:_NEAR], first, step)):
            size, found = sure
        while len(found) > 1 and size < len(keys):
            work += len(found)
            if work > _FEW * len(self.lines):  # the same lines over and over
                return self._longest_of_many(keys, first, step)
            size += 1
            alike = [at for at in found if self._has(at + size * step, first, keys[size : size + 1])]
            if not alike:
                return size, None
            found = alike
        if len(found) != 1:
            return size, None
        while self._has(found[0] + size * step, first, keys[size : size + 1]):
            size += 1
        return size, found[0]

    def _by_rarest(self, keys: list[str], first: int, step: int) -> tuple[int, list[int]] | None:
        """Where all keys down to the rarest of them stand; None where they do not. Its few places say where to look."""
        if any(key not in self.begins for key in keys):
            return None
        rare = min(range(len(keys)), key=lambda n: len(self.begins[keys[n]]))
        begins = sorted(at - rare * step for at in self.begins[keys[rare]])
        found = [
            at
            for at in begins
            if at >= first and all(self._has(at + n * step, first, keys[n : n + 1]) for n in range(rare + 1))
        ]
        return (rare + 1, found) if found else None

    def _has(self, at: int, first: int, key: list[str]) -> bool:
        return bool(key) and at >= first and self.lines[at : at + 1] == key

    def _longest_of_many(self, keys: list[str], first: int, step: int) -> tuple[int, int | None]:
        sizes = _alike(keys, self.lines[first:][::step])
        size = max(sizes)
        at = sizes.index(size)
        return size, None if sizes.count(size) > 1 else first + at if step > 0 else len(self.lines) - 1 - at


_FEW = 16
_NEAR = 4
"""Keys of which the rarest is looked for first: the last line of a function is often that of hundreds."""


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


class Known:
    """The rows of a text, to ask whether a line is one of them, regardless of white space."""

    def __init__(self, rows: Sequence[str]) -> None:
        self._as_is = frozenset(rows)

    @cached_property
    def _squeezed(self) -> frozenset[str]:
        # Most lines that are asked about stand in the text as they are, so rarely are all of its rows squeezed.
        return frozenset(map(squeeze, self._as_is))

    def __contains__(self, line: str) -> bool:
        return line in self._as_is or squeeze(line) in self._squeezed


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
