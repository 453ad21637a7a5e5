"""The marks of a next edit's region and reply, and its blocks: what the engine and the wires must know alike.

The prompt itself is `calls.NextEditPrompt`. The engine fills it (`engine/typing/next_edit/`), each wire writes it in
its model's own form (`providers/wires/next_edit.py`).
"""

from __future__ import annotations

from halley.core.text import split_lines

OPEN, CLOSE = "<editable_region>", "</editable_region>"
NOTHING = "NO_EDITS"
"""The marks of a reply, whatever the model's own are."""

LEAST_BLOCK, MOST_BLOCK = 6, 16
"""Lines of a block, for models that name the blocks they replace."""


def blocks_of(region: str) -> tuple[int, ...]:
    """Where the region's blocks begin, and its end: they end at blank lines where these come in time."""
    lines = split_lines(region)
    starts, at, count = [0], 0, 0
    for index, line in enumerate(lines):
        at, count = at + len(line), count + 1
        left = len(lines) - index - 1
        ends = not line.strip() and count >= LEAST_BLOCK
        if (ends or count >= MOST_BLOCK) and left >= LEAST_BLOCK:
            starts.append(at)
            count = 0
    return (*starts, len(region))
