"""Names that are close to one that is not there: a slip of the fingers, or a model that has got a successor."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_PARTS = re.compile(r"[a-z]+|\d+")


def near_names(name: str, among: Iterable[str], most: int = 3) -> list[str]:
    """The closest names, best first; none when nothing is similar."""
    wanted = name[:200].lower()
    scored = [(_likeness(wanted, candidate.lower()), candidate) for candidate in among]
    close = sorted((score, candidate) for score, candidate in scored if score > 0.6)
    return [candidate for _, candidate in sorted(close, key=lambda pair: (-pair[0], pair[1]))[:most]]


def _likeness(one: str, other: str) -> float:
    """0 to 1: letters in order, or words in common (`sonnet-4` and `claude-sonnet-4-5-20250929`)."""
    matcher = difflib.SequenceMatcher(None, one, other)
    if matcher.real_quick_ratio() < 0.4:
        letters = 0.0
    else:
        letters = matcher.ratio()
    parts, others = set(_PARTS.findall(one)), set(_PARTS.findall(other))
    shared = len(parts & others) / max(1, len(parts))
    return max(letters, shared * 0.9 if any(part.isalpha() for part in parts & others) else 0.0)
