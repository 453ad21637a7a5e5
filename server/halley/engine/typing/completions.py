"""From what a model said to what may be shown at the cursor: small pure steps, in order.

`read_completion` runs STEPS; each takes and gives the text of the completion, knowing the text around it. A step that
finds nothing worth showing gives the empty text, and that is the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from halley.engine.guards.secrecy import find_secrets


@dataclass(frozen=True, slots=True)
class Place:
    """The text on both sides of the cursor."""

    prefix: str
    suffix: str
    language_id: str = ""

    @property
    def line_before(self) -> str:
        return self.prefix[self.prefix.rfind("\n") + 1 :]

    @property
    def line_after(self) -> str:
        end = self.suffix.find("\n")
        return self.suffix if end < 0 else self.suffix[:end]


def typed_twice(place: Place, offered: str, was: str, now: str) -> tuple[int, int] | None:
    """Where what was typed along with `offered` stands a second time, after an editor put all of it before that.

    `place` is where it was offered, `was` and `now` are the whole text before and after it was accepted. None where
    anything else has happened.
    """
    if "\r\n" in place.prefix or "\r\n" in place.suffix:
        offered = offered.replace("\r\n", "\n").replace("\n", "\r\n")
    end = len(was) - len(place.suffix)
    typed = was[len(place.prefix) : end]
    if not typed or not offered.startswith(typed) or was != place.prefix + typed + place.suffix:
        return None
    if now != f"{place.prefix}{offered}{typed}{place.suffix}":
        return None
    start = len(place.prefix) + len(offered)
    return start, start + len(typed)


def read_completion(reply: str, place: Place) -> str:
    """What to insert at the cursor; empty when there is nothing worth showing."""
    text = reply
    for step in STEPS:
        text = step(text, place)
        if not text:
            return ""
    return text


_FENCE = re.compile(r"\A\s*```[\w+-]*[ \t]*\n(.*?)(?:\n```[ \t]*\s*\Z|\Z)", re.DOTALL)
_MARKS = re.compile(r"<\|[\w ▁-]+\|>|<(?:fim|file)[_-]?\w*>|</?s>|\[(?:PREFIX|SUFFIX|MIDDLE)\]|<EOT>")


def drop_fence(text: str, _place: Place) -> str:
    """Chat models fence what should be bare."""
    found = _FENCE.match(text)
    return found[1] if found else text


def drop_marks(text: str, _place: Place) -> str:
    """A model's own control tokens end the text."""
    found = _MARKS.search(text)
    return text[: found.start()] if found else text


def drop_echo(text: str, place: Place) -> str:
    """Some models begin by repeating the line up to the cursor."""
    line = place.line_before
    return text[len(line) :] if line.strip() and text.startswith(line) else text


def fit_indentation(text: str, place: Place) -> str:
    """On an indented empty line some models begin with the indentation once more, in every line or only the first."""
    indent = place.line_before
    if not indent or indent.strip() or not text.startswith((" ", "\t")):
        return text
    first, newline, rest = text.partition("\n")
    return (
        first[len(indent) :] + newline + rest
        if first.startswith(indent)
        else first.lstrip(" \t") + newline + rest
    )


def drop_secrets(text: str, _place: Place) -> str:
    """A key in ghost text is somebody's key, learnt by heart."""
    return "" if find_secrets(text) else text


def fold_newlines(text: str, place: Place) -> str:
    """The document's own line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    crlf = "\r\n" in place.prefix or "\r\n" in place.suffix
    return text.replace("\n", "\r\n") if crlf else text


def drop_halves(text: str, _place: Place) -> str:
    """Half a character, where the reply was cut in the middle of one."""
    return text.rstrip("\ufffd") if not any("\ud800" <= c <= "\udfff" for c in text) else ""


def drop_suffix_overlap(text: str, place: Place) -> str:
    """What the reply repeats of the text after the cursor."""
    for end in range(min(len(text), len(place.suffix), 400), 0, -1):
        if text.endswith(place.suffix[:end]) and place.suffix[:end].strip():
            return text[: len(text) - end]
    return _drop_closers(text, place)


def _drop_closers(text: str, place: Place) -> str:
    """Closing marks that already stand right after the cursor, like the `)` an editor put there."""
    after = place.line_after.strip()
    if not after or set(after) - set(")]}>'\"`;,: "):
        return text
    kept = text.rstrip()
    if "\n" not in kept and kept.endswith(after) and _unbalanced(kept):
        return kept[: len(kept) - len(after)]
    return text


def _unbalanced(text: str) -> bool:
    """True where the text closes more than it opens."""
    return any(text.count(close) > text.count(open) for open, close in ("()", "[]", "{}")) or any(
        text.count(quote) % 2 for quote in "'\"`"
    )


def drop_repeated_lines(text: str, place: Place) -> str:
    """A completion that only says again what stands above or below; and a line that repeats itself."""
    lines = text.split("\n")
    below = [line.strip() for line in place.suffix.split("\n")[1:4] if line.strip()]
    above = [line.strip() for line in place.prefix.split("\n")[-4:-1] if line.strip()]
    first = next((line.strip() for line in lines if line.strip()), "")
    if len(first) > 3 and not place.line_before.strip() and (first in below[:1] or first in above[-1:]):
        return ""
    for at in range(1, len(lines)):
        if lines[at].strip() and len(lines[at].strip()) > 3 and below and lines[at].strip() == below[0]:
            return "\n".join(lines[:at])
        if at >= 3 and lines[at].strip() and lines[at] == lines[at - 1] == lines[at - 2]:
            return "\n".join(lines[: at - 1])
    return text


def drop_blank(text: str, _place: Place) -> str:
    """Nothing but white space is nothing; trailing white space is never wanted."""
    return text.rstrip() if text.strip() else ""


STEPS: tuple[Callable[[str, Place], str], ...] = (
    drop_fence,
    drop_marks,
    fold_newlines,
    drop_halves,
    drop_echo,
    fit_indentation,
    drop_secrets,
    drop_repeated_lines,
    drop_suffix_overlap,
    drop_blank,
)
