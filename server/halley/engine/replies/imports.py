"""Imports that come with a piece of code: they go where the file has its imports, unless they are there already.

A model asked for a function often puts what it needs above it. Only single lines are moved, and only into a file that
has imports before the place; otherwise the block stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from halley.engine.code.layout import contents, newline_of
from halley.engine.edits.matching import Run, squeeze
from halley.engine.replies.place import Change, is_whole

_IMPORT = re.compile(
    r"^(?:import\b|from\s+\S+\s+import\b|#\s*include\b|use\s+[\w:\\]|using\s+[\w.]+\s*;|require(?:_relative)?\b|"
    r"extern\s+crate\b|(?:const|let|var|local)\s+[\w{}, ]+\s*=\s*require\b|open\s+[A-Z][\w.]*$|@import\b)"
)
_GOES_ON = re.compile(r"(?:[({\[,\\]|\bimport)\s*$")


def hoist_imports(
    block: Sequence[str], rows: Sequence[str], part: Run
) -> tuple[Sequence[str], Change | None]:
    """The block without the imports it begins with, and the change that adds the new ones to the file's own."""
    count = _leading_imports(block)
    if not count:
        return block, None
    bare = contents(rows)
    at = _after_imports(bare, part[0])
    own = any(_IMPORT.match(row.strip()) for row in bare[part[0] : part[1]])
    if not at or own or is_whole(block, bare, part):
        return block, None
    known = {squeeze(row) for row in bare}
    new = [line for line in block[:count] if line.strip() and squeeze(line) not in known]
    newline = newline_of("".join(rows))
    text = "".join(f"{line}{newline}" for line in new)
    return block[count:], Change(at, at, text) if new else None


def _leading_imports(block: Sequence[str]) -> int:
    """Rows up to the first that is code; 0 when one of them continues on the next, or nothing follows."""
    last = 0
    for row, line in enumerate(block):
        if _IMPORT.match(line):
            if _GOES_ON.search(line):
                return 0
            last = row + 1
        elif line.strip():
            break
    while last < len(block) and last and not block[last].strip():
        last += 1
    return last if last < len(block) else 0


def _after_imports(bare: Sequence[str], before: int) -> int:
    """The row after the last import at the margin above `before`; 0 if there is none, or it continues."""
    found = [row for row in range(before) if _IMPORT.match(bare[row])]
    return found[-1] + 1 if found and not _GOES_ON.search(bare[found[-1]]) else 0
