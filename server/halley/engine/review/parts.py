"""A change as a model sees it: the diff of each file with the numbers of its new lines, in parts that fit.

       12   def total(items):
       13 +     return sum(item.price for item in items)
          -     return 0

What is cut off is cut at a line, and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from halley.core.tokens import estimate_tokens

LONGEST = 2_000
"""Characters of a line that are shown."""
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")


@dataclass(frozen=True, slots=True)
class ReviewedFile:
    path: str
    diff: str
    """Git's unified diff of this file alone."""
    text: str
    """The new text."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A file, or a stretch of it, within a part."""

    file: ReviewedFile
    rows: tuple[tuple[str, int], ...]
    """As they are shown, each with the number of its line in the new text; 0 for one that has none."""

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(line for _, line in self.rows if line)

    @property
    def block(self) -> str:
        return "\n".join(row for row, _ in self.rows)


@dataclass(frozen=True, slots=True)
class Part:
    """What one prompt holds."""

    files: tuple[Shown, ...]

    @property
    def text(self) -> str:
        return "\n".join(f"=== {one.file.path}\n{one.block}" for one in self.files)

    def halved(self) -> tuple[Part, ...]:
        """Two parts with half of it each; none where it cannot be divided."""
        middle = len(self.files) // 2
        if middle:
            return Part(self.files[:middle]), Part(self.files[middle:])
        shown = self.files[0]
        middle = len(shown.rows) // 2
        halves = (Shown(shown.file, shown.rows[:middle]), Shown(shown.file, shown.rows[middle:]))
        return tuple(Part((half,)) for half in halves) if middle else ()


def build_parts(files: Iterable[ReviewedFile], budget: int) -> list[Part]:
    """Parts of at most `budget` tokens, files together where they fit."""
    parts: list[Part] = []
    waiting: list[Shown] = []
    used = 0
    for shown in (one for file in files for one in _stretches(file, budget)):
        size = estimate_tokens(shown.block)
        if waiting and used + size > budget:
            parts.append(Part(tuple(waiting)))
            waiting, used = [], 0
        waiting.append(shown)
        used += size
    return [*parts, Part(tuple(waiting))] if waiting else parts


def _stretches(file: ReviewedFile, budget: int) -> Iterator[Shown]:
    """The file as one, or as many stretches as it takes."""
    rows: list[tuple[str, int]] = []
    used = 0
    for row, line in _numbered(file.diff):
        size = estimate_tokens(row) + 1
        if rows and used + size > budget:
            yield Shown(file, tuple(rows))
            rows, used = [], 0
        rows.append((row, line))
        used += size
    if rows:
        yield Shown(file, tuple(rows))


def _numbered(diff: str) -> Iterator[tuple[str, int]]:
    """(row, the number of its line in the new text; 0 for one that has none)."""
    number = 0
    for row in diff.split("\n"):
        if hunk := _HUNK.match(row):
            number = int(hunk[1])
            yield f"@@{hunk[2][:LONGEST]}", 0
        elif number and row[:1] in (" ", "+"):
            yield f"{number:6} {row[:1]} {row[1 : LONGEST + 1]}", number
            number += 1
        elif number and row[:1] == "-":
            yield f"       - {row[1 : LONGEST + 1]}", 0
