"""Characters that cannot be seen, and what they can do to code.

Direction marks make code read otherwise than it runs; tag characters and zero-width ones carry invisible words;
control characters drive terminals. What is joined by them rightly (emoji, scripts that need joiners) is let be.

https://www.unicode.org/reports/tr36/ · https://trojansource.codes
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = "\u200c\u200d"


def invisible_characters(text: str) -> list[tuple[int, str]]:
    """Offset and character of each that does not belong where it stands."""
    if text.isascii() and text.isprintable():
        return []
    return [(m.start(), m[0]) for m in _SUSPECT.finditer(text) if not _belongs(text, m.start())]


def new_invisible_characters(new: str, old: str) -> list[tuple[int, str]]:
    """Those of `new` that `old` does not have as often."""
    left = Counter(character for _, character in invisible_characters(old))
    found: list[tuple[int, str]] = []
    for offset, character in invisible_characters(new):
        if left[character] > 0:
            left[character] -= 1
        else:
            found.append((offset, character))
    return found


def name_of(character: str) -> str:
    """As a user can look it up: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"


def _belongs(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    character = text[at]
    if character == "\ufeff" and not at:  # a byte-order mark, where it may be
        return True
    if "\ufe00" <= character <= "\ufe0f":  # how a symbol is drawn
        return bool(before) and (
            unicodedata.category(before) in ("So", "Sm", "Po", "Lo") or before in "0123456789#*"
        )
    if character in _JOINERS:
        return _joins(before) and _joins(after)
    return False


def _joins(character: str) -> bool:
    """Emoji and their modifiers, and letters of scripts beyond Latin, Greek and Cyrillic."""
    if not character or character.isascii():
        return False
    return (
        unicodedata.category(character) in ("So", "Sk")
        or "\ufe00" <= character <= "\ufe0f"
        or character > "\u0590"
    )
