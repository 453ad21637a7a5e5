"""SEARCH/REPLACE blocks in a reply, in the forms that models have learnt.

    <<<<<<< SEARCH          also ORIGINAL, HEAD, or nothing; five marks or more
    the lines as they are
    =======
    the lines as they shall be
    >>>>>>> REPLACE         also UPDATED, a branch name, or nothing

They may be in fences or not, with a file name above the fence or above the block. `read_blocks` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from halley.engine.edits.matching import find_run
from halley.engine.replies.hunks import Hunk, hunk_of
from halley.engine.replies.labels import label_above

# Git's marks have seven characters; models lose some and add some.
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


def read_blocks(
    lines: Sequence[str], rows: Sequence[str] = (), is_known: Callable[[str], bool] = bool
) -> tuple[list[Hunk], list[str]]:
    """The whole blocks, and the text of those that break off.

    `rows` is the text they are for: a ruler of equals signs in it (a heading in RST, say) is not taken for the middle.
    `is_known` says whether a path, which may be something else, is that of a file.
    """
    hunks: list[Hunk] = []
    broken: list[str] = []
    path = ""
    at = said = 0
    while at < len(lines):
        if not _SEARCH.match(lines[at]):
            at += 1
            continue
        label = label_above(lines[said:at])
        if label is not None and (label.sure or is_known(label.path)):
            path = label.path
        end, hunk = _block(lines, at, path, rows)
        if hunk is None:
            broken.append("\n".join(lines[at:end]))
        else:
            hunks.append(hunk)
        at = said = end
    return hunks, broken


def _block(lines: Sequence[str], first: int, path: str, rows: Sequence[str]) -> tuple[int, Hunk | None]:
    """The row after a block, and its hunk when it is whole."""
    base: int | None = None
    middles: list[int] = []
    size = _size(lines[first])
    for at in range(first + 1, len(lines)):
        line = lines[at]
        # A block may be about a merge conflict: marks of another length in it are text, unless nothing else closes it.
        if middles and _REPLACE.match(line) and (_size(line) == size or not _closes_later(lines, at, size)):
            middle = _middle(lines, first, middles, rows)
            search = lines[first + 1 : base if base is not None and base < middle else middle]
            return at + 1, hunk_of(search, lines[middle + 1 : at], path, "\n".join(lines[first : at + 1]))
        if _SEARCH.match(line) and _size(line) == size:
            return at, None
        if _BASE.match(line) and not middles:
            base = at
        elif _MIDDLE.match(line):
            middles.append(at)
    return len(lines), None


def _middle(lines: Sequence[str], first: int, middles: Sequence[int], rows: Sequence[str]) -> int:
    """Of several lines of equals signs the one that parts the block.

    The last one above which only lines of the text stand: were it an earlier one, the new lines would begin with lines
    that the text has there already. Where the text says nothing, the first as long as the block's own marks.
    """
    if len(middles) == 1:
        return middles[0]
    same = [at for at in middles if _size(lines[at]) == _size(lines[first])] or list(middles)
    found = [at for at in same if at > first + 1 and find_run(lines[first + 1 : at], rows)]
    return found[-1] if found else same[0]


def _closes_later(lines: Sequence[str], at: int, size: int) -> bool:
    """Whether a mark of the block's own length closes it below, before another block begins."""
    for line in lines[at + 1 :]:
        if _size(line) == size and _REPLACE.match(line):
            return True
        if _SAYS_SEARCH.match(line):
            return False
    return False


def _size(mark: str) -> int:
    """How many characters long a mark is."""
    bare = mark.strip()
    return len(bare) - len(bare.lstrip(bare[:1])) if bare else 0
