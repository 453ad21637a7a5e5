"""Names in code: what a text defines, and what a part of it uses.

`definitions(text)` is a file's outline; `names_used(text)` are the identifiers a part needs to know. Syntax trees where
there is a grammar, a regular expression elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from halley.core.text import by_line
from halley.engine.code import syntax

_IDENTIFIER = re.compile(r"[^\W\d]\w{2,}")
_LOOSE = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|pub|unsafe|inline|"
    r"virtual|override|local|const)\s+)*(?P<kind>def|class|fn|func|function|fun|impl|struct|enum|trait|interface|"
    r"module|sub|type|object|namespace)\s+(?:\([^)]*\)\s*)?(?P<name>[^\W\d]\w*)",
    re.MULTILINE,
)
_COMMON = frozenset(
    """self this cls super None True False null true false undefined return import from class def function const let var
    public private protected static async await yield new delete typeof instanceof void int float double str string bool
    boolean char byte long short unsigned list dict tuple set map len range print println format type object value key
    name data result item items index args kwargs error err other text line lines path file files and not for while
    else elif except finally try raise throw catch switch case break continue pass with lambda global nonlocal assert
    pub let mut impl fn match use mod struct enum trait where loop func package interface defer chan select default
    extends implements throws final abstract override""".split()
)
"""Words too common to be worth looking up."""


@dataclass(frozen=True, slots=True)
class Definition:
    """`text[start:end]` defines `name`; up to `body` it is the signature. `depth` counts enclosing definitions."""

    name: str
    kind: str
    start: int
    end: int
    body: int
    depth: int = 0


@lru_cache(maxsize=64)
def definitions(text: str, language_id: str) -> tuple[Definition, ...]:
    """Everything the text defines, in order."""
    tree = syntax.parse(text, language_id) if syntax.has_grammar(language_id) else None
    return _from_tree(tree) if tree is not None else _from_lines(text)


def definition_at(text: str, at: int, language_id: str) -> Definition | None:
    """The innermost definition that holds the offset."""
    holding = [found for found in definitions(text, language_id) if found.start <= at <= found.end]
    return max(holding, key=lambda found: found.depth, default=None)


def _from_tree(tree: syntax.Tree) -> tuple[Definition, ...]:
    found: list[Definition] = []
    pending: list[tuple[Any, Any, int]] = [(tree.root, None, 0)]
    while pending:
        node, parent, depth = pending.pop()
        inner = depth
        if node.type in syntax.DEFINITIONS and (name := node.child_by_field_name("name")) is not None:
            outer = _with_decorators(node, parent)
            body = node.child_by_field_name("body")
            start, end = tree.span(outer)
            at = tree.offset(body.start_byte) if body is not None else end
            found.append(Definition(tree.text_of(name), node.type, start, end, at, depth))
            inner = depth + 1
        if inner <= 2:
            pending += ((child, node, inner) for child in reversed(node.named_children))
    return tuple(found)


def _with_decorators(node: Any, parent: Any) -> Any:
    return (
        parent if parent is not None and parent.type in ("decorated_definition", "export_statement") else node
    )


def _from_lines(text: str) -> tuple[Definition, ...]:
    heads = list(_LOOSE.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    return tuple(
        Definition(head["name"], head["kind"], head.start(), end, _line_end(text, head.end()))
        for head, end in zip(heads, ends, strict=True)
    )


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


@lru_cache(maxsize=8)
def names_used(text: str) -> tuple[str, ...]:
    """The identifiers of a piece of code, commonest first, without words that mean nothing alone."""
    counted = Counter(_identifiers(text))
    for name in counted.keys() & _COMMON:
        del counted[name]
    return tuple(name for name, _ in counted.most_common(200))


@lru_cache(maxsize=64)
def words(text: str) -> frozenset[str]:
    """The identifiers of a text as a set, for likeness."""
    return frozenset(_identifiers(text)) - _COMMON


@lru_cache(maxsize=8)
def _identifiers(text: str) -> tuple[str, ...]:
    return tuple(chain.from_iterable(map(_identifiers_of_line, text.split("\n"))))


@by_line
def _identifiers_of_line(line: str) -> tuple[str, ...]:
    return tuple(_IDENTIFIER.findall(line))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index of two sets of words: 0 for nothing in common, 1 for the same."""
    return len(one & other) / len(one | other) if one and other else 0.0


def best_window(text: str, wanted: frozenset[str], lines: int = 40) -> tuple[int, int, float]:
    """The `lines` lines of `text` most like `wanted`: (start, end, likeness)."""
    windows = _windows(text, lines)
    best = (*windows[0][:2], 0.0)
    for start, end, found in windows:
        score = likeness(found, wanted)
        if score > best[2]:
            best = (start, end, score)
    return best


@lru_cache(maxsize=64)  # the files beside the one that is typed in stay the same from key to key
def _windows(text: str, lines: int) -> tuple[tuple[int, int, frozenset[str]], ...]:
    """Windows that overlap by half: (start, end, words)."""
    rows = text.split("\n")
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row) + 1)
    windows: list[tuple[int, int, frozenset[str]]] = []
    for first in range(0, max(1, len(rows) - lines // 2), max(1, lines // 2)):
        start, end = starts[first], min(len(text), starts[min(first + lines, len(rows))])
        windows.append((start, end, words(text[start:end])))
    return tuple(windows)


def outline(text: str, language_id: str, limit: int = 200) -> str:
    """The signatures of a file, one a line, indented by depth; empty where nothing is defined."""
    lines: list[str] = []
    for found in definitions(text, language_id)[:limit]:
        head = text[found.start : found.body].rstrip(" \t\r\n{:=").replace("\r", "")
        signature = " ".join(
            part.strip() for part in head.split("\n") if part.strip() and not part.lstrip().startswith("@")
        )
        lines.append("  " * found.depth + signature[:160])
    return "\n".join(lines)
