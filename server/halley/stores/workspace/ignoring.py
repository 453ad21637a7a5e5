"""Patterns of `.gitignore` and `context.exclude`, matched in linear time whatever they are.

A pattern comes from a repository, and a backtracking match of `*a*a*a*b` takes longer than anyone waits. Each star
here takes the nearest place where what follows it fits, and never tries another: for patterns whose pieces between
stars have a fixed length, the nearest place is always as good (the same idea makes `fnmatch.translate` linear).
Semantics are those of gitignore(5); `read_rules` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from halley.stores.disk.files import read_regular

MOST_BYTES = 200_000
"""Of an ignore file. One that is larger, or no ordinary file, leaves out everything beside and below it."""
MOST_RULES = 5_000
MOST_LENGTH = 1_000
"""Characters of one pattern."""

_CLASSES = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "blank": r" \t", "punct": r"!-.:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-.0-~", "graph": r"!-.0-~",
}  # fmt: skip


_JOINED = re.compile(r"([^*?\[\\]*[^*?\[\\/])\*+(?<=\*\*)(/.*|\Z)", re.DOTALL)
"""A plain start, then stars that git takes for `**` though no slash stands before them."""


@dataclass(frozen=True, slots=True)
class _Rule:
    fits: re.Pattern[str]
    is_negated: bool
    only_folders: bool
    by_name: bool
    """Without a slash: any name at any depth."""


@dataclass(slots=True)
class Rules:
    """The patterns of one file, in order."""

    everything: bool = False
    """Too many to be followed: everything is left out."""
    _rules: list[_Rule] = field(default_factory=list)

    def verdict(self, path: str) -> bool | None:
        """Whether this very path is left out, taken back (False), or not named. A folder's path ends with `/`."""
        # Leaving out too much costs context; leaving out too little could send a file that git ignores for its
        # secrets.
        if self.everything:
            return True
        is_folder = path.endswith("/")
        path = path.rstrip("/")
        name = path.rpartition("/")[2]
        for rule in reversed(self._rules):  # the last that fits counts
            if (is_folder or not rule.only_folders) and rule.fits.fullmatch(name if rule.by_name else path):
                return not rule.is_negated
        return None

    def leaves_out(self, path: str) -> bool:
        """Whether the path, or a folder that it lies in, is left out."""
        parts = path.split("/")
        folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
        return any(map(self.verdict, folders)) or bool(self.verdict(path))


