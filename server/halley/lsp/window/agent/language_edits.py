"""Edits that a client answers with, read strictly: one that is malformed, or no place of its text, refuses them all.

Which files may be edited says `features/agent/renaming.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from halley.core.errors import InvalidInput
from halley.core.text import Edit
from halley.lsp.text.lines import LineIndex, line_index
from halley.lsp.text.uris import path_of_uri

MOST = 10_000
MOST_TEXT = 300


def file_edits(answer: object, kind: str = "rename") -> Iterator[tuple[Path, list[Any]]]:
    """(file, rows for `text_edits`); none where the client has none. `kind` is what was asked. Raises InvalidInput."""
    found = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    given, text = found.get("edits"), found.get("text")
    if given is None and isinstance(text, str) and text.strip():
        refused = "does not rename this" if kind == "rename" else "cannot do this"
        raise InvalidInput(f"The editor {refused}: {text[:MOST_TEXT]}", "Use edit_file.")
    for row in [] if given is None else _list(given):
        uri = row.get("uri") if isinstance(row, dict) else None
        path = path_of_uri(uri) if isinstance(uri, str) else None
        if path is None:
            raise InvalidInput("The change touches something that is no file.", "Use edit_file.")
        yield path, _list(row.get("edits"))


def text_edits(rows: list[Any], text: str, encoding: str) -> Iterator[Edit]:
    """The same in offsets of `text`. Raises InvalidInput for a range that is not in it."""
    index = line_index(text)
    for row in rows:
        new = row.get("newText") if isinstance(row, dict) else None
        span = row.get("range") if isinstance(row, dict) else None
        if not isinstance(new, str) or not isinstance(span, dict):
            raise _malformed()
        ends = cast("dict[str, Any]", span)
        start, end = (_offset(index, ends.get(name), encoding) for name in ("start", "end"))
        if end < start:
            raise _malformed()
        yield Edit(start, end, new)


def _offset(index: LineIndex, given: object, encoding: str) -> int:
    place = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    position = {name: place.get(name) for name in ("line", "character")}
    if any(type(value) is not int for value in position.values()):
        raise _malformed()
    offset = index.offset(position, encoding)
    # What lies beyond a line or within a character comes back as another position.
    if index.position(offset, encoding) != position:
        raise InvalidInput("The change leaves the text of a file.", "Save the files and try again.")
    return offset


def _list(given: object) -> list[Any]:
    if not isinstance(given, list) or len(cast("list[Any]", given)) > MOST:
        raise _malformed()
    return cast("list[Any]", given)


def _malformed() -> InvalidInput:
    return InvalidInput("The editor's answer is no list of edits.", "Use edit_file.")
