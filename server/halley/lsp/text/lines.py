"""Text as LSP sees it: lines end with `\\r\\n`, `\\n` or `\\r` and nothing else; columns count encoded units.

The split itself is `core.text.split_lines`. Here are the arithmetic of columns and `LineIndex`, which joins offsets
(code points, as in `core`) and positions. All of it is pure. The mutable text of an open document is
`lsp/base/documents.py`'s.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#textDocuments
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate, repeat
from operator import add
from typing import Any

from halley.core.text import split_lines

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_CONTINUATION = bytes(range(0x80, 0xC0))


def content_length(line: str) -> int:
    """Code points of a line without its end."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - 1 if line.endswith(("\n", "\r")) else len(line)


def count_units(text: str, encoding: str) -> int:
    """How long `text` is in units of a position encoding (`utf-8`, `utf-16`, `utf-32`)."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def code_points(line: str, units: int, encoding: str) -> int:
    """How many code points the first `units` of `line` are, the line's end left out.

    Beyond the line means its length, as the specification says; inside a character means before it.
    """
    limit = content_length(line)
    if units <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(units, limit)
    head = line[: min(units, limit)]
    return _points_in_utf8(head, units) if encoding == "utf-8" else _points_in_utf16(head, units)


def split_at_units(line: str, units: int, encoding: str) -> tuple[str, str]:
    """`line` before and after a column. In UTF-16 half a character may be left on either side, as a lone surrogate."""
    at = code_points(line, units, encoding)
    head, tail = line[:at], line[at:]
    if encoding == "utf-16" and tail and ord(tail[0]) > 0xFFFF and count_units(head, encoding) < units:
        high, low = _halves(tail[0])
        return head + high, low + tail[1:]
    return head, tail


def _points_in_utf8(head: str, units: int) -> int:
    data = head.encode("utf-8", "surrogatepass")
    begun = len(data[:units].translate(None, _CONTINUATION))
    inside = units < len(data) and data[units] in _CONTINUATION
    return begun - inside


def _points_in_utf16(head: str, units: int) -> int:
    if count_units(head, "utf-16") == len(head):
        return len(head)
    for extra, match in enumerate(_ASTRAL.finditer(head)):
        if (column := match.start() + extra) + 2 > units:
            return match.start() if column < units else units - extra
    return min(units - len(_ASTRAL.findall(head)), len(head))


def _halves(character: str) -> tuple[str, str]:
    above = ord(character) - 0x10000
    return chr(0xD800 + (above >> 10)), chr(0xDC00 + (above & 0x3FF))


def join_halves(text: str) -> str:
    """`text` with the halves of a character that met joined, and any left alone as U+FFFD (as long in UTF-16)."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")  # refuses halves, and is quicker than looking for them
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class LineIndex:
    """Where the lines of one text begin. Offsets are code points; positions are LSP's `{line, character}`."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = _starts(text)

    def offset(self, position: Mapping[str, Any], encoding: str) -> int:
        """The offset of a position. Beyond the last line means the end of the text."""
        row: int = position["line"]
        units: int = position["character"]
        if row < 0:
            return 0
        if row >= len(self.starts):
            return len(self.text)
        return self.starts[row] + code_points(self.line(row), units, encoding)

    def position(self, offset: int, encoding: str) -> dict[str, int]:
        """The position of an offset; between `\\r` and `\\n` there is none, and the one before them is given."""
        offset = min(max(offset, 0), len(self.text))
        row = bisect_right(self.starts, offset) - 1
        start = self.starts[row]
        offset = min(offset, start + content_length(self.line(row)))
        return {"line": row, "character": count_units(self.text[start:offset], encoding)}

    def line(self, row: int) -> str:
        """One line with its end."""
        end = self.starts[row + 1] if row + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[row] : end]


def _starts(text: str) -> list[int]:
    """Of every line; again after each key, so nothing in it is called by Python for each line."""
    if "\r" in text:
        starts = list(accumulate(map(len, split_lines(text)), initial=0))
    else:
        starts = list(accumulate(map(add, map(len, text.split("\n")), repeat(1)), initial=0))
    starts.pop()
    return starts


@lru_cache(maxsize=8)
def line_index(text: str) -> LineIndex:
    """The index of a text, kept for the few asked about last."""
    return LineIndex(text)
