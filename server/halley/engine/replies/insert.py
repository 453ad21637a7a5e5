"""New code at a place: after the line that asks for it, on an empty line, at the end of a file.

`insert_block` makes the block fit: what it repeats of its surroundings is cut off, it gets the indentation of the
place and the line ends of the document, and blank lines where definitions meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from halley.core.text import split_lines
from halley.engine.code.definitions import name_in
from halley.engine.code.layout import (
    TAB,
    Style,
    content,
    fit_style,
    local_style,
    newline_of,
    shift,
    width,
)
from halley.engine.replies.place import Change, change_rows, echo_after, echo_before, whole_file

_OPENERS = (":", "{", "(", "[")
_ANY_CASE = frozenset("sql plsql html pascal fortran ada cobol vb vbscript bat powershell abap basic".split())
"""Languages in which a word may be typed in any case."""
_COMMENTS = ("#", "//", "--", "/*", "*", "<!--", "@", ";", "%", '"""')


def insert_block(
    block: Sequence[str], text: str, at: int, *, language_id: str = "", free: bool = False
) -> Change | str:
    """The text to insert at `at`; or a change of rows, when the block is the whole file with something new in it."""
    rows = split_lines(text)
    bare = [content(row) for row in rows]
    row, start = _row_of(rows, at)
    # Asked for new code, models often give the whole file back, with the new code somewhere in it.
    if (whole := whole_file(block, bare, (row, row))) is not None:
        return change_rows([whole], rows, bare, free)[0]
    before = text[start:at]
    if (line := _typed_line(block, bare, row, before, language_id)) is not None:
        return newline_of(text).join(line)
    block, by = _without_echo(block, bare, row, before)
    if not any(line.strip() for line in block):
        return ""
    below_last = at == len(text) and bool(before.strip())
    if below_last:
        row, before = row + 1, ""
    style = local_style(bare, (row, row), language_id)
    lines = list(block) if free else fit_style(strip_blank_lines(block), style)
    if by is None:
        by = _offset(lines, bare, row, before, style)
    lines = shift(lines, by, style)
    newline = newline_of(text)
    if before:
        return newline.join(_on_line(lines, before))
    fills = not below_last and _fills_blank(lines, bare, row)
    joined = newline.join(_spaced(lines, bare[:row], bare[row + fills :], language_id))
    if below_last:
        return newline + joined
    return joined if fills else joined + newline


def _row_of(rows: Sequence[str], at: int) -> tuple[int, int]:
    """The row an offset lies in, and where it begins."""
    start = 0
    for row, line in enumerate(rows[:-1]):
        if at < start + len(line):
            return row, start
        start += len(line)
    return len(rows) - 1, start


def _typed_line(
    block: Sequence[str], bare: Sequence[str], row: int, before: str, language_id: str
) -> list[str] | None:
    """What follows the typed line, when a block begins with it: the rest of the line, and the lines below."""
    typed, lines = before.strip(), strip_blank_lines(block)
    first = lines[0].strip() if lines else ""
    alike = str.casefold if language_id in _ANY_CASE else str
    if not typed or alike(first[: len(typed)]) != alike(typed) or (first == typed and len(lines) < 2):
        return None
    style = local_style(bare, (row, row), language_id)
    rest = first[len(typed) :]
    below = shift(fit_style(lines, style)[1:], width(before + "x") - width(lines[0]), style)
    following = [line for line in bare[row + 1 :] if line.strip()]
    below = below[: len(below) - (echo_after(below, following, []) if below else 0)]
    return [rest.lstrip(" \t") if before != before.rstrip() else rest, *below]


def _without_echo(
    block: Sequence[str], bare: Sequence[str], row: int, before: str
) -> tuple[Sequence[str], int | None]:
    """The block less what it repeats of its surroundings, and how many columns off that was, if there was any."""
    lines = strip_blank_lines(block)
    typed = before.strip()
    above = list(bare[: row + bool(typed)])
    while above and not above[-1].strip():
        above.pop()
    head = echo_before(lines, above, [])
    by = width(above[-1]) - width(lines[head - 1]) if head else None
    below = [line for line in bare[row:] if line.strip()]
    tail = echo_after(lines[head:], below, [])
    return lines[head : len(lines) - tail], by


def strip_blank_lines(lines: Sequence[str]) -> list[str]:
    """Without blank lines at either end."""
    first, last = 0, len(lines)
    while last and not lines[last - 1].strip():
        last -= 1
    while first < last and not lines[first].strip():
        first += 1
    return list(lines[first:last])


def _offset(lines: Sequence[str], bare: Sequence[str], row: int, before: str, style: Style) -> int:
    """By how many columns the lines must move to stand where the place is. Lines that are indented already stand."""
    have = width(lines[0])
    if before:
        return width(before + "x") - have
    if have:
        return 0
    above = next((line for line in reversed(bare[:row]) if line.strip()), "")
    below = next((line for line in bare[row:] if line.strip()), "")
    want = width(above)
    if above.rstrip().endswith(_OPENERS):
        return want + (style.unit if style.known else TAB)
    if name_in(lines[0]) and not "".join(bare[row : row + 1]).strip():
        return min(want, width(below))  # beside the next definition; at the margin when nothing follows
    return want


def _on_line(lines: Sequence[str], before: str) -> list[str]:
    """The first line continues at the cursor."""
    return [lines[0].lstrip(" \t"), *lines[1:]]


def _spaced(lines: list[str], above: Sequence[str], below: Sequence[str], language_id: str) -> list[str]:
    """Blank lines around a definition at the margin, as many as the language's readers expect."""
    if width(lines[0]) or not (name_in(lines[0]) or lines[0].startswith(("@", "#["))):
        return lines
    gap = 2 if language_id == "python" else 1
    blank_above = next((n for n, line in enumerate(reversed(above)) if line.strip()), None)
    blank_below = next((n for n, line in enumerate(below) if line.strip()), None)
    head = 0 if blank_above is None or _leads_in(above[len(above) - 1 - blank_above]) else gap - blank_above
    tail = 0 if blank_below is None or width(below[blank_below]) else gap - blank_below
    return [""] * head + lines + [""] * tail


def _leads_in(line: str) -> bool:
    return line.lstrip().startswith(_COMMENTS) or line.rstrip().endswith(_OPENERS)


def _fills_blank(lines: Sequence[str], bare: Sequence[str], row: int) -> bool:
    """Whether it takes the place of a blank line: the next is blank too, or nothing is to be set off."""
    here, following = bare[row : row + 1], bare[row + 1 : row + 2]
    if not here or here[0].strip() or row >= len(bare) - 1:
        return False
    return not following or not following[0].strip() or not (name_in(lines[0]) or name_in(following[0]))
