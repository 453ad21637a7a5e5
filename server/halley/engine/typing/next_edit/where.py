"""Where an edit may be due now: places that what was just edited has left behind, best first.

    diagnostics   that came with the latest edits
    names         other uses of a name that was changed, and calls of what got other parameters
    shapes        lines of the same shape as one that was edited
    cursor        where the user is: the model's own wish

Only places; what belongs there is the model's to say. `find_candidates` is for the document the user is in,
`find_elsewhere` for the others, open or not: there only names count that files can have from one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal

from halley.core.snapshot import Diagnostic, Document
from halley.core.text import split_lines
from halley.engine.code import syntax
from halley.engine.code.languages import are_akin
from halley.engine.code.symbols import Definition, definitions
from halley.engine.typing.next_edit.journal import Change, Journal
from halley.engine.typing.next_edit.tokens import changed_calls, renamed_names, shape_of, tokens_of

Reason = Literal["diagnostic", "name", "call", "shape", "cursor"]

LATEST = 3
"""Bursts whose consequences are looked for."""
MOST_CANDIDATES = 12
SHAPES_WITHIN = 40
"""Lines around an edited one, in which lines of its shape are looked for."""
LEAST_SHAPE = 4
"""Tokens of a shape that says anything."""
MOST_TEXT = 400_000
"""Characters of a document that is searched for names."""
NONE: Mapping[str, Document] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place, in code points of its document's text; `name` is what is used there and was changed."""

    uri: str
    at: int
    row: int
    reason: Reason
    name: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """Names that the latest edits left behind: `renamed` ones, gone where they were edited, and `called` ones, whose
    brackets were changed."""

    renamed: tuple[str, ...]
    called: tuple[str, ...]


def find_candidates(
    journal: Journal,
    document: Document,
    cursor: int,
    diagnostics: Iterable[Diagnostic] = (),
    edited: Mapping[str, Document] = NONE,
) -> list[Candidate]:
    """Places in the document, best first; the cursor's own is the last and always there.

    `edited` are the other documents of the journal's changes, by URI.
    """
    text, uri = document.text, document.uri
    latest = latest_of(journal)
    lines = split_lines(text)
    starts = _starts(lines)
    cursor_row = text.count("\n", 0, cursor)
    own = [change for change in latest if change.place.uri == uri]
    done = {row for change in own for row in range(change.row, max(change.end, change.row + 1))}
    found: dict[int, Candidate] = {}

    def add(at: int, row: int, reason: Reason, name: str = "") -> None:
        if row not in found and (row not in done or reason == "diagnostic"):
            found[row] = Candidate(uri, at, row, reason, name)

    for diagnostic in diagnostics:
        if diagnostic.severity in ("error", "warning") and diagnostic.start <= len(text):
            add(diagnostic.start, text.count("\n", 0, diagnostic.start), "diagnostic")
    if len(text) <= MOST_TEXT:
        others = [(change, known_outside(change, edited)) for change in latest if change not in own]
        for reason, name, at in chain(_uses(own, document), _uses_elsewhere(others, document)):
            add(at, text.count("\n", 0, at), reason, name)
    for row in _of_same_shape(own, lines):
        add(starts[row] + len(lines[row]) - len(lines[row].lstrip()), row, "shape")
    ordered = sorted(found.values(), key=lambda one: _rank(one, cursor_row))
    return [*ordered[:MOST_CANDIDATES], Candidate(uri, cursor, cursor_row, "cursor")]


def find_elsewhere(
    journal: Journal, edited: Mapping[str, Document], documents: Iterable[Document]
) -> list[Candidate]:
    """Uses in other documents of names that the latest edits left behind, in the documents' order.

    `edited` are the documents of the journal's changes, by URI.
    """
    latest = [(change, known_outside(change, edited)) for change in latest_of(journal)]
    found: dict[tuple[str, int], Candidate] = {}
    for document in documents:
        if len(document.text) > MOST_TEXT:
            continue
        for reason, name, at in _uses_elsewhere(latest, document):
            row = document.text.count("\n", 0, at)
            found.setdefault((document.uri, row), Candidate(document.uri, at, row, reason, name))
        if len(found) >= MOST_CANDIDATES:
            break
    return list(found.values())[:MOST_CANDIDATES]


def latest_of(journal: Journal) -> list[Change]:
    """The changes of the last few bursts, newest first."""
    bursts = sorted({change.burst for change in journal})[-LATEST:]
    return [change for change in reversed(journal) if change.burst in bursts]


def left_behind(change: Change, text: str | None = None) -> Left:
    """What the change left behind; `text` is its document as it is, where it is at hand."""
    renamed = tuple(dict.fromkeys(old for old, _ in renamed_names(change.old, change.new)))
    called = dict.fromkeys(changed_calls(change.old, change.new))
    if text is not None and (signature := _signature_of(change, text)):
        called[signature] = None
    return Left(renamed, tuple(name for name in called if name not in renamed))


def known_outside(change: Change, edited: Mapping[str, Document]) -> Left:
    """What the change left behind that other files may use: what is defined in its document, or at the top of it.

    Not a parameter's or a local variable's name, nor one that the document still defines.
    """
    document = edited.get(change.place.uri)
    if document is None:
        return Left((), ())
    known = definitions(document.text, document.language_id)
    names = {one.name for one in known}
    left = left_behind(change, document.text)
    is_local = _scope(change, document.text, known) is not None
    renamed = () if is_local else tuple(name for name in left.renamed if name not in names)
    return Left(renamed, tuple(name for name in left.called if name in names))


