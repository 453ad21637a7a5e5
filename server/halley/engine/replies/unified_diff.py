"""Unified diffs as models write them: headers missing, numbers wrong, leading spaces lost.

`read_diff` is the way in. A hunk belongs where its lines are; its line number only decides between several such places.
`*** Update File:` patches are read as well. Finding the place is `hunks.py`'s work.

https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

from halley.engine.replies.hunks import Hunk, Line

DIFF_LANGUAGES = frozenset(("diff", "patch", "udiff"))

_HUNK = re.compile(r"^@@(?:[^@]*@@)?(?P<section>.*)$")
_NUMBERED = re.compile(r"^@@ -(?P<row>\d+)(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")
_OLD, _NEW = re.compile(r"^--- (?P<path>[^\t]+)"), re.compile(r"^\+\+\+ (?P<path>[^\t]+)")
_GIT = re.compile(r"^diff --git (?P<old>\S+) (?P<new>\S+)$")
_META = re.compile(
    r"^(?:index [0-9a-f]+\.\.|(?:new|deleted) file mode |(?:old|new) mode |(?:dis)?similarity index )"
)
_RENAME = re.compile(r"^rename (?P<side>from|to) (?P<path>.+)$")
_STARS = re.compile(r"^\*\*\* (?P<what>Update|Add|Delete) File: (?P<path>.+)$")
_STARS_OTHER = re.compile(r"^\*\*\* (?:Begin Patch|End Patch|End of File)")
_STARS_MOVE = re.compile(r"^\*\*\* Move to: (?P<path>.+)$")


@dataclass(slots=True)
class FileDiff:
    """One file's part of a diff. An empty path means the file does not exist on that side, None that none is named."""

    old_path: str | None = None
    new_path: str | None = None
    hunks: list[Hunk] = field(default_factory=list[Hunk])

    @property
    def path(self) -> str:
        return self.old_path or self.new_path or ""


def has_diff(lines: Sequence[str]) -> bool:
    """Whether lines outside a `diff` fence are a diff: by a header, and something added or removed."""
    headed = any(
        _NUMBERED.match(line)
        or _STARS.match(line)
        or (_OLD.match(line) and _NEW.match("".join(lines[n : n + 1])))
        for n, line in enumerate(lines, 1)
        if line.startswith(("@@ -", "*** ", "--- "))
    )
    return headed and is_diff(lines)


def opens_diff(lines: Sequence[str]) -> bool:
    """Whether a reply is a diff from its first line on, so that fences in it are lines of the file."""
    # A look at the head only: long replies that are no diff must cost nothing here.
    said = [line for line in lines[:40] if line.strip()][:8]
    while said and (_GIT.match(said[0]) or _META.match(said[0])):
        said.pop(0)
    if len(said) < 3:
        return False
    stars = said[0].startswith("*** Begin Patch") and _STARS.match(said[1])
    headed = _OLD.match(said[0]) and _NEW.match(said[1]) and said[2].startswith("@@")
    return bool(stars or headed) and is_diff(lines)


def is_diff(lines: Sequence[str]) -> bool:
    """Whether something is added or removed; a `diff` fence without that is just code.

    `--- a comment` in a hunk removes a line of SQL or Lua, and `+++i;` adds one of C: only the two lines of a header,
    one below the other, are no change. A file that is only renamed has no hunk.
    """
    if {match["side"] for line in lines if (match := _RENAME.match(line))} == {"from", "to"}:
        return True
    at, in_hunk = 0, False
    while at < len(lines):
        line, following = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
        in_hunk = in_hunk or line.startswith("@@")
        if not in_hunk and _OLD.match(line) and _NEW.match(following):
            at += 2
            continue
        if line[:1] in ("+", "-") and (
            in_hunk or not (_NEW.match(line) or re.fullmatch(r"[-+]{3,}\s*", line))
        ):
            return True
        at += 1
    return False


def read_diff(lines: Sequence[str]) -> list[FileDiff]:
    """Each file's hunks, in order."""
    reader = _Reader()
    for n, line in enumerate(lines):
        reader.take(line, lines[n + 1] if n + 1 < len(lines) else "")
    reader.end_hunk()
    return [file for file in reader.files if file.hunks or file.old_path != file.new_path or file.old_path]


