"""Fenced blocks in a reply, as models write them rather than as they should.

`find_fences` is the way in. It knows backticks and tildes, longer fences, fences in lists, fences inside fences, and
fences that are never closed. Which file a block is for (`Fence.path`) is read from its info string, the line above it,
or a comment on its first line.

https://spec.commonmark.org/0.31.2/#fenced-code-blocks
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OPEN = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_MOST = 300
"""Blocks that are looked at. No answer has as many."""
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
    marks = [row for row, line in enumerate(lines) if _OPEN.match(line)]
    said = at = 0
    for n, first in enumerate(marks, 1):
        opening = _OPEN.match(lines[first])
        if opening is None or first < at:
            continue
        if len(found) == _MOST:
            break
        end, closed = _end(lines, marks[n:], opening, holds_fences)
        inside = tuple(_outdent(line, opening["indent"]) for line in lines[first + 1 : end])
        found.append(Fence(opening["info"].strip(), inside, tuple(lines[said:first]), first, end, closed))
        at = said = end + 1 if closed else end
    return found


def _end(
    lines: Sequence[str], rows: Sequence[int], opening: re.Match[str], holds_fences: bool
) -> tuple[int, bool]:
    """The line of the closing mark, among `rows` that may be marks; or where an unclosed block ends, and False."""
    nests = holds_fences or _info_language(opening) in _MARKDOWN
    nested = _nested_end(lines, rows, opening)
    if nested is None:
        again = next(
            (row for row in rows if _is_mark(lines[row], opening) and not _is_bare(lines[row])), None
        )
        return (len(lines) if nests or again is None else again), False
    if nests:
        later = [row for row in rows if row > nested and _is_mark(lines[row], opening)]
        if later and _is_bare(lines[later[0]]):  # fences inside that name no language
            return next(row for row in reversed(later) if _is_bare(lines[row])), True
    return nested, True


def _nested_end(lines: Sequence[str], rows: Sequence[int], opening: re.Match[str]) -> int | None:
    """The mark that closes the block when each mark with an info string opens one inside."""
    depth = 1
    for row in rows:
        if _is_mark(lines[row], opening):
            depth += -1 if _is_bare(lines[row]) else 1
            if not depth:
                return row
    return None


def _is_mark(line: str, opening: re.Match[str]) -> bool:
    """A line that can close the block or open one inside: the same mark, as long, not deep in the code."""
    mark = _OPEN.match(line)
    if mark is None or mark["mark"][0] != opening["mark"][0]:
        return False
    same_length = len(mark["mark"]) >= len(opening["mark"])
    return same_length and len(mark["indent"].expandtabs(4)) <= len(opening["indent"].expandtabs(4)) + 3


def _is_bare(line: str) -> bool:
    return not line.strip().strip("`~")


def _info_language(opening: re.Match[str]) -> str:
    return opening["info"].strip().split(" ")[0].lower()


def _outdent(line: str, indent: str) -> str:
    """A line of a block without the indentation its fence has (in a list, say)."""
    return line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t") if indent else line
