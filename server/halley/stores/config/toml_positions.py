"""Where each key and value of a TOML text stands, so that a problem can point at it.

`tomllib` keeps no positions, and neither does tomlkit. `find_spans` walks the tree of tree-sitter's TOML grammar. It
is for a text that `tomllib` has already accepted, and is called only when there is a problem to show; on anything
else it gives what it could make out. What headers of tables mean is the specification's
(https://toml.io/en/v1.0.0#array-of-tables).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]
"""Keys, and indices into arrays: `("macros", "ship", "steps", 1, "model")`."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open, lines and columns from 0 in code points. A range over several lines is cut at its first."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spans:
    key: Span
    """The name before `=`, or the header of a table."""
    value: Span


def find_spans(text: str) -> dict[Path, Spans]:
    """Every path of the document with the place of its key and of its value."""
    import tree_sitter
    import tree_sitter_toml

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    data = text.encode()
    walk = _Walk(data.split(b"\n"))
    try:
        walk.document(parser.parse(data).root_node)
    except (ValueError, RecursionError):
        pass  # not the TOML it was said to be
    return walk.found


@dataclass(slots=True)
class _Walk:
    """Through the tree, in the order of the text: later headers depend on earlier ones."""

    lines: list[bytes]
    found: dict[Path, Spans] = field(default_factory=dict[Path, Spans])
    lengths: dict[Path, int] = field(default_factory=dict[Path, int])
    """Of the arrays of tables met so far."""

    def document(self, root: Node) -> None:
        for node in root.named_children:
            if node.type == "pair":
                self.pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self.table(node)

    def table(self, node: Node) -> None:
        """`[a.b]` or `[[a.b]]`, and the pairs below it."""
        keys = _keys(node.named_children[0])
        header = self.header(node)
        path: Path = ()
        for key in keys[:-1]:
            path = self.into((*path, key))
        path = (*path, keys[-1])
        if node.type == "table_array_element":
            self.lengths[path] = self.lengths.get(path, 0) + 1
            self.found.setdefault(path, header)
        path = self.into(path)
        self.found.setdefault(path, header)
        for pair in _of_type(node, "pair"):
            self.pair(pair, path)

    def into(self, path: Path) -> Path:
        """An array of tables stands for its last element."""
        count = self.lengths.get(path)
        return path if count is None else (*path, count - 1)

    def pair(self, node: Node, table: Path) -> None:
        key, value, *_ = _meant(node)
        self.value(value, (*table, *_keys(key)), self.span(key))

    def value(self, node: Node, path: Path, key: Span | None = None) -> None:
        if node.type == "array":
            for index, item in enumerate(_meant(node)):
                self.value(item, (*path, index))
        elif node.type == "inline_table":
            for pair in _of_type(node, "pair"):
                self.pair(pair, path)
        span = self.span(node)
        self.found.setdefault(path, Spans(key or span, span))

    def header(self, node: Node) -> Spans:
        """From the first bracket to the last: the node itself continues to the last pair."""
        closing = next(child for child in node.children if child.type in ("]", "]]"))
        line, start = node.start_point
        span = self.place(line, start, closing.end_point[1])
        return Spans(span, span)

    def span(self, node: Node) -> Span:
        (line, start), (last, end) = node.start_point, node.end_point
        return self.place(line, start, end if last == line else len(self.lines[line]))

    def place(self, line: int, start: int, end: int) -> Span:
        """Columns of bytes → of code points."""
        text = self.lines[line]
        return Span(line, len(text[:start].decode()), len(text[:end].decode()))


def _keys(node: Node) -> list[str]:
    """The names of a dotted key. `tomllib` reads them, with quotes and escapes."""
    keys: list[str] = []
    value: Any = tomllib.loads(f"{(node.text or b'').decode()} = 0")
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return keys


def _meant(node: Node) -> Iterator[Node]:
    return (child for child in node.named_children if child.type != "comment")


def _of_type(node: Node, kind: str) -> Iterator[Node]:
    return (child for child in node.named_children if child.type == kind)
