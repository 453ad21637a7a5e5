"""A file cut into pieces that can be found: definitions where there is a grammar, headings in prose, lines elsewhere.

`cut_chunks` is the way in. Together the chunks hold every line that says anything, none twice. A class that is small
is one chunk; a large one becomes its head and its members; a function longer than `MOST_LINES` is cut at blank lines.
`symbol` names what a chunk defines, with what it lies in (`Order.total`), or the heading a piece of prose stands under.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from halley.engine.code import syntax
from halley.engine.code.definitions import name_in

MOST_LINES = 60
"""Of one chunk; what is longer is cut."""
SMALL_LINES = 24
"""A container of at most so many lines stays whole, and neighbours are gathered up to so many."""
MOST_CHARACTERS = 4000
MOST_CHUNKS = 2000
"""Of one file; the rest, which is generated, is left out."""

_CONTAINERS = frozenset(
    """class_definition class_declaration interface_declaration enum_declaration impl_item trait_item mod_item
    struct_specifier class_specifier namespace_definition record_declaration struct_declaration class module
    trait_declaration namespace_declaration abstract_class_declaration internal_module""".split()
)
_WRAPPERS = frozenset(
    "decorated_definition export_statement template_declaration linkage_specification declaration_list".split()
)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_PROSE = frozenset("markdown plaintext restructuredtext asciidoc".split())


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines `first_line` to `last_line` of a file, both from 1 and included."""

    first_line: int
    last_line: int
    text: str
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows `first` to `last` (from 0, exclusive). One with a symbol stays by itself."""

    first: int
    last: int
    symbol: str = ""


def text_digest(text: str) -> bytes:
    """16 bytes by which equal texts are known, wherever they stand."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def cut_chunks(text: str, language_id: str) -> tuple[Chunk, ...]:
    """The file's chunks in order; none for a file with nothing but blank lines."""
    lines = [f"{line}\n" for line in text.split("\n")]  # rows as the grammars count them
    parts = _parts(text, lines, language_id)
    found: list[Chunk] = []
    for part in _gathered(parts):
        for first, last in _bounded(lines, part.first, part.last):
            while first < last and not lines[first].strip():
                first += 1
            while last > first and not lines[last - 1].strip():
                last -= 1
            if first < last:
                found.append(Chunk(first + 1, last, _text(lines, first, last), part.symbol))
        if len(found) >= MOST_CHUNKS:
            break
    return tuple(found[:MOST_CHUNKS])


def _text(lines: list[str], first: int, last: int) -> str:
    """One line can be longer than any chunk; anything beyond that was generated."""
    return "".join(lines[first:last])[: 2 * MOST_CHARACTERS]


def _parts(text: str, lines: list[str], language_id: str) -> list[_Part]:
    if language_id in _PROSE:
        return _sections(lines) if language_id == "markdown" else [_Part(0, len(lines))]
    tree = syntax.parse_once(text, language_id)
    if tree is None:
        return _by_first_lines(lines)
    return list(_filled(_definitions(tree, tree.root, ""), 0, len(lines)))


def _definitions(tree: syntax.Tree, node: Any, outer: str) -> Iterator[_Part]:
    """What `node` holds that defines something, in order; never looks into a function."""
    for child in node.named_children:
        kind = child.type
        if kind not in syntax.DEFINITIONS and kind not in _WRAPPERS:
            continue
        inner = _defining(child)
        if inner is None:
            if kind in _WRAPPERS:
                yield from _definitions(tree, child, outer)
            continue
        name = inner.child_by_field_name("name") or inner.child_by_field_name("type")
        own = tree.bytes_of(name).decode("utf-8", "replace") if name is not None else ""
        symbol = f"{outer}.{own}" if outer and own else own or outer
        first, last = child.start_point[0], child.end_point[0] + (child.end_point[1] > 0)
        body = inner.child_by_field_name("body")
        if inner.type in _CONTAINERS and body is not None and last - first > SMALL_LINES:
            members = list(_definitions(tree, body, symbol))
            if members:
                yield from _filled(members, first, last, symbol)
                continue
        yield _Part(first, last, symbol)


def _defining(node: Any) -> Any | None:
    """The definition itself, inside its decorators or export."""
    while node is not None and node.type in _WRAPPERS:
        node = next((child for child in node.named_children if child.type in syntax.DEFINITIONS), None)
    return node


def _filled(parts: Iterable[_Part], first: int, last: int, symbol: str = "") -> Iterator[_Part]:
    """The parts, and what lies before, between and after them; no row twice."""
    at = first
    for part in parts:
        start = max(part.first, at)
        if start >= part.last:
            continue
        if start > at:
            yield _Part(at, start, symbol)
        yield _Part(start, part.last, part.symbol)
        at = part.last
    if at < last:
        yield _Part(at, last, symbol)


def _sections(lines: list[str]) -> list[_Part]:
    """Markdown: a part for each heading, named by the headings above it."""
    parts: list[_Part] = []
    above: list[tuple[int, str]] = []
    start, symbol, fence = 0, "", ""
    for row, line in enumerate(lines):
        if mark := _FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            continue
        if row > start:
            parts.append(_Part(start, row, symbol))
        depth = len(heading[1])
        above = [*(one for one in above if one[0] < depth), (depth, heading[2])]
        start, symbol = row, " › ".join(title for _, title in above)
    return [*parts, _Part(start, len(lines), symbol)]


def _by_first_lines(lines: list[str]) -> list[_Part]:
    """Without a grammar: a part begins where an unindented line defines something."""
    parts: list[_Part] = []
    start, symbol = 0, ""
    for row, line in enumerate(lines):
        if line[:1].strip() and (name := name_in(line.rstrip("\r\n"))):
            if row > start:
                parts.append(_Part(start, row, symbol))
            start, symbol = row, name
    return [*parts, _Part(start, len(lines), symbol)]


def _gathered(parts: list[_Part]) -> Iterator[_Part]:
    """Neighbours without a name of their own, or of one name, together while they are small."""
    held: _Part | None = None
    for part in parts:
        if (
            held
            and held.symbol == part.symbol
            and held.last == part.first
            and part.last - held.first <= SMALL_LINES
        ):
            held = _Part(held.first, part.last, held.symbol)
            continue
        if held:
            yield held
        held = part
    if held:
        yield held


def _bounded(lines: list[str], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Rows `first` to `last` in runs of bearable size, cut at the last blank line of a run's second half."""
    while first < last:
        end, size = first, 0
        while end < last and end - first < MOST_LINES and (size := size + len(lines[end])) <= MOST_CHARACTERS:
            end += 1
        end = max(end, first + 1)
        if end < last:
            blank = next(
                (row for row in range(end, (first + end) // 2, -1) if not lines[row - 1].strip()), end
            )
            end = blank
        yield first, end
        first = end
