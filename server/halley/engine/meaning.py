"""Does a new layout of code still mean the same?

`difference(before, after)` is the proof that formatting rests on. Python compares its syntax trees, with docstrings
and comments; other languages compare the tokens of their syntax trees, comments included. What cannot be proven the
same counts as different.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

from halley.engine import syntax

_SPACE = re.compile(r"\s+")


def difference(before: str, after: str, language_id: str) -> str:
    """Why `after` does not surely mean what `before` means, as a sentence; empty when it does."""
    if before == after:
        return ""
    if language_id == "python":
        return _python_difference(before, after)
    if syntax.has_grammar(language_id):
        return _token_difference(before, after, language_id)
    return "" if _words(before) == _words(after) else "The text differs in more than white space."


def _python_difference(before: str, after: str) -> str:
    try:
        old = ast.dump(ast.parse(before))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _token_difference(before, after, "python")
    try:
        new = ast.dump(ast.parse(after))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"The new text is not valid Python ({type(error).__name__})."
    if old != new:
        return "The new text does not mean the same: its syntax tree differs."
    return "" if _comments(before) == _comments(after) else "A comment was changed, added or lost."


def _comments(text: str) -> list[str]:
    try:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return [token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return [text]


def _token_difference(before: str, after: str, language_id: str) -> str:
    old, new = syntax.parse(before, language_id), syntax.parse(after, language_id)
    if old is None or new is None:
        return "There is no grammar to prove that the new text means the same."
    if new.root.has_error and not old.root.has_error:
        return "The new text does not parse."
    ours, theirs = _tokens(old), _tokens(new)
    if ours == theirs:
        return ""
    place = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    was = ours[place][1] if place < len(ours) else "the end"
    now = theirs[place][1] if place < len(theirs) else "the end"
    return f"The new text does not mean the same: `{was[:40]}` became `{now[:40]}`."


def _tokens(tree: syntax.Tree) -> list[tuple[str, str]]:
    """Token types and texts; comments with their white space folded, since re-wrapping them is layout."""
    found: list[tuple[str, str]] = []
    for node in syntax.leaves(tree):
        text = tree.text_of(node)
        if "comment" in node.type:
            text = _SPACE.sub(" ", text)
        if text.strip():
            found.append((node.type, text))
    return found


def _words(text: str) -> str:
    return _SPACE.sub("", text)
