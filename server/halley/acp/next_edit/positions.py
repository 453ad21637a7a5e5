"""Positions of the protocol (a line, and a column in UTF-16 units, both from 0) as offsets in code points, and back.

As in LSP: beyond a line means its end, beyond the text means the text's.
"""

from __future__ import annotations

from typing import Any

from halley.core.text import split_lines

Json = dict[str, Any]


def offset_in(text: str, position: Any) -> int:
    """Raises ValueError for what is no position."""
    row, units = _number(position, "line"), _number(position, "character")
    lines = split_lines(text)
    if row >= len(lines):
        return len(text)
    return sum(map(len, lines[:row])) + _points(lines[row].rstrip("\r\n"), units)


def range_in(text: str, range: Any) -> tuple[int, int]:
    """Raises ValueError for what is no range, or ends before it begins."""
    if not isinstance(range, dict):
        raise ValueError("a range must be an object")
    start, end = offset_in(text, range.get("start")), offset_in(text, range.get("end"))
    if end < start:
        raise ValueError("a range ends before it begins")
    return start, end


def position_of(text: str, offset: int) -> Json:
    if text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1  # no position is between them
    lines = split_lines(text[:offset])
    return {"line": len(lines) - 1, "character": len(lines[-1].encode("utf-16-le", "surrogatepass")) // 2}


def range_of(text: str, start: int, end: int) -> Json:
    return {"start": position_of(text, start), "end": position_of(text, end)}


def _number(position: Any, name: str) -> int:
    value = position.get(name) if isinstance(position, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"`{name}` of a position must be a number from 0")
    return value


def _points(line: str, units: int) -> int:
    """How many code points the first `units` are; inside one means before it."""
    if line.isascii():
        return min(units, len(line))
    for index, character in enumerate(line):
        units -= 2 if ord(character) > 0xFFFF else 1
        if units < 0:
            return index
    return len(line)
