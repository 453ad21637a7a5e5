"""Lines, columns and offsets against a slow model that does what the specification says, word for word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.text import split_lines
from halley.lsp.text.lines import (
    LineIndex,
    content_length,
    count_units,
    join_halves,
    split_at_units,
)

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TRICKY = "ab\n\r\t\f\v\x1c\x85\u2028\u2029é\u0301漢😀𝒳\ufeff\u200d"
texts = st.text(st.sampled_from(TRICKY), max_size=25) | st.text(max_size=25)
texts_with_halves = texts | st.text(st.sampled_from("a\n\ud83d\ude00😀"), max_size=20)


def model_lines(text: str) -> list[str]:
    lines, line, at = [], "", 0
    while at < len(text):
        end = "\r\n" if text.startswith("\r\n", at) else text[at] if text[at] in "\r\n" else ""
        line += end or text[at]
        at += len(end) or 1
        if end:
            lines.append(line)
            line = ""
    return [*lines, line]


def model_units(character: str, encoding: str) -> int:
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return len(character.encode(f"{encoding}-le" if width > 1 else encoding, "surrogatepass")) // width


def model_offset(text: str, row: int, column: int, encoding: str) -> int:
    lines = model_lines(text)
    if row >= len(lines):
        return len(text)
    offset = sum(map(len, lines[:row]))
    for character in lines[row].rstrip("\r\n"):
        column -= model_units(character, encoding)
        if column < 0:
            break
        offset += 1
    return offset


@given(texts)
def test_only_the_three_line_ends_of_lsp_split(text: str) -> None:
    assert split_lines(text) == model_lines(text)
    assert "".join(split_lines(text)) == text


@given(texts_with_halves, st.sampled_from(ENCODINGS))
def test_offset_of_every_position(text: str, encoding: str) -> None:
    index = LineIndex(text)
    for row, line in enumerate([*model_lines(text), ""]):
        for column in range(sum(model_units(character, encoding) for character in line) + 2):
            found = index.offset({"line": row, "character": column}, encoding)
            assert found == model_offset(text, row, column, encoding), (row, column)


@given(texts_with_halves, st.sampled_from(ENCODINGS))
def test_every_offset_survives_the_way_there_and_back(text: str, encoding: str) -> None:
    index = LineIndex(text)
    for offset in range(len(text) + 1):
        between = offset > 0 and text[offset - 1 : offset + 1] == "\r\n"
        assert index.offset(index.position(offset, encoding), encoding) == offset - between


@given(texts, st.sampled_from(ENCODINGS))
def test_a_line_split_at_a_column_joins_again(text: str, encoding: str) -> None:
    line = split_lines(text)[0]
    length = count_units(line[: content_length(line)], encoding)
    for column in range(length + 2):
        head, tail = split_at_units(line, column, encoding)
        assert join_halves(head + tail) == line
        if encoding == "utf-16":
            assert count_units(head, encoding) == min(column, length)


@pytest.mark.parametrize(
    ("column", "offset"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 3), (99, 3)], ids=lambda value: str(value)
)
def test_inside_a_character_means_before_it(column: int, offset: int) -> None:
    assert LineIndex("a😀b\r\n").offset({"line": 0, "character": column}, "utf-16") == offset