def read_rules(folder: Path) -> Rules:
    """Of the folder's `.gitignore`; none without one. Blocks, for a moment whatever lies there."""
    try:
        raw = read_regular(folder / ".gitignore", MOST_BYTES)
    except FileNotFoundError:
        return Rules()
    except OSError:
        return Rules(everything=True)
    return parse_rules(raw.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"))


@dataclass(frozen=True, slots=True)
class Exclusions:
    """`context.exclude`: what the rules of any level leave out is left out, whatever those of others take back."""

    levels: tuple[Rules, ...]

    def verdict(self, path: str) -> bool:
        """Whether this very path is left out. A folder's path ends with `/`."""
        return any(rules.verdict(path) for rules in self.levels)

    def leaves_out(self, path: str) -> bool:
        """Whether the path, or a folder that it lies in, is left out."""
        return any(rules.leaves_out(path) for rules in self.levels)


@lru_cache(maxsize=16)
def exclusions(patterns: tuple[str, ...]) -> Exclusions:
    """`context.exclude`, which is asked about with every key. A text of several lines is a level of its own."""
    levels = [pattern.split("\n") for pattern in patterns if "\n" in pattern]
    single = [pattern for pattern in patterns if "\n" not in pattern]
    return Exclusions(tuple(map(parse_rules, [single, *levels])))


def parse_rules(lines: Iterable[str]) -> Rules:
    """Lines of an ignore file. Comments and patterns that can match nothing are left out."""
    rules = Rules()
    for line in lines:
        if rule := _parse(line):
            rules._rules.append(rule)
        if len(rules._rules) > MOST_RULES:
            return Rules(everything=True)
    return rules


def _parse(line: str) -> _Rule | None:
    pattern = _without_spaces(line.removesuffix("\r"))
    if not pattern or pattern.startswith("#") or len(pattern) > MOST_LENGTH:
        return None
    is_negated = pattern.startswith("!")
    pattern = pattern[1:] if is_negated else pattern
    only_folders = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    if not pattern:
        return None
    by_name = "/" not in pattern
    source = _segment(pattern) if by_name else _path(pattern.removeprefix("/"))
    return _Rule(re.compile(source, re.DOTALL), is_negated, only_folders, by_name) if source else None


def _without_spaces(line: str) -> str:
    """Spaces at the end do not count, but for one after a backslash."""
    kept = line.rstrip(" ")
    if len(kept) < len(line) and (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept += " "
    return kept


def _path(pattern: str) -> str | None:
    """A pattern with slashes: runs of segments between `**`, each at the nearest place where it fits."""
    if joined := _JOINED.match(pattern):
        # git compares what stands before the first wildcard as plain text and matches the rest by itself, so that
        # `a**/b` means `a` followed by `**/b`, against its own documentation (`match_pathname` in git's dir.c).
        rest = _joined(joined[2])
        return None if rest is None else re.escape(joined[1]) + rest
    runs: list[list[str]] = [[]]
    for segment in pattern.split("/"):
        if len(segment) > 1 and not segment.strip("*"):  # three and more are as two
            runs.append([])
            continue
        source = _segment(segment)
        if source is None:
            return None
        runs[-1].append(source)
    first, *later = ["/".join(run) for run in runs]
    if not later:
        return first
    source = f"{first}/" if first else ""
    for run in later[:-1]:
        # Atomic groups: the nearest place is as good as any other, and without going back the time stays linear.
        source += f"(?>(?:[^/]+/)*?{run}/)" if run else ""
    return source + (f"(?:[^/]+/)*{later[-1]}" if later[-1] else ".+")


def _joined(pattern: str) -> str | None:
    """What follows a plain start and `**`: with its slash, or nothing."""
    if pattern.startswith("//"):
        rest = _path(pattern[2:])
        return rest and f"/{rest}"
    if not pattern.strip("/*"):
        return "" if pattern.endswith("/") else ".*"
    rest = _path(f"**{pattern}")
    return rest and f"/?{rest}"


def _segment(glob: str) -> str | None:
    """The expression for one name; None for a pattern that matches nothing."""
    pieces = _pieces(glob)
    if pieces is None:
        return None
    first, *later = pieces
    if not later:
        return first or None
    # The same for stars within a name.
    middle = "".join(f"(?>[^/]*?{piece})" for piece in later[:-1] if piece)
    return f"{first}{middle}[^/]*{later[-1]}(?=/|\\Z)"


def _pieces(glob: str) -> list[str] | None:
    """What stands between the stars, as expressions of a fixed length."""
    pieces = [""]
    at = 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "[^/]"
        elif character == "[":
            source, at = _bracket(glob, at)
            if source is None:
                return None
            pieces[-1] += source
        elif character == "\\":
            if at == len(glob):
                return None
            pieces[-1] += re.escape(glob[at])
            at += 1
        else:
            pieces[-1] += re.escape(character)
    return pieces


def _bracket(glob: str, at: int) -> tuple[str | None, int]:
    """A class of characters after its `[`, and where it ends; None where it does not."""
    is_negated = glob[at : at + 1] in ("!", "^")
    at += is_negated
    inner, first = "", True
    while first or glob[at : at + 1] != "]":
        if at >= len(glob):
            return None, at
        first = False
        if glob.startswith("[:", at) and (end := glob.find(":]", at)) > 0:
            if glob[at + 2 : end] not in _CLASSES:
                return None, at
            inner += _CLASSES[glob[at + 2 : end]]
            at = end + 2
            continue
        low, at = _member(glob, at)
        if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(glob, at + 1)
            if low and high and low <= high:
                inner += f"{re.escape(low)}-{re.escape(high)}"
        elif low:
            inner += re.escape(low)
    body = f"[^{inner}]" if is_negated else f"[{inner}]"
    if not inner:
        body = "[^/]" if is_negated else "(?!)"
    return f"(?!/){body}", at + 1


def _member(glob: str, at: int) -> tuple[str, int]:
    if glob[at] == "\\" and at + 1 < len(glob):
        at += 1
    return glob[at], at + 1
