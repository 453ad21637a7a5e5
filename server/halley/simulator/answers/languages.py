"""What the simulator knows of languages (`languages.toml`), and their syntax trees.

Its own table, because it imports nothing of the daemon's: the two meet only over the wire.
"""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    id: str
    name: str
    comment: str = ""
    aliases: tuple[str, ...] = ()
    grammar: tuple[str, str] | None = None
    """Module and function of the tree-sitter wheel."""
    skeleton: str = ""
    """A function without a body; `NAME` and `PARAMS` stand for themselves."""
    parameter: str = "NAME"
    unit: str = "    "
    """One level of indentation."""


def read_table(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("halley.simulator.answers") / name).read_text("utf-8"))


_TABLE = read_table("languages.toml")
_KNOWN = [Known(id, **row) for id, row in _TABLE["languages"].items()]
_BY_NAME = {key.lower(): one for one in _KNOWN for key in (one.id, one.name, *one.aliases)}
WORDS = _TABLE["words"]
RESERVED = frozenset(WORDS["reserved"].split())
"""Words that some language keeps for itself."""


def known(name: str) -> Known:
    """By id, fence tag, extension or the name people write; plain text for what is not known."""
    return _BY_NAME.get(name.strip().lower().lstrip("."), _BY_NAME["plaintext"])


def language_of_path(path: str) -> str:
    return known(path.rsplit("/", 1)[-1].rsplit(".", 1)[-1]).id


def guess_language(text: str) -> str:
    """Where nothing names the language of a text to complete: the first whose marks it shows."""
    return next(language for language, mark in _TABLE["looks"].items() if re.search(mark, text))


def words_of(text: str) -> list[str]:
    """The words of prose or of identifiers, in lower case: `isEven`, `is_even` and "is even" are the same."""
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", text).lower())


@cache
def _parser(language: str) -> Any | None:
    grammar = known(language).grammar
    if grammar is None:
        return None
    import tree_sitter

    return tree_sitter.Parser(tree_sitter.Language(getattr(import_module(grammar[0]), grammar[1])()))


def parse(text: str, language: str) -> Any | None:
    """The root of the text's tree-sitter tree; None where the simulator has no grammar."""
    engine = _parser(language)
    return engine.parse(text.encode("utf-8", "surrogatepass")).root_node if engine else None


def walk(root: Any) -> list[Any]:
    """The nodes below and including `root`, in source order. No recursion: code may be nested very deeply."""
    found, waiting = [], [root]
    while waiting:
        found.append(node := waiting.pop())
        waiting += reversed(node.children)
    return found


def count_errors(text: str, language: str) -> int:
    """Error and missing nodes in the text's tree; 0 where no grammar can say."""
    root = parse(text, language)
    if root is None or not root.has_error:
        return 0
    return sum(node.is_error or node.is_missing for node in walk(root))


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
