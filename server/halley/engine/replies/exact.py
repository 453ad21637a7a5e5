"""A text replaced by another in a document, as the tool `edit_file` asks for it.

Literally where it stands just once; else as a hunk of lines, which may differ in white space (`hunks.py`). Never in two
places unless all are meant, and never by likeness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from halley.core.snapshot import Document, Selection
from halley.core.text import DocumentEdit, Edit, apply_edits
from halley.engine.code.layout import newline_of
from halley.engine.edits.build import build_edits
from halley.engine.replies.drafts import Drafts
from halley.engine.replies.hunks import hunk_of
from halley.engine.replies.target import Target


class Replacement(NamedTuple):
    old: str
    new: str
    everywhere: bool = False


def replace_in(document: Document, path: str, wanted: Sequence[Replacement]) -> DocumentEdit | str:
    """The edits that make all replacements, one after the other; a sentence where one cannot be placed."""
    text = document.text
    for number, one in enumerate(wanted, 1):
        made = _replaced(text, path, one)
        if isinstance(made, str):
            which = f"Replacement {number} of {len(wanted)}: " if len(wanted) > 1 else ""
            return f"{which}{made}"
        text = apply_edits(text, made)
    edits = build_edits(document.text, text)
    if not edits:
        return f"This would change nothing in {path}."
    return DocumentEdit(document.uri, document.version, edits)


def _replaced(text: str, path: str, one: Replacement) -> tuple[Edit, ...] | str:
    newline = newline_of(text)
    old, new = (part.replace("\r\n", "\n").replace("\n", newline) for part in (one.old, one.new))
    if not old.strip():
        return "The old text is empty, so it does not say where the new text belongs."
    count = text.count(old)
    if count == 1 or (count > 1 and one.everywhere):
        places = _places(text, old)
        return tuple(Edit(at, at + len(old), new) for at in places)
    if count > 1:
        return f"The old text is in {path} {count} times: give more lines around it, or set `all`."
    return _by_lines(text, path, one)


def _places(text: str, old: str) -> list[int]:
    places, at = list[int](), text.find(old)
    while at >= 0:
        places.append(at)
        at = text.find(old, at + len(old))
    return places


def _by_lines(text: str, path: str, one: Replacement) -> tuple[Edit, ...] | str:
    drafts = Drafts(Target("file:///edited", text, Selection(0, 0), path=path))
    drafts.add_hunks([hunk_of(one.old.strip("\n").split("\n"), one.new.strip("\n").split("\n"))])
    placed = [part for part in drafts.change().changes if isinstance(part, DocumentEdit)]
    if drafts.problems or not placed:
        said = drafts.problems[0].message if drafts.problems else "The old text is not there."
        return f"{said} Read {path} again and give its lines exactly as they are."
    return placed[0].edits
