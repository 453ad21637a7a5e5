"""Syntax trees by tree-sitter, with the grammars that ship as wheels.

The only file that imports tree_sitter, and only when a tree is first wanted. A language without a grammar is no
error: every question here then answers None, and callers fall back to indentation.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from functools import cache, lru_cache
from importlib import import_module
from itertools import accumulate
from typing import Any

GRAMMARS: dict[str, tuple[str, str]] = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "shellscript": ("tree_sitter_bash", "language"),
    "lua": ("tree_sitter_lua", "language"),
    "html": ("tree_sitter_html", "language"),
    "css": ("tree_sitter_css", "language"),
    "json": ("tree_sitter_json", "language"),
    "jsonc": ("tree_sitter_json", "language"),
}

DEFINITIONS = frozenset(
    """function_definition class_definition decorated_definition function_declaration generator_function_declaration
    class_declaration method_definition method_declaration constructor_declaration interface_declaration
    enum_declaration type_declaration type_alias_declaration struct_item enum_item impl_item trait_item function_item
    mod_item struct_specifier class_specifier enum_specifier namespace_definition record_declaration struct_declaration
    property_declaration method singleton_method class module trait_declaration namespace_declaration
    abstract_class_declaration internal_module rule_set""".split()
)
"""Node types that define something, over all grammars: their names do not clash."""


_BIT = 4096
_LEAST_STEPS, _BYTES_A_STEP = 500, 16
"""A step is what tree-sitter does between two calls to us. Real files take one for 30 to 200 bytes."""
_LEAST_S, _S_PER_BYTE = 0.25, 2e-6
"""Real files take a tenth of that, also where they are broken or of another language."""


def has_grammar(language_id: str) -> bool:
    return language_id in GRAMMARS


@cache
def _grammar(language_id: str) -> Any | None:
    if language_id not in GRAMMARS:
        return None
    module, function = GRAMMARS[language_id]
    try:
        import tree_sitter

        grammar: Any = getattr(import_module(module), function)()
        return tree_sitter.Language(grammar)  # pyright: ignore[reportDeprecated]
    except (ImportError, AttributeError, ValueError):
        return None


def _new_parser(grammar: Any) -> Any:
    import tree_sitter

    return tree_sitter.Parser(grammar)


class Tree:
    """A parsed text whose nodes are addressed in code points, as everything else in the engine is."""

    def __init__(self, text: str, tree: Any, data: bytes) -> None:
        self.text, self.tree, self._data = text, tree, data
        self._ascii = len(data) == len(text)
        self._lines: tuple[list[int], list[int]] | None = None

    @property
    def root(self) -> Any:
        return self.tree.root_node

    def offset(self, byte: int) -> int:
        """Code-point offset of a byte offset."""
        if self._ascii:
            return byte
        in_bytes, in_points = self._line_starts()
        line = bisect_right(in_bytes, byte) - 1
        return in_points[line] + len(self._data[in_bytes[line] : byte].decode("utf-8", "surrogatepass"))

    def byte(self, offset: int) -> int:
        if self._ascii:
            return offset
        in_bytes, in_points = self._line_starts()
        line = bisect_right(in_points, offset) - 1
        return in_bytes[line] + len(self.text[in_points[line] : offset].encode("utf-8", "surrogatepass"))

    def _line_starts(self) -> tuple[list[int], list[int]]:
        """Where each line begins, in bytes and in code points."""
        if self._lines is None:
            rows = self._data.split(b"\n")
            lengths = [len(row) + 1 for row in rows]
            points = [len(row) + 1 for row in self.text.split("\n")]
            self._lines = [0, *accumulate(lengths[:-1])], [0, *accumulate(points[:-1])]
        return self._lines

    def bytes_of(self, node: Any) -> bytes:
        return self._data[node.start_byte : node.end_byte]

    def span(self, node: Any) -> tuple[int, int]:
        return self.offset(node.start_byte), self.offset(node.end_byte)

    def text_of(self, node: Any) -> str:
        start, end = self.span(node)
        return self.text[start:end]


@lru_cache(maxsize=16)
def parse(text: str, language_id: str) -> Tree | None:
    """The text's tree; None without a grammar, or for what is no code. Broken code still has a tree, with error nodes.

    The last few are kept: one request asks several questions of one text.
    """
    return parse_once(text, language_id)


def parse_once(text: str, language_id: str) -> Tree | None:
    """As `parse`, for a text that is not needed again: nothing is cached."""
    grammar = _grammar(language_id)
    if grammar is None:
        return None
    return _parsed(_new_parser(grammar), text)


def _parsed(engine: Any, text: str) -> Tree | None:
    """The text's tree, or None for a text that takes far more work than code does.

    Mending errors takes time by the square or the cube of a text's length where all of it is errors: 12 kB of `<!--`
    as Python take 14 s, 50 kB of `[` as Lua as long. The steps are counted, so that the same text has the same tree on
    every machine; where each step takes longer than the one before, only the processor's time tells.
    """
    data = text.encode("utf-8", "surrogatepass")
    left = _LEAST_STEPS + len(data) // _BYTES_A_STEP
    until = time.thread_time() + _LEAST_S + len(data) * _S_PER_BYTE

    def read(at: int, _point: Any) -> bytes:
        return data[at : at + _BIT]

    def is_too_much(_at: int, _has_error: bool) -> bool:
        nonlocal left
        left -= 1
        return left < 0 or time.thread_time() > until

    # Read bit by bit it lets other threads run in between, and can be stopped; from bytes neither.
    try:
        return Tree(text, engine.parse(read, progress_callback=is_too_much), data)
    except ValueError:  # stopped
        return None


def enclosing_definition(text: str, start: int, end: int, language_id: str) -> tuple[int, int] | None:
    """The smallest definition that holds `start:end`; with its decorators, where it has them."""
    tree = parse(text, language_id)
    if tree is None:
        return None
    first, last = tree.byte(start), tree.byte(max(start, end - 1))
    found = above = None
    cursor = tree.root.walk()  # downwards: a node looks for its parent from the root
    while (node := cursor.node) is not None and node.start_byte <= first and last <= node.end_byte:
        if node.type in DEFINITIONS:
            has_marks = above is not None and above.type in _AROUND_DEFINITIONS
            found = above if has_marks else node
        above = node
        if cursor.goto_first_child_for_byte(first) is None:
            break
    return tree.span(found) if found is not None else None


_AROUND_DEFINITIONS = ("decorated_definition", "export_statement")


MOST_ERRORS = 20


def syntax_errors(text: str, language_id: str) -> list[tuple[int, str]]:
    """(line from 1, what is wrong) of the places that do not parse; empty also for languages without a grammar."""
    tree = parse(text, language_id)
    if tree is None or not tree.root.has_error:
        return []
    found: list[tuple[int, str]] = []
    nodes = [tree.root]
    while nodes and len(found) < MOST_ERRORS:
        node = nodes.pop()
        if node.is_missing:
            found.append((node.start_point[0] + 1, f"{node.type} is missing"))
        elif node.is_error:
            said = tree.text_of(node).strip().split("\n")[0][:60]
            found.append(
                (node.start_point[0] + 1, f"cannot be parsed: {said}" if said else "cannot be parsed")
            )
        elif node.has_error:
            nodes += reversed(node.children)
    return sorted(set(found))
