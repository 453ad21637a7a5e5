"""Where the user typed not long ago. Pure; the document store reports each change to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

RECENT = 64
"""Places of recent typing that are remembered."""


@dataclass(frozen=True, slots=True)
class RecentEdit:
    """Lines typed in not long ago, `last_line` included. Both count from 0, in the document as it is now."""

    uri: str
    first_line: int
    last_line: int


class RecentEdits:
    """The last `RECENT` places, kept in step with the text."""

    def __init__(self) -> None:
        self._edits: deque[RecentEdit] = deque(maxlen=RECENT)

    def latest(self, is_open: Callable[[str], bool]) -> tuple[RecentEdit, ...]:
        """The latest first, in documents that are still open."""
        return tuple(edit for edit in reversed(self._edits) if is_open(edit.uri))

    def add(self, uri: str, first: int, gone: int, come: int) -> None:
        """Lines `first..first+gone` became `first..first+come`: places below move, places near become one."""
        edits = self._edits
        if come != gone:
            for index, edit in enumerate(edits):
                if edit.uri == uri and edit.first_line > first:
                    edits[index] = _moved(edit, first, come - gone)
        last = first + come
        latest = edits[-1] if edits else None
        if latest and latest.uri == uri and latest.first_line <= last + 1 and first <= latest.last_line + 1:
            edits.pop()
            first, last = min(first, latest.first_line), max(last, latest.last_line)
        edits.append(RecentEdit(uri, first, last))


def _moved(edit: RecentEdit, below: int, by: int) -> RecentEdit:
    first = max(below, edit.first_line + by)
    return replace(edit, first_line=first, last_line=max(first, edit.last_line + by))
