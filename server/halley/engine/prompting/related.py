"""What other files have to say about a part of one: definitions of the names it uses, and places that look alike.

Pure: the caller brings the texts (`Source`) and an index of definitions; this ranks them. Nearer files, names used
oftener and files touched lately rank higher.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from halley.engine.code.symbols import best_window, likeness, names_used, words
from halley.engine.prompting.context import Related

MOST_NAMES = 24
MOST_ALIKE = 6
MOST_TYPED = 4
_AROUND_TYPED = 12
_ENOUGH_ALIKE = 0.12
_LONGEST_DEFINITION = 2400


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text. `recency` is 0 for the file touched last, 1 for the one before, …; None: not open."""

    path: str
    text: str
    language_id: str = ""
    recency: int | None = None


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition found in some file: its text, and the line it begins on (from 1)."""

    name: str
    path: str
    first_line: int
    text: str
    language_id: str = ""


def related_definitions(
    part: str, own_path: str, index: Mapping[str, Sequence[Defined]], own_names: frozenset[str] = frozenset()
) -> list[Related]:
    """Definitions of the names `part` uses, from other files; a name that many files define is no help."""
    found: list[Related] = []
    for place, name in enumerate(names_used(part)[: MOST_NAMES * 4]):
        candidates = [defined for defined in index.get(name, ()) if defined.path != own_path]
        if name in own_names or not candidates or len(candidates) > 8:
            continue
        best = max(candidates, key=lambda defined: nearness(own_path, defined.path))
        rank = 2.0 - place / 100 + nearness(own_path, best.path) - len(candidates) / 20
        text = best.text if len(best.text) <= _LONGEST_DEFINITION else _head(best.text)
        found.append(Related(best.path, best.first_line, text, f"defines `{name}`", rank, best.language_id))
        if len(found) == MOST_NAMES:
            break
    return found


def related_places(part: str, own_path: str, sources: Iterable[Source], language_id: str) -> list[Related]:
    """The places in other open or recent files most like `part`, one for each file."""
    wanted = words(part)
    scored: list[Related] = []
    for source in sources:
        if source.path == own_path or likeness(words(source.text[:60_000]), wanted) < 0.02:
            continue
        start, end, score = best_window(source.text[:60_000], wanted)
        score *= 1.2 if source.language_id == language_id else 0.6
        if score < _ENOUGH_ALIKE:
            continue
        rank = score + (0.3 / (1 + source.recency) if source.recency is not None else 0.0)
        line = source.text.count("\n", 0, start) + 1
        scored.append(
            Related(source.path, line, source.text[start:end], "looks alike", rank, source.language_id)
        )
    return sorted(scored, key=lambda related: -related.rank)[:MOST_ALIKE]


def recent_places(
    part: str, own_path: str, touched: Iterable[tuple[Source, int, int]], language_id: str
) -> list[Related]:
    """What was typed in other files not long ago, the lines around included: (source, first and last line from 0).

    Likeness decides, the order in which it was typed breaks ties; what has no word in common is left out.
    """
    wanted = words(part)
    found: list[Related] = []
    for place, (source, first, last) in enumerate(touched):
        lines = source.text.split("\n")
        first, last = max(0, first - _AROUND_TYPED), min(len(lines), last + _AROUND_TYPED + 1)
        text = "".join(f"{line}\n" for line in lines[first : min(last, first + 60)])
        score = likeness(words(text), wanted) * (1.2 if source.language_id == language_id else 0.6)
        if (
            source.path == own_path
            or not score
            or any(_overlaps(other, source, first, last) for other in found)
        ):
            continue
        rank = 0.5 + score + 0.3 / (1 + place)
        found.append(Related(source.path, first + 1, text, "edited a moment ago", rank, source.language_id))
    return sorted(found, key=lambda related: -related.rank)[:MOST_TYPED]


def without_overlaps(pieces: Iterable[Related]) -> list[Related]:
    """Of pieces that share lines of a file, the one that helps most."""
    kept: list[Related] = []
    for piece in sorted(pieces, key=lambda piece: -piece.rank):
        last = piece.first_line + piece.text.count("\n")
        if not any(
            other.path == piece.path
            and piece.first_line < other.first_line + other.text.count("\n")
            and other.first_line < last
            for other in kept
        ):
            kept.append(piece)
    return kept


def _overlaps(other: Related, source: Source, first: int, last: int) -> bool:
    end = other.first_line + other.text.count("\n")
    return other.path == source.path and first < end and other.first_line <= last


def nearness(one: str, other: str) -> float:
    """1 for the same folder, less for each step between two paths."""
    ours, theirs = PurePosixPath(one).parent.parts, PurePosixPath(other).parent.parts
    shared = 0
    for a, b in zip(ours, theirs, strict=False):
        if a != b:
            break
        shared += 1
    return 1 / (1 + len(ours) + len(theirs) - 2 * shared)


def _head(text: str) -> str:
    return text[: text.rfind("\n", 0, _LONGEST_DEFINITION) + 1] + "…\n"
