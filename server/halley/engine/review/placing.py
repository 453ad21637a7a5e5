"""Where findings stand: the quoted lines have to be there, among the lines that the model was shown.

A quote that is there several times counts where the model's own line number says; without that there is no certain
place, and none is guessed. Numbers alone place nothing, since models miscount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from halley.engine.edits.matching import WAYS, find_by
from halley.engine.review.parts import Part, Shown
from halley.engine.review.values import Finding

_EXACT = 2
"""Of WAYS: regardless of white space at the end. The next is regardless of margins, which the replacement then gets."""
_MARGINS = 3


def place_finding(finding: Finding, part: Part) -> Finding:
    """The finding with its lines, or as it is where its place is not certain."""
    places = {
        (shown.file.path, first, last): (shown, way)
        for shown in part.files
        if shown.file.path == finding.path
        for first, last, way in _places(finding, shown)
    }
    if len(places) > 1:
        places = {place: its for place, its in places.items() if place[1] == finding.claimed}
    if len(places) != 1:
        return finding
    ((_, first, last), (shown, way)) = next(iter(places.items()))
    rows = rows_of(shown.file.text)[first - 1 : last]
    quoted = _quoted(finding)
    replacement = finding.replacement
    if way >= _EXACT and replacement is not None:
        replacement = _indented(replacement, quoted, rows)
    if replacement == "\n".join(rows):
        replacement = None
    return replace(finding, first=first, last=last, quote="\n".join(rows), replacement=replacement)


def rows_of(text: str) -> list[str]:
    """Lines without their ends, as editors count them; git's own counting of `\\n` agrees but for a lone `\\r`."""
    return text.replace("\r\n", "\n").split("\n")


def _quoted(finding: Finding) -> list[str]:
    rows = finding.quote.strip("\n").split("\n")
    return rows if any(map(str.strip, rows)) else []


def _places(finding: Finding, shown: Shown) -> list[tuple[int, int, int]]:
    """(first line, last line, the way they are alike) wherever all of the quote was shown."""
    quoted, rows = _quoted(finding), rows_of(shown.file.text)
    if not quoted or len(quoted) > len(rows):
        return []
    for way in range(min(_MARGINS, len(WAYS))):
        found = [
            (first + 1, last, way)
            for first, last in find_by(way, quoted, rows)
            if last - first == len(quoted) and shown.lines.issuperset(range(first + 1, last + 1))
        ]
        if found:
            return found
    return []


def _indented(replacement: str, quoted: Sequence[str], rows: Sequence[str]) -> str | None:
    """The replacement moved as the quote has to be to become the lines; None where no single move does it."""
    margins = {
        row.removesuffix(quote.rstrip())
        for quote, row in zip(quoted, (row.rstrip() for row in rows), strict=True)
        if quote.strip()
    }
    margin = next(iter(margins))
    if len(margins) != 1 or margin.strip():
        return None
    return "\n".join(margin + row if row.strip() else row for row in replacement.split("\n"))
