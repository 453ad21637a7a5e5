"""Fenced blocks in a reply, as models write them rather than as they should.

`find_fences` is the way in. It knows backticks and tildes, longer fences, fences in lists, fences inside fences, and
fences that are never closed. Which file a block is for (`Fence.path`) is read from its info string, the line above it,
or a comment on its first line.

https://spec.commonmark.org/0.31.2/#fenced-code-blocks
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_OPEN = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_MOST = 300
_MOST_KINDS = 32
"""Blocks that are looked at, and kinds of marks among them. No answer has as many."""
_MARKDOWN = frozenset(("markdown", "md", "mdx"))


@dataclass(frozen=True, slots=True)
class Fence:
    """A block. `first` and `last` are the lines of its marks in the reply; `above` is what was said before it."""

    info: str
    lines: tuple[str, ...]
    above: tuple[str, ...]
    first: int
    last: int
    closed: bool = True

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def language(self) -> str:
        """The language the info string names, in lower case; empty where it names none."""
        word = re.split(r"[\s:{,]", self.info.strip().lstrip("{."), maxsplit=1)[0].lower()
        return "" if "/" in word or "=" in word or "." in word else word


def find_fences(lines: Sequence[str], *, holds_fences: bool = False) -> list[Fence]:
    """The outermost blocks, in order. `holds_fences`: the text asked for has fences of its own."""
    found: list[Fence] = []
    marks = [_Mark.of(row, line) for row, line in enumerate(lines) if _OPEN.match(line)]
    kin: dict[tuple[str, int, int], _Kin] = {}
    said = at = 0
    for mark in marks:
        if mark.row < at:
            continue
        if len(found) == _MOST or len(kin) == _MOST_KINDS:
            break
        if mark.kind not in kin:
            kin[mark.kind] = _Kin([other for other in marks if mark.is_kin(other)])
        end, closed = _end(mark, kin[mark.kind], len(lines), holds_fences)
        inside = tuple(_outdent(line, mark.indent) for line in lines[mark.row + 1 : end])
        found.append(Fence(mark.info, inside, tuple(lines[said : mark.row]), mark.row, end, closed))
        at = said = end + 1 if closed else end
    return found


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that may open or close a block."""

    row: int
    kind: tuple[str, int, int]
    """Its character, their number, and the column they begin at."""
    indent: str
    info: str
    is_bare: bool

    @classmethod
    def of(cls, row: int, line: str) -> _Mark:
        found = _OPEN.match(line)
        assert found is not None
        mark, indent = found["mark"], found["indent"]
        kind = mark[0], len(mark), len(indent.expandtabs(4))
        return cls(row, kind, indent, found["info"].strip(), not line.strip().strip("`~"))

    def is_kin(self, other: _Mark) -> bool:
        """Whether another can close the block or open one inside: the same mark, as long, not deep in the code."""
        (character, length, depth), (its, its_length, its_depth) = self.kind, other.kind
        return its == character and its_length >= length and its_depth <= depth + 3


class _Kin:
    """The marks that matter to blocks of one kind. All is worked out once: a reply may hold nothing but marks."""

    def __init__(self, marks: Sequence[_Mark]) -> None:
        self.rows = [mark.row for mark in marks]
        self.marks = marks
        self._ends = _ends([mark.is_bare for mark in marks])
        self.last_bare = next((mark.row for mark in reversed(marks) if mark.is_bare), -1)
        self._named: list[int | None] = [None] * (len(marks) + 1)
        for n in range(len(marks) - 1, -1, -1):
            self._named[n] = self._named[n + 1] if marks[n].is_bare else marks[n].row

    def nested_end(self, mark: _Mark) -> int | None:
        """The row that closes a block when each mark with an info string opens one inside."""
        end = self._ends[bisect_left(self.rows, mark.row)]
        return None if end is None else self.rows[end]

    def next_named(self, mark: _Mark) -> int | None:
        """The next row with an info string."""
        return self._named[bisect_left(self.rows, mark.row) + 1]

    def after(self, row: int) -> _Mark | None:
        n = bisect_right(self.rows, row)
        return self.marks[n] if n < len(self.marks) else None


def _ends(bare: Sequence[bool]) -> list[int | None]:
    """For a block that begins at each mark, the mark that ends it; as brackets are matched, in one pass."""
    ends: list[int | None] = [None] * len(bare)
    depth = 0
    waiting: list[tuple[int, int]] = []  # (mark, the depth inside its block), the deepest last
    for n, is_bare in enumerate(bare):
        depth += -1 if is_bare else 1
        while waiting and waiting[-1][1] > depth:
            ends[waiting.pop()[0]] = n
        waiting.append((n, depth))
    return ends


def _end(mark: _Mark, kin: _Kin, size: int, holds_fences: bool) -> tuple[int, bool]:
    """The row of the closing mark; or where an unclosed block ends, and False."""
    nests = holds_fences or mark.info.split(" ")[0].lower() in _MARKDOWN
    nested = kin.nested_end(mark)
    if nested is None:
        again = kin.next_named(mark)
        return (size if nests or again is None else again), False
    if nests:
        later = kin.after(nested)
        if later is not None and later.is_bare:  # fences inside that name no language
            return kin.last_bare, True
    return nested, True


def _outdent(line: str, indent: str) -> str:
    """A line of a block without the indentation its fence has (in a list, say)."""
    return line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t") if indent else line
