"""What the user edited lately, in all documents of a window: one `Change` for each place, small diffs without their
keystrokes.

    journal = add_burst(journal, place, before, after)

A burst is what was typed in one document until something looked. Whatever later bursts do at the same place becomes
one change with the earlier ones; what was undone is gone, and so is what changed white space alone. A whole file that
was formatted or checked out is not the user's typing and leaves no change.

What may be in a journal is decided before (`features/next_edit/memory.py`): nothing of a file that may not leave the
machine is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from halley.core.calls import PastEdit
from halley.engine.edits.diffs import Block, diff_lines

MOST_CHANGES = 15
MOST_PLACES = 30
"""Changes in one burst; and `MOST_LINES` lines in one of them. More was no typing."""
MOST_LINES = 120
MOST_CHARACTERS = 8_000
"""In one change."""
AROUND = 2
"""Lines of context on either side of a change."""


@dataclass(frozen=True, slots=True)
class EditedFile:
    """The document of a burst."""

    uri: str
    path: str
    """As a model may see it."""
    language_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """`old` became `new` (lines with their ends); `new` begins at `row` of the document as it is now."""

    place: EditedFile
    row: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    above: tuple[str, ...]
    below: tuple[str, ...]
    burst: int

    @property
    def end(self) -> int:
        """The row after its last line."""
        return self.row + len(self.new)

    def holds(self, row: int) -> bool:
        return self.row <= row < max(self.end, self.row + 1)


Journal = tuple[Change, ...]
"""Oldest first."""


def add_burst(
    journal: Journal, place: EditedFile, before: Sequence[str], after: Sequence[str], burst: int
) -> Journal:
    """The journal with what turned the lines `before` of a document into `after`. `burst` counts up."""
    own = _still_there(sorted(_of(journal, place.uri), key=lambda change: change.row), before)
    others = [change for change in journal if change.place.uri != place.uri]
    touched = diff_lines(before, after)
    if len(touched) > MOST_PLACES or any(b - a > MOST_LINES or d - c > MOST_LINES for a, b, c, d in touched):
        return tuple(others)
    origin = _undone(own, before)
    blocks = _near_joined(diff_lines(origin, after))
    fresh = [(c, d) for _, _, c, d in touched]
    made = (_change(place, origin, after, block, fresh, own, burst) for block in blocks)
    kept = [change for change in made if _counts(change)]
    return tuple(sorted((*others, *kept), key=lambda change: change.burst))[-MOST_CHANGES:]


def as_past_edits(journal: Iterable[Change], most_characters: int = 8_000) -> tuple[PastEdit, ...]:
    """The latest changes that fit, oldest first."""
    found: list[PastEdit] = []
    left = most_characters
    for change in reversed(tuple(journal)):
        diff = unified(change)
        left -= len(diff)
        if left < 0:
            break
        found.append(PastEdit(change.place.path, "".join(change.old), "".join(change.new), diff))
    return tuple(reversed(found))


def unified(change: Change) -> str:
    """A unified diff of the change with the lines around it, without the file's names."""
    first = change.row - len(change.above) + 1
    around = len(change.above) + len(change.below)
    head = f"@@ -{first},{len(change.old) + around} +{first},{len(change.new) + around} @@\n"
    parts = ((" ", change.above), ("-", change.old), ("+", change.new), (" ", change.below))
    return head + "".join(
        f"{mark}{line.rstrip(chr(13) + chr(10))}\n" for mark, lines in parts for line in lines
    )


def forget(journal: Journal, uri: str) -> Journal:
    return tuple(change for change in journal if change.place.uri != uri)


def _of(journal: Journal, uri: str) -> list[Change]:
    return [change for change in journal if change.place.uri == uri]


def _still_there(changes: Iterable[Change], lines: Sequence[str]) -> list[Change]:
    """Those whose lines stand where they were: a document that was closed may have changed in between."""
    found: list[Change] = []
    for change in changes:
        in_order = not found or found[-1].end <= change.row
        if in_order and tuple(lines[change.row : change.end]) == change.new:
            found.append(change)
    return found


def _undone(changes: Iterable[Change], lines: Sequence[str]) -> list[str]:
    """The text before all of the changes."""
    found: list[str] = []
    at = 0
    for change in changes:
        found += lines[at : change.row]
        found += change.old
        at = change.end
    return [*found, *lines[at:]]


def _near_joined(blocks: Iterable[Block]) -> list[Block]:
    """Blocks with at most one line between them, as one."""
    joined: list[Block] = []
    for block in blocks:
        if joined and block[0] - joined[-1][1] <= 1 and block[2] - joined[-1][3] <= 1:
            first = joined.pop()
            block = first[0], block[1], first[2], block[3]
        joined.append(block)
    return joined


def _change(
    place: EditedFile,
    origin: Sequence[str],
    after: Sequence[str],
    block: Block,
    fresh: Iterable[tuple[int, int]],
    own: Iterable[Change],
    burst: int,
) -> Change:
    """`fresh` are the rows of the newest burst: a change that holds none of them is as old as it was."""
    i1, i2, j1, j2 = block
    is_new = any(first <= j2 and j1 <= last for first, last in fresh)
    old = tuple(origin[i1:i2])
    earlier = [change.burst for change in own if change.old == old or set(change.old) & set(old)]
    since = burst if is_new else max(earlier, default=max((change.burst for change in own), default=burst))
    return Change(
        place,
        j1,
        old,
        tuple(after[j1:j2]),
        _context(after, j1 - AROUND, j1),
        _context(after, j2, j2 + AROUND),
        since,
    )


def _context(lines: Sequence[str], first: int, last: int) -> tuple[str, ...]:
    return tuple(line for line in lines[max(0, first) : max(0, last)] if line)


def _counts(change: Change) -> bool:
    """Whether it says anything: not white space alone, and not more than a hand types."""
    old, new = "".join(change.old), "".join(change.new)
    if "".join(old.split()) == "".join(new.split()):
        return False
    return len(old) + len(new) <= MOST_CHARACTERS and max(len(change.old), len(change.new)) <= MOST_LINES
