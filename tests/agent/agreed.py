"""What was agreed: the workspace as it must be, told from the diffs that the user saw and from nothing else.

Shares no code with the agent. Texts are counted in lines here; the golden part of a case holds their every byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


@dataclass
class Agreed:
    """`texts`: as the user sees them, open buffers before the disk."""

    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    turns: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])
    """The texts before each turn that changed something: its checkpoint."""
    undo: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The texts before the last restore."""

    def set(self, name: str, text: str) -> None:
        self.texts[name] = lines_of(text)

    def write(self, name: str, old: str, new: str) -> None:
        """What a command does to a passage of a file, or to all of a file that was not there."""
        before = "\n".join(self.texts.get(name, []))
        assert old in before, f"{old!r} is not in {name}"
        self.set(name, before.replace(old, new, 1) if before else new)

    def make(self, diff: str) -> None:
        """Raises AssertionError for a diff that does not fit."""
        if moved := re.fullmatch(r"rename (.+)\n +to (.+)\n", diff):
            self.texts[moved[2]] = self.texts.pop(moved[1])
            return
        name = re.search(r"^\+\+\+ (.*?)\t?$", diff, re.MULTILINE)
        assert name, f"no diff of a file: {diff}"
        lines, shift = self.texts.get(name[1], []), 0
        for start, old, new in _hunks(diff):
            if not _places(lines, old):  # the user typed in the lines around it
                start, old, new = _bare(start, old, new)
            at = _find(lines, old, start + shift)
            lines = [*lines[:at], *new, *lines[at + len(old) :]]
            shift += len(new) - len(old)
        self.texts[name[1]] = lines

    def delete(self, name: str) -> None:
        del self.texts[name]

    def before_turn(self) -> dict[str, list[str]]:
        return dict(self.texts)

    def restore(self, to: dict[str, list[str]], files: list[str]) -> None:
        self.undo = dict(self.texts)
        for name in files or {*to, *self.texts}:
            if name in to:
                self.texts[name] = to[name]
            else:
                self.texts.pop(name, None)


def lines_of(text: str) -> list[str]:
    """Without a byte order mark, which no editor shows."""
    return text.removeprefix("\ufeff").splitlines()


def _hunks(diff: str) -> list[tuple[int, list[str], list[str]]]:
    """(first line from 0, its lines before, its lines after) of each."""
    found: list[tuple[int, list[str], list[str]]] = []
    for line in diff.splitlines()[2:]:
        if start := _HUNK.match(line):
            found.append((max(0, int(start[1]) - 1), [], []))
        elif found:
            if line[:1] in (" ", "-"):
                found[-1][1].append(line[1:])
            if line[:1] in (" ", "+"):
                found[-1][2].append(line[1:])
    return found


def _bare(start: int, old: list[str], new: list[str]) -> tuple[int, list[str], list[str]]:
    """A hunk without the lines around the change."""
    while old and new and old[0] == new[0]:
        start, old, new = start + 1, old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return start, old, new


def _find(lines: list[str], old: list[str], start: int) -> int:
    """Where these lines are, nearest to `start`: the user may have typed above since the diff was made."""
    places = _places(lines, old)
    assert places, f"what was agreed does not fit: {old} in {lines}"
    return min(places, key=lambda at: abs(at - start))


def _places(lines: list[str], old: list[str]) -> list[int]:
    return [at for at in range(len(lines) - len(old) + 1) if lines[at : at + len(old)] == old]
