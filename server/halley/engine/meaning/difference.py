"""`difference(before, after)`: why a new layout may not mean what the old one meant.

Each kind of language has its own proof; all of them compare the first lines too, and the comments.
"""

from __future__ import annotations

import re

from halley.engine.code import syntax
from halley.engine.meaning.head import head_difference
from halley.engine.meaning.leaves import Leaves, read_leaves
from halley.engine.meaning.markup import markup_signs
from halley.engine.meaning.python import is_python, python_difference
from halley.engine.meaning.toml import toml_difference

_SPACE = re.compile(r"\s+")
_PROSE = frozenset(("plaintext", "text"))


def difference(before: str, after: str, language_id: str) -> str:
    """Why `after` does not surely mean what `before` means, as a sentence; empty when it does."""
    if before == after:
        return ""
    if reason := head_difference(before, after):
        return reason
    if language_id == "python" and is_python(before):
        return python_difference(before, after)
    if language_id == "html":
        return _first_difference(list(markup_signs(before)), list(markup_signs(after)))
    if language_id == "toml":
        return toml_difference(before, after)
    if syntax.has_grammar(language_id):
        return _tree_difference(before, after, language_id)
    if language_id in _PROSE:
        return "" if before.split() == after.split() else "The text differs in more than white space."
    if before.rstrip("\r\n") == after.rstrip("\r\n"):
        return ""
    return (
        f"There is no grammar for {language_id or 'this language'} to prove that the new text means the same."
    )


def _tree_difference(before: str, after: str, language_id: str) -> str:
    old, new = syntax.parse_once(before, language_id), syntax.parse_once(after, language_id)
    if old is None or new is None:
        return "There is no grammar to prove that the new text means the same."
    if new.root.has_error and not old.root.has_error:
        return "The new text does not parse."
    ours, theirs = read_leaves(old, language_id), read_leaves(new, language_id)
    return _first_difference(ours.signs, theirs.signs) or _remark_difference(ours, theirs)


def _remark_difference(ours: Leaves, theirs: Leaves) -> str:
    return "" if ours.remarks == theirs.remarks else "A comment was changed, moved, added or lost."


def _first_difference(ours: list[tuple[str, bytes]], theirs: list[tuple[str, bytes]]) -> str:
    if ours == theirs:
        return ""
    place = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    was, now = _said(ours, place), _said(theirs, place)
    if was == now:
        return f"The new text does not mean the same: what `{was}` belongs to differs."
    return f"The new text does not mean the same: `{was}` became `{now}`."


def _said(signs: list[tuple[str, bytes]], place: int) -> str:
    """The token at a place, as a user knows it."""
    for _, text in signs[place:]:
        if text.strip():
            return _SPACE.sub(" ", text[:160].decode("utf-8", "replace"))[:40]
    return "the end"
