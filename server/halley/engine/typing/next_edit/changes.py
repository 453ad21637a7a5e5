"""From a region's new text to edits that are offered one by one, the one at the candidate's place first.

Edits in neighbouring lines are one. They begin and end with whole words. White space at the ends of lines and blank
lines alone are not worth an offer.
"""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.text import Edit
from halley.engine.edits.build import build_edits, group_edits
from halley.engine.typing.next_edit.region import Region

NEAR = 200
"""Characters before a place that still count as at it."""


def edits_of(region: Region, new: str, at: int) -> list[Edit]:
    """Edits of the document, nearest to the offset `at` first, then downwards, then those above."""
    groups = group_edits(region.text, build_edits(region.text, new))
    edits = [edit for group in groups if (edit := _as_one(region, group)) is not None]
    return sorted(edits, key=lambda edit: (edit.end < at - NEAR, abs(edit.start - at)))


def _as_one(region: Region, group: Iterable[Edit]) -> Edit | None:
    """Neighbouring edits as one that covers what is between them; None where only white space at ends changes."""
    edits = tuple(group)
    start, end = edits[0].start, edits[-1].end
    text, pieces, at = region.text, list[str](), start
    for edit in edits:
        pieces += (text[at : edit.start], edit.new_text)
        at = edit.end
    old, new = text[start:end], "".join(pieces)
    is_blank = not new.strip() and not old.strip()
    if is_blank or _without_ends(old) == _without_ends(new):
        return None
    return in_words(region.document.text, Edit(region.start + start, region.start + end, new))


def in_words(text: str, edit: Edit) -> Edit:
    """The edit with the rest of the words it begins and ends in."""
    start, end, new = edit.start, edit.end, edit.new_text
    first, last = (new or text[start:end])[:1], (new or text[start:end])[-1:]
    while start and _is_word(text[start - 1]) and _is_word(first or " "):
        start -= 1
        new = text[start] + new
    while end < len(text) and _is_word(text[end]) and _is_word(last or " "):
        new += text[end]
        end += 1
    return Edit(start, end, new)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _without_ends(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n")]
