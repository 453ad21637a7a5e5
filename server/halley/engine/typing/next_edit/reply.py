"""From what a model said to the region's new text. Every form is known by its own marks:

    <editable_region>…</editable_region>                        the whole region
    <|editable_region_start|>…<|editable_region_end|>           the same, as Zeta writes it
    <|marker_i|>…<|marker_j|>                                   the blocks between two marks (Zeta 2.1)
    NO_EDITS                                                    nothing

Wires put the first marks around the replies of models that write none (`providers/wires/next_edit.py`). Without any
marks it is talk, and nothing is read from it.
"""

from __future__ import annotations

import re

from halley.core.next_edit import CLOSE, NOTHING, OPEN, blocks_of
from halley.engine.markdown.thoughts import without_thoughts
from halley.engine.typing.next_edit.region import CURSOR, MARKS

MOST_REPLY = 40_000
_REGION = re.compile(
    r"(?:<editable_region>|<\|editable_region_start\|>)[ \t]*\r?\n?(.*)"
    r"(?:</editable_region>|<\|editable_region_end\|>)",
    re.DOTALL,
)
_CURSORS = ("<|user_cursor_is_here|>", "<|user_cursor|>", "<|cursor|>", CURSOR)
_MARKER = re.compile(r"<\|marker_(\d{1,3})\|>")
_FENCE = re.compile(r"\A\s*```[\w+.-]*[ \t]*\n(.*?)\n?```[ \t]*\s*\Z", re.DOTALL)
_ENDS = re.compile(r"\n?>>>>>>> UPDATED\s*\Z|<\|file_sep\|>\s*\Z")


def read_reply(reply: str, region: str) -> str | None:
    """The region's new text, with its line ends; None for nothing, or for what cannot be read."""
    if len(reply) > MOST_REPLY:
        return None
    reply = without_thoughts(reply, region)
    for mark in _CURSORS:
        if mark not in region:
            reply = reply.replace(mark, "")
    new = _blocks(reply, region) if "<|marker_" in reply else _whole(reply)
    if new is None:
        return None
    new = _as_ended(new, region)
    return None if MARKS.search(new) else new


def _whole(reply: str) -> str | None:
    if reply.count(OPEN) > 1 or reply.count(CLOSE) > 1:
        return None  # which of them is meant?
    found = _REGION.search(reply)
    if found is None:
        return None
    text = _ENDS.sub("", found[1])
    if fenced := _FENCE.match(text):
        text = fenced[1]
    return None if text.strip() in (NOTHING, "None", "") else text


def _blocks(reply: str, region: str) -> str | None:
    """The first mark is before the first block to be replaced, the second after the last."""
    marks = list(_MARKER.finditer(reply))
    if len(marks) != 2:
        return None
    first, last = int(marks[0][1]), int(marks[1][1])
    starts = blocks_of(region)
    if not 1 <= first < last <= len(starts):
        return None
    text = reply[marks[0].end() : marks[1].start()]
    text = text[1:] if text.startswith("\n") else text
    start, end = starts[first - 1], starts[last - 1]
    ended = "" if not text or text.endswith("\n") or end == len(region) else "\n"
    return f"{region[:start]}{text}{ended}{region[end:]}"


def _as_ended(new: str, region: str) -> str:
    """With the region's own kind of line ends, and its last one."""
    new = new.replace("\r\n", "\n").replace("\r", "\n")
    new = new.rstrip("\n") + "\n" * (
        len(region.replace("\r\n", "\n")) - len(region.replace("\r\n", "\n").rstrip("\n"))
    )
    return new.replace("\n", "\r\n") if "\r\n" in region else new