def names_outside(journal: Journal, edited: Mapping[str, Document]) -> tuple[str, ...]:
    """All names that `find_elsewhere` looks for, the latest edits' first."""
    found = (known_outside(change, edited) for change in latest_of(journal))
    return tuple(dict.fromkeys(name for left in found for name in (*left.renamed, *left.called)))


def _signature_of(change: Change, text: str) -> str:
    """The definition whose parameters, on lines of their own, the change is in; empty for none."""
    lines = split_lines(text)
    start = sum(map(len, lines[: change.row]))
    end = start + sum(map(len, lines[change.row : change.end]))
    for found in definitions(text, change.place.language_id):
        if found.start < start and end <= found.body and "(" in text[found.start : start]:
            return found.name
    return ""


def _uses(own: Sequence[Change], document: Document) -> Iterator[tuple[Reason, str, int]]:
    """(why, name, offset) of each use in a document of what its own edits left behind, the newest edits' first."""
    text = document.text
    known = definitions(text, document.language_id)
    for change in own:
        left = left_behind(change, text)
        within = _scope(change, text, known)
        for name in left.renamed:
            for at in _names_in(document, name):
                if within is None or within[0] <= at < within[1] or text[at - 1 : at] == ".":
                    yield "name", name, at
        for name in left.called:
            for at in _names_in(document, name):
                if _is_call(text, at + len(name)) and not _defines(known, text, at, name):
                    yield "call", name, at


def _uses_elsewhere(
    latest: Sequence[tuple[Change, Left]], document: Document
) -> Iterator[tuple[Reason, str, int]]:
    """As `_uses`, in a document that none of the edits was made in. What it defines itself is another thing of the same
    name, save where it is a member's."""
    text = document.text
    known = definitions(text, document.language_id)
    own = {one.name for one in known}
    for change, left in latest:
        if change.place.uri == document.uri or not are_akin(change.place.language_id, document.language_id):
            continue
        for name in (*left.renamed, *left.called):
            is_call = name in left.called
            for at in _names_in(document, name):
                if name in own and text[at - 1 : at] != ".":
                    continue
                if not is_call:
                    yield "name", name, at
                elif _is_call(text, at + len(name)) and not _defines(known, text, at, name):
                    yield "call", name, at


def _scope(change: Change, text: str, known: Sequence[Definition]) -> tuple[int, int] | None:
    """The definition in which alone a renamed name was one's: a parameter's or a local variable's. None for the file.

    What a definition is called itself is known outside it, and so is what is at the top of the file.
    """
    lines = split_lines(text)
    at = sum(map(len, lines[: change.row]))
    end = at + sum(map(len, lines[change.row : change.end]))
    new = {new for _, new in renamed_names(change.old, change.new)}
    holding = [one for one in known if one.start <= end and at < one.end and "class" not in one.kind]
    if not holding or any(one.name in new for one in known):
        return None
    inner = max(holding, key=lambda one: one.start)
    return inner.start, inner.end


def _names_in(document: Document, name: str) -> list[int]:
    """Offsets at which the name is used; only those in code, where there is a grammar."""
    text = document.text
    offsets = [match.start() for match in re.finditer(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text)]
    tree = syntax.parse(text, document.language_id) if offsets else None
    return offsets if tree is None else [at for at in offsets if _is_code(tree, at)]


def _is_code(tree: syntax.Tree, at: int) -> bool:
    """Whether an offset is in a name, and not in a comment, a string or a keyword, whose nodes have no names."""
    byte = tree.byte(at)
    node: Any = tree.root.descendant_for_byte_range(byte, byte + 1)
    return (node is not None and node.is_named) and not any(
        word in node.type for word in ("comment", "string", "text", "content")
    )


def _is_call(text: str, end: int) -> bool:
    return text[end : end + 20].lstrip(" \t?!").startswith("(")


def _defines(known: Sequence[Definition], text: str, at: int, name: str) -> bool:
    return any(one.name == name and one.start <= at < one.body for one in known)


def _of_same_shape(own: Sequence[Change], lines: Sequence[str]) -> Iterator[int]:
    """Rows near an edited line that are as it was before."""
    for change in own:
        old = [line for line in change.old if line.strip()]
        if len(old) != 1 or len(change.new) != 1:
            continue
        shape = shape_of(old[0])
        if len(shape) < LEAST_SHAPE:
            continue
        for row in range(max(0, change.row - SHAPES_WITHIN), min(len(lines), change.end + SHAPES_WITHIN)):
            if shape_of(lines[row]) == shape and tokens_of(lines[row]) != tokens_of(change.new[0]):
                yield row


_ORDER: dict[Reason, int] = {"diagnostic": 0, "name": 0, "call": 0, "shape": 1, "cursor": 2}


def _rank(one: Candidate, cursor_row: int) -> tuple[int, int, int]:
    """What is sure before what only looks alike; then downwards from the cursor, then what is above it."""
    return _ORDER[one.reason], int(one.row < cursor_row), abs(one.row - cursor_row)


def _starts(lines: Sequence[str]) -> list[int]:
    starts: list[int] = []
    at = 0
    for line in lines:
        starts.append(at)
        at += len(line)
    return starts
