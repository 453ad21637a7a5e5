"""TOML: the same values in the same order, as the standard library reads them, and comments beside the same words.

https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from halley.core.json_text import find_long_key

_TOKEN = re.compile(
    r'''(?P<comment>\#[^\n]*)|"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s#"',=\[\]{}]+''',
    re.DOTALL,
)


def toml_difference(before: str, after: str) -> str:
    """A sentence where the two differ in more than layout, else empty."""
    old, new = _values(before), _values(after)
    if old is None:
        return "The text cannot be read as TOML, so nothing can be proven about it."
    if new is None:
        return "The new text cannot be read as TOML."
    if old != new:
        return "The new text does not mean the same: its values differ."
    return "" if _comments(before) == _comments(after) else "A comment was changed, moved, added or lost."


def _values(text: str) -> object | None:
    """Everything the text says, in its order; 1, 1.0 and true differ. None where it cannot be read."""
    if find_long_key(text) is not None:
        return None
    try:
        return _typed(tomllib.loads(text))
    except (ValueError, RecursionError):
        return None


def _typed(value: Any) -> object:
    if isinstance(value, dict):
        return tuple((key, _typed(inner)) for key, inner in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_typed(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    return type(value).__name__, repr(value)


def _comments(text: str) -> list[tuple[int, str, bool]]:
    """Each comment with the number of words above it, and whether it has its line to itself."""
    found: list[tuple[int, str, bool]] = []
    words = 0
    for token in _TOKEN.finditer(text):
        if token["comment"] is None:
            words += 1
            continue
        line = text[text.rfind("\n", 0, token.start()) + 1 : token.start()]
        found.append((words, token["comment"].strip(), not line.strip()))
    return found