class _Reader:
    """What was read so far."""

    def __init__(self) -> None:
        self.files: list[FileDiff] = []
        self.rows: list[str] = []
        self.header = ""
        self.anchors: list[str] = []
        self.in_header = False
        self.due = _Due()

    def take(self, line: str, following: str) -> None:
        if self.due.takes(line):
            self.rows.append(line)
            return
        if not self.in_header and line[:1] in (" ", "+", ""):  # most lines; none of these begins anything
            self.rows.append(line)
            return
        if self._is_header(line, following):
            return
        if match := _HUNK.match(line):
            if self.rows or self.header.startswith("@@ -"):
                self.end_hunk()
            self.in_header, self.header = False, line
            self.due = _Due.of(line)
            if not self.files:
                self.files.append(FileDiff())
            if section := match["section"].strip():
                self.anchors.append(
                    section
                )  # "@@ def f():" as patches by stars have it, or git's own section
        elif not line.startswith("\\"):  # "No newline at end of file": the text keeps its own end
            self.rows.append(line)

    def _is_header(self, line: str, following: str) -> bool:
        if (old := _OLD.match(line)) and _NEW.match(following):
            self._begin(_name(old["path"]), None)
        elif self.in_header and (new := _NEW.match(line)):
            self.files[-1].new_path = _name(new["path"])
        elif git := _GIT.match(line):
            self._begin(_name(git["old"]), _name(git["new"]))
        elif stars := _STARS.match(line):
            path = stars["path"].strip()
            self._begin("" if stars["what"] == "Add" else path, "" if stars["what"] == "Delete" else path)
        elif (rename := _RENAME.match(line)) and self.in_header:
            setattr(self.files[-1], "old_path" if rename["side"] == "from" else "new_path", rename["path"])
        elif (move := _STARS_MOVE.match(line)) and self.files:
            self.files[-1].new_path = move["path"].strip()
        else:
            return bool(_STARS_OTHER.match(line) or (self.in_header and _META.match(line)))
        return True

    def _begin(self, old: str | None, new: str | None) -> None:
        """A file's header; `---` after `diff --git` is of the same file."""
        self.end_hunk()
        if self.in_header and not self.files[-1].hunks and new is None:
            self.files[-1].old_path = old
        else:
            self.files.append(FileDiff(old, new))
        self.in_header = True

    def end_hunk(self) -> None:
        rows, header, anchors = self.rows, self.header, tuple(self.anchors)
        self.rows, self.header, self.anchors, self.due = [], "", [], _Due()
        while rows and not rows[-1].strip():
            rows.pop()
        if not header:
            rows = list(dropwhile(lambda row: not row.strip(), rows))
        if not any(row[:1] in ("+", "-") for row in rows):
            return
        if not self.files:
            self.files.append(FileDiff())
        file = self.files[-1]
        source = "\n".join([header, *rows] if header else rows)
        numbered = _NUMBERED.match(header)
        # The numbers count from 1, and `-0,0` is what a new file has.
        row = max(int(numbered["row"]) - 1, 0) if numbered else None
        file.hunks.append(Hunk(tuple(_signed(rows)), file.path, source, anchors, row))
        self.in_header = False


@dataclass(slots=True)
class _Due:
    """How many old and new lines the header of a hunk still promises: so long nothing in it is a header."""

    old: int = 0
    new: int = 0

    @classmethod
    def of(cls, header: str) -> _Due:
        found = _NUMBERED.match(header)
        return cls(int(found["old"] or 1), int(found["new"] or 1)) if found else cls()

    def takes(self, line: str) -> bool:
        """Whether a line that looks like a header is a line of the hunk: `--- x` removed, `+++ x` added."""
        sign = line[:1]
        if self.old <= 0 and self.new <= 0:
            return False
        if sign == "-" and self.old > 0:
            self.old -= 1
        elif sign == "+" and self.new > 0:
            self.new -= 1
        elif sign in ("", " "):
            self.old, self.new = self.old - 1, self.new - 1
        return line.startswith(("--- ", "+++ ")) and sign in "+-" and min(self.old, self.new) >= 0


def _signed(rows: Sequence[str]) -> list[Line]:
    """The rows by what their first column says. Where kept lines lost that column they are taken as they stand."""
    # One such row says it of all: a model either writes the column or does not, and taking a blank away from code
    # that never had the column would shift its indentation.
    lost = any(row[:1] not in ("", " ", "+", "-", "\t") for row in rows)
    lines: list[Line] = []
    for row in rows:
        if row[:1] == "+":
            lines.append(("+", row[1:]))
        elif row[:1] == "-":
            lines.append(("-", row[1:]))
        else:
            lines.append(("=", row[1:] if row[:1] == " " and not lost else row))
    return lines


def _name(path: str) -> str:
    """A path of a header without git's prefixes; empty for /dev/null."""
    path = path.strip().strip('"')
    if path == "/dev/null":
        return ""
    # `i/` and `w/` are index and work tree, with git's `diff.mnemonicPrefix`.
    return path[2:] if path.startswith(("a/", "b/", "i/", "w/")) else path
