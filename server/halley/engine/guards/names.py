"""File names as the most forgiving file system, or a hasty reader, takes them. What they mean is decided elsewhere."""

from __future__ import annotations

import unicodedata


def plain_name(part: str) -> str:
    """As the most forgiving file system reads it, without anything that cannot be seen."""
    folded = part.lower()
    if not part.isascii():
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold())
    if not folded.isprintable() or not folded.isascii():
        folded = "".join(c for c in folded if not _unseen(c))
    return folded.split(":")[0].rstrip(_END).lstrip(_BEGINNING) or folded


_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_BEGINNING, _END = f" {_QUOTES}", f". {_QUOTES}"
"""A shell script that quotes twice leaves files whose names have the quotes."""


def _unseen(c: str) -> bool:
    """Control and format characters, and the marks that draw nothing: variation selectors, joiners, fillers."""
    return (
        unicodedata.category(c)[0] == "C"
        or c in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
        or "\ufe00" <= c <= "\ufe0f"
    )
