"""Finding lines among lines: exactly, then regardless of white space. Never by likeness.

`find_run` gives every place, so that a caller can see whether there is just one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
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
    key = WAYS[way]
    stop = len(rows) if last is None else last
    numbered = [(n, key(rows[n])) for n in range(first, stop)]
    keys = [key(line) for line in wanted]
    if way >= EXACT_WAYS:
        numbered = [(n, line) for n, line in numbered if line]
        keys = [line for line in keys if line]
    if not keys:
        return []
    lines = [line for _, line in numbered]
    return [
        (numbered[at][0], numbered[at + len(keys) - 1][0] + 1)
        for at in range(len(lines) - len(keys) + 1)
        if lines[at] == keys[0] and lines[at : at + len(keys)] == keys
    ]


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
