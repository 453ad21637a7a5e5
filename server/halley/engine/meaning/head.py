"""What only means something in a file's first lines: the interpreter, the encoding, a byte-order mark."""

from __future__ import annotations

import re

_CODING = re.compile(r"^[ \t\f]*#.*?(?:coding[:=]|-\*-).*$")
_MODELINE = re.compile(r"(?:^|\s)(?:vim?|ex):\s?\S")
_MODELINES = 5


def head_difference(before: str, after: str) -> str:
    """A sentence where one of them was moved, added or changed; else empty."""
    if before.startswith("\ufeff") != after.startswith("\ufeff"):
        return "The byte-order mark at the beginning was added or lost."
    if _interpreter(before) != _interpreter(after):
        return "The line that names the interpreter has to stay the first, as it is."
    if _codings(before) != _codings(after):
        return "The comment that names the encoding has to stay in the first two lines."
    if _modelines(before) != _modelines(after):
        return "A comment with settings for an editor was moved away from the beginning or the end."
    return ""


def _interpreter(text: str) -> str:
    return text.split("\n", 1)[0].rstrip() if text.startswith("#!") else ""


def _codings(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n", 2)[:2] if _CODING.match(line)]


def _modelines(text: str) -> list[str]:
    lines = text.rstrip().split("\n")
    near = lines if len(lines) <= 2 * _MODELINES else [*lines[:_MODELINES], *lines[-_MODELINES:]]
    return [line.strip() for line in near if _MODELINE.search(line)]
