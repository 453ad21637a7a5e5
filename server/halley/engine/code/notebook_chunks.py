"""A notebook's cells cut into pieces that can be found, each with the lines of the `.ipynb` file it is written in.

`cut_notebook` is the way in. Only what was written counts: outputs and metadata are no text of the user's. The lines
are the file's own, so that a place opens there in any editor; `notebooks.py` reads cells where no place is asked for.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from halley.engine.code.chunks import Chunk, cut_chunks
from halley.engine.code.notebooks import parse_notebook

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_TITLE = re.compile(r"cell \d+ \[(?P<language>[^\]]*)\](?: › )?")


@dataclass(frozen=True, slots=True)
class CellChunk:
    """A piece of cell `number`, from 1; `chunk` has the lines of the file."""

    number: int
    language_id: str
    chunk: Chunk

    @property
    def title(self) -> str:
        """Where it is, for people: `cell 3 [python] › Order.total`."""
        inner = f" › {self.chunk.symbol}" if self.chunk.symbol else ""
        return f"cell {self.number} [{self.language_id}]{inner}"


def language_in(title: str) -> str:
    """The language that a `CellChunk.title` names; empty for any other symbol."""
    found = _TITLE.match(title)
    return found["language"] if found else ""


def symbol_in(title: str) -> str:
    """What a chunk defines, without the cell it is in."""
    return _TITLE.sub("", title, count=1) if _TITLE.match(title) else title


def cut_notebook(text: str, clean: Callable[[str], str]) -> tuple[CellChunk, ...]:
    """The chunks of all cells in order; none for a text that is no notebook. `clean` keeps the number of lines."""
    cells = parse_notebook(text)
    if cells is None:
        return ()
    return tuple(
        CellChunk(number, cell.language_id, _in_file(chunk, lines))
        for number, (cell, lines) in enumerate(zip(cells, _lines_of_cells(text), strict=True), 1)
        for chunk in cut_chunks(clean(cell.text), cell.language_id)
    )


def _in_file(chunk: Chunk, lines: list[int]) -> Chunk:
    first, last = lines[chunk.first_line - 1], lines[chunk.last_line - 1]
    return Chunk(first, last, chunk.text, chunk.symbol)


def _lines_of_cells(text: str) -> Iterator[list[int]]:
    """For each cell the line of the file, from 1, on which each line of its source begins."""
    ends = [found.start() for found in re.finditer("\n", text)]
    notebook = dict(_members(text, _skip(text, 0)))
    if "cells" not in notebook:  # nbformat 3
        notebook = dict(_members(text, next(_items(text, notebook["worksheets"]))))
    for at in _items(text, notebook["cells"]):
        cell = dict(_members(text, at))
        source = cell.get("source", cell.get("input"))
        yield [] if source is None else _lines_of(text, source, ends)


def _lines_of(text: str, source: int, ends: list[int]) -> list[int]:
    """A source is one string, or a list of strings, mostly one for each line."""
    pieces = list(_items(text, source)) if text[source] == "[" else [source]
    lines: list[int] = []
    begins = True
    for at in pieces:
        piece: str = _DECODER.raw_decode(text, at)[0]
        line = bisect_right(ends, at) + 1
        if piece and begins:
            lines.append(line)
        if piece:
            begins = piece.endswith("\n")
            lines += [line] * (piece.count("\n") - begins)
    return lines


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The names of the object at `at`, and where their values begin. The text is valid JSON."""
    at = _skip(text, at + 1)
    while text[at] == '"':
        name, at = _value(text, at)
        at = _skip(text, _skip(text, at) + 1)
        yield name, at
        at = _next(text, at)


def _items(text: str, at: int) -> Iterator[int]:
    """Where the items of the array at `at` begin."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _next(text: str, at: int) -> int:
    """What follows the value at `at`, past a comma."""
    at = _skip(text, _value(text, at)[1])
    return _skip(text, at + 1) if text[at] == "," else at


def _value(text: str, at: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, at)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
