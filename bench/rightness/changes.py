"""True changes of a real file: the text before and after, and the part a user would have asked about.

A change is made by a rule (rename, replace, insert, delete, two of these), never by a model. So what is right is known.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.rightness.corpus import Source
from halley.core.text import split_lines
from halley.engine.code.layout import content, ending, newline_of
from halley.engine.code.regions import enclosing_definition, line_span

_WORD = re.compile(r"\b[A-Za-z_][A-Za-z_0-9]{3,}\b")
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


@dataclass(frozen=True, slots=True)
class TrueChange:
    """`old` becomes `new`; `start:end` are offsets in `old` of the part asked about, whole lines."""

    source: Source
    kind: str
    old: str
    new: str
    start: int
    end: int

    @property
    def part(self) -> str:
        """The new text of the part."""
        return self.new[self.start : self.end + len(self.new) - len(self.old)]


def make_change(source: Source, choice: random.Random) -> TrueChange | None:
    """A change of a random kind in a random place; None where the file offers none."""
    text = _with_ends(source.text, choice)
    rows = split_lines(text)
    row = choice.randrange(len(rows))
    for _ in range(40):
        if content(rows[row]).strip() and len(content(rows[row])) < 200:
            break
        row = choice.randrange(len(rows))
    else:
        return None
    at = sum(map(len, rows[:row]))
    span = _part(text, at, source.language_id, choice)
    first, last = text.count("\n", 0, span[0]), text.count("\n", 0, span[1])
    if "\r" in text.replace("\r\n", ""):
        first, last = _row(rows, span[0]), _row(rows, span[1])
    kind = choice.choice(list(_KINDS))
    inside = rows[first : max(last, first + 1)] if last > first else rows[first : first + 1]
    changed = _KINDS[kind](inside, row - first if first <= row < first + len(inside) else 0, choice)
    if changed is None or _blank_ends(changed) != _blank_ends(inside):
        return None  # how many blank lines a part begins and ends with, a reply does not say
    if not any(map(ending, inside)):  # the last line of a file without a final newline
        end = newline_of(text)
        changed = [content(line) + (end if ending(line) else "") for line in changed]
    new = "".join([*rows[:first], *changed, *rows[first + len(inside) :]])
    start = sum(map(len, rows[:first]))
    end = start + sum(map(len, inside))
    if new == text:
        return None
    return TrueChange(replace(source, text=text), kind, text, new, start, end)


def _blank_ends(rows: Sequence[str]) -> tuple[int, int]:
    said = [n for n, row in enumerate(rows) if row.strip()] or [0]
    return said[0], len(rows) - said[-1]


def _row(rows: Sequence[str], at: int) -> int:
    for row, line in enumerate(rows):
        if at < len(line):
            return row
        at -= len(line)
    return len(rows)


def _with_ends(text: str, choice: random.Random) -> str:
    """The text as it is, or now and then with other line ends, or without its last."""
    roll = choice.random()
    plain = text.replace("\r\n", "\n")
    if roll < 0.08:
        return plain.replace("\n", "\r\n")
    if roll < 0.16:
        return text.rstrip("\r\n")
    if roll < 0.18:
        return "\ufeff" + text
    if roll < 0.20 and "\r" not in plain:
        lines = plain.split("\n")
        return "".join(line + choice.choice(["\n", "\r\n"]) for line in lines[:-1]) + (
            lines[-1] and lines[-1] + "\n"
        )
    return text


def _part(text: str, at: int, language_id: str, choice: random.Random) -> tuple[int, int]:
    roll = choice.random()
    if roll < 0.6 and (span := enclosing_definition(text, at, at, language_id)) is not None:
        return span
    if roll < 0.9:
        rest = text[at:].split("\n")
        return line_span(text, at, at + sum(len(line) + 1 for line in rest[: choice.randrange(1, 9)]) - 1)
    return 0, len(text)


# -- kinds


def _rename(rows: list[str], row: int, choice: random.Random) -> list[str] | None:
    words = sorted(set(_WORD.findall("".join(rows))))
    if not words:
        return None
    word = choice.choice(words)
    return [re.sub(rf"\b{word}\b", f"{word}_2", line) for line in rows]


def _replace(rows: list[str], row: int, choice: random.Random) -> list[str] | None:
    line = rows[row]
    if _NUMBER.search(line):
        changed = _NUMBER.sub(lambda found: str(int(found[0][:9]) + 1), line, count=1)
    elif _WORD.search(line):
        changed = _WORD.sub(lambda found: f"{found[0]}_new", line, count=1)
    else:
        return None
    return [*rows[:row], changed, *rows[row + 1 :]]


def _insert(rows: list[str], row: int, choice: random.Random) -> list[str] | None:
    line = rows[row]
    if not _WORD.search(line) or "\\" in line[-3:]:
        return None
    end = ending(line) or _end_of(rows)
    added = [
        _WORD.sub(lambda found, n=n: f"{found[0]}_{n}", content(line), count=2) + end
        for n in range(choice.randrange(1, 4))
    ]
    if not ending(line):
        return [*rows[:row], line + end, *added[:-1], content(added[-1])]
    return [*rows[: row + 1], *added, *rows[row + 1 :]]


def _delete(rows: list[str], row: int, choice: random.Random) -> list[str] | None:
    count = choice.randrange(1, 4)
    if len(rows) - count < 2 or row == 0 or not ending(rows[min(row + count, len(rows)) - 1]):
        return None
    return [*rows[:row], *rows[row + count :]]


def _two(rows: list[str], row: int, choice: random.Random) -> list[str] | None:
    once = _replace(rows, row, choice)
    if once is None or len(once) < 8:
        return None
    return _insert(once, choice.randrange(len(once)), choice)


def _end_of(rows: Sequence[str]) -> str:
    return next((ending(line) for line in rows if ending(line)), "\n")


_KINDS: dict[str, Callable[[list[str], int, random.Random], list[str] | None]] = {
    "rename": _rename,
    "replace": _replace,
    "insert": _insert,
    "delete": _delete,
    "two": _two,
}
