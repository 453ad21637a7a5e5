"""Saying a function, written in a plain subset of Python, in another language.

The subset is that of `recipe_book.PORTABLE`: numbers, texts and flat lists; if, for, while, return, raise, assignment;
`len`, `range`, `append`. Anything else raises Unsayable, and nothing is guessed.
"""

from __future__ import annotations

import ast

from halley.simulator.answers.dialects import SPEAKERS
from halley.simulator.answers.speaker import Unsayable, camel

__all__ = ["SPEAKERS", "Unsayable", "camel", "render_body", "render_function"]


def render_function(node: ast.FunctionDef, language: str, unit: str = "") -> str:
    """The function in `language` (an id of `languages.py`). Raises Unsayable."""
    speaker = SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(language)
    return "\n".join(speaker(node, unit).function())


def render_body(node: ast.FunctionDef, language: str, unit: str = "") -> list[str]:
    """Only the body's lines, one level deep."""
    speaker = SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(language)
    return speaker(node, unit).body(node.body, 1)
