"""SEARCH/REPLACE blocks in a reply, in the forms that models have learnt.

    <<<<<<< SEARCH          also ORIGINAL, HEAD, or nothing; five marks or more
    the lines as they are
    =======
    the lines as they shall be
    >>>>>>> REPLACE         also UPDATED, a branch name, or nothing

They may stand in fences or not, with a file name above the fence or above the block. `read_blocks` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from halley.engine.replies.hunks import Hunk, hunk_of
from halley.engine.replies.labels import label_above

_SEARCH = re.compile(r"^\s{0,3}<{5,9}(?!<)\s*[\w ./-]*:?\s*$")
_SAYS_SEARCH = re.compile(r"^\s{0,3}<{5,9}\s*(?:SEARCH|ORIGINAL)\b")
_BASE = re.compile(r"^\s{0,3}\|{5,9}(?!\|)")
_MIDDLE = re.compile(r"^\s{0,3}={5,9}\s*$")
_REPLACE = re.compile(r"^\s{0,3}>{5,9}(?!>)\s*[\w ./-]*\s*$")


def has_blocks(lines: Sequence[str]) -> bool:
    """Whether there is a block's beginning and, below it, its middle; or a beginning that can be nothing else."""
    first = next((n for n, line in enumerate(lines) if _SEARCH.match(line)), None)
    if first is None:
        return False
    return any(_SAYS_SEARCH.match(line) or _MIDDLE.match(line) for line in lines[first:])


def read_blocks(lines: Sequence[str]) -> tuple[list[Hunk], list[str]]:
    """The whole blocks, and the text of those that break off."""
    hunks: list[Hunk] = []
    broken: list[str] = []
    path = ""
    at = said = 0
    while at < len(lines):
        if not _SEARCH.match(lines[at]):
            at += 1
            continue
        path = label_above(lines[said:at]) or path
        end, hunk = _block(lines, at, path)
        if hunk is None:
            broken.append("\n".join(lines[at:end]))
        else:
            hunks.append(hunk)
        at = said = end
    return hunks, broken


def _block(lines: Sequence[str], first: int, path: str) -> tuple[int, Hunk | None]:
    """The row after a block, and its hunk when it is whole."""
    marks: dict[str, int] = {}
    at = first + 1
    for at in range(first + 1, len(lines)):
        if _REPLACE.match(lines[at]) and "middle" in marks:
            search = lines[first + 1 : marks.get("base", marks["middle"])]
            replace = lines[marks["middle"] + 1 : at]
            return at + 1, hunk_of(search, replace, path, "\n".join(lines[first : at + 1]))
        if _SEARCH.match(lines[at]):
            return at, None
        if _BASE.match(lines[at]) and "middle" not in marks:
            marks["base"] = at
        elif _MIDDLE.match(lines[at]):
            marks.setdefault("middle", at)
    return len(lines), None
