"""Regions of a text: lines, the definition around a place, the block of imports.

Definitions come from the grammar where there is one (`syntax.py`), otherwise from indentation, which is right
often enough in any language people indent.
"""

from __future__ import annotations

import re

from halley.engine.code import syntax

Span = tuple[int, int]

_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|"
    r"pub(?:\([^)]*\))?|unsafe|inline|virtual|override|local)\s+)*"
    r"(?:def|class|fn|func|function|fun|impl|struct|enum|trait|interface|module|sub|type|object|namespace)\b"
)
_IMPORT = re.compile(
    r"^\s*(?:import\b|from\s+\S+\s+import\b|#\s*include\b|use\s+[\w:\\{]|using\s+[\w.]+|require(?:_relative)?\b|package\s+\w|extern\s+crate\b|"
    r"(?:const|let|var|local)\s+[\w{}, ]+\s*=\s*require\b)"
)


def line_span(text: str, start: int, end: int) -> Span:
    """The whole lines that `start:end` touches, the last line's end included."""
    first = _line_start(text, start)
    if end > start and _ends_line(text, end):
        return first, end
    at = min((found for mark in "\r\n" if (found := text.find(mark, end)) >= 0), default=-1)
    return first, len(text) if at < 0 else at + (2 if text.startswith("\r\n", at) else 1)


def _line_start(text: str, at: int) -> int:
    """A line may end with `\n`, `\r\n` or `\r` alone; between `\r` and `\n` none begins."""
    if text[at - 1 : at + 1] == "\r\n":
        at -= 1
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _ends_line(text: str, at: int) -> bool:
    return text[at - 1 : at] == "\n" or (text[at - 1 : at] == "\r" and text[at : at + 1] != "\n")


def enclosing_definition(text: str, start: int, end: int, language_id: str) -> Span | None:
    """The smallest definition that holds `start:end`, as whole lines; None at the top level."""
    if (span := syntax.enclosing_definition(text, start, end, language_id)) is not None:
        return line_span(text, *span)
    if syntax.has_grammar(language_id):
        return None
    return _by_indentation(text, start, end)


def _by_indentation(text: str, start: int, end: int) -> Span | None:
    lines = text.splitlines(keepends=True) if "\r" not in text else re.findall(r"[^\n]*\n|[^\n]+", text)
    row = text.count("\n", 0, start)
    last = text.count("\n", 0, max(start, end - 1))
    if row >= len(lines):
        return None
    limit = _indent(lines[row]) if lines[row].strip() else 10_000
    for head in range(row, -1, -1):
        line = lines[head]
        if not line.strip() or (head != row and _indent(line) >= limit):
            continue
        limit = _indent(line)
        if _DEFINITION.match(line):
            tail = _body_end(lines, head)
            if tail > last:
                at = sum(map(len, lines[:head]))
                return at, at + sum(map(len, lines[head:tail]))
    return None


def _body_end(lines: list[str], head: int) -> int:
    depth, end = _indent(lines[head]), head + 1
    for row in range(head + 1, len(lines)):
        line = lines[row]
        if not line.strip():
            continue
        if _indent(line) > depth:
            end = row + 1
        elif (_indent(line) == depth and line.lstrip()[:1] in "})]") or line.strip() == "end":
            return row + 1
        else:
            break
    return end


def import_block(text: str, language_id: str) -> Span | None:
    """From the first to the last import of the first 200 lines, as whole lines."""
    first = last = None
    at = 0
    for line in text[:20_000].split("\n")[:200]:
        if _IMPORT.match(line):
            first = at if first is None else first
            last = min(at + len(line) + 1, len(text))
        at += len(line) + 1
    return (first, last) if first is not None and last is not None else None


def _indent(line: str) -> int:
    stripped = line.lstrip(" \t")
    return len(line[: len(line) - len(stripped)].expandtabs(4))
