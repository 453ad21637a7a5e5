"""The definitions in some lines, by name and extent: for lines that no parser could read on their own.

A reply is a fragment, in any language, often with its indentation lost. Whether a line is a definition is decided by
its first line, and where it ends from indentation; `regions.py` asks the grammar where there is a whole text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from halley.engine.code.layout import width

_KEYWORDED = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|sealed|partial|open|"
    r"pub(?:\([^)]*\))?|unsafe|inline|virtual|override|local|extern|data)\s+)*"
    r"(?:def|class|fn|func|function\*?|fun|struct|enum|trait|interface|module|sub|type|object|namespace|record|union)\s+"
    r"(?:\([^)]*\)\s*)?(?:self\.)?(?P<name>[\w$.:]+)"
)
_IMPL = re.compile(r"^\s*impl\b(?P<name>[^{]*)")
_BOUND = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var|local)\s+(?P<name>[\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?"
    r"(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|\w+\s*=>)"
)
_CALLABLE = re.compile(
    r"^\s*(?:[\w$<>\[\],:&*?.~@]+\s+)*[*&]?(?P<name>~?[\w$:]+)\s*\([^;{}]*\)\s*"
    r"(?:const|noexcept|override|throws\s+[\w., ]+|:\s*[\w$<>\[\], |.]+|->\s*[^{]+)?\s*\{\s*$"
)
_PATTERNS = (("", _KEYWORDED), ("impl", _IMPL), ("=", _BOUND), ("{", _CALLABLE))
"""Each with what it cannot match without."""
_CONTAINER = re.compile(
    r"^\s*(?:[\w@()]+\s+)*?(?:class|struct|trait|impl|interface|module|object|namespace|extension|protocol|enum|mod)\b"
)
_LONGEST = 400
_NOT_NAMES = frozenset(
    "if for while switch catch return else foreach using lock do try with until elif unless".split()
)
_LEADING = re.compile(r"^\s*(?:@|#\[|\[\w|///?|#(?!include)|/\*\*?|\*|--|template\s*<)")


@dataclass(frozen=True, slots=True)
class Definition:
    """Rows `first` to `last` (exclusive), comments and decorators above included; `head` is its own first line."""

    name: str
    first: int
    head: int
    last: int
    indent: int
    is_container: bool = False
    """It holds definitions of its own: a class, an impl, a module."""


def definitions(lines: Sequence[str]) -> list[Definition]:
    """All of them, nested ones too, by their first line. One reply asks several times for the same lines."""
    return list(_definitions(tuple(lines)))


@lru_cache(maxsize=4)
def _definitions(lines: tuple[str, ...]) -> tuple[Definition, ...]:
    return tuple(
        Definition(
            name,
            _with_leading(lines, row),
            row,
            _end(lines, row),
            width(line),
            bool(_CONTAINER.match(line)),
        )
        for row, line in enumerate(lines)
        if (name := name_in(line))
    )


def top_level(found: Sequence[Definition]) -> list[Definition]:
    """Those that lie in no other. `found` is in the order of their first lines."""
    return _outside(found, found)


def members(found: Sequence[Definition]) -> list[Definition]:
    """Definitions that others can rely on: all but those within a function."""
    return _outside(found, [one for one in found if not one.is_container])


def _outside(found: Sequence[Definition], around: Sequence[Definition]) -> list[Definition]:
    """Those of `found` that lie in none of `around`; one pass, as both are in the order of their first lines."""
    kept: list[Definition] = []
    reach = at = 0
    for one in found:
        while at < len(around) and around[at].head < one.head:
            reach = max(reach, around[at].last)
            at += 1
        if one.head >= reach:
            kept.append(one)
    return kept


def name_in(line: str) -> str:
    """The name a line defines, empty for none. A line longer than any signature defines nothing."""
    if len(line) > _LONGEST:
        return ""
    for mark, pattern in _PATTERNS:
        if mark not in line:
            continue
        if (match := pattern.match(line)) and match["name"].strip() not in _NOT_NAMES:
            first = line.split()[0]
            return (
                "" if pattern is _CALLABLE and first in _NOT_NAMES | {"new", "}"} else match["name"].strip()
            )
    return ""


def _with_leading(lines: Sequence[str], head: int) -> int:
    first = head
    while first and _LEADING.match(lines[first - 1]) and width(lines[first - 1]) >= width(lines[head]):
        first -= 1
    return first


def _end(lines: Sequence[str], head: int) -> int:
    depth, end = width(lines[head]), head + 1
    for row in range(head + 1, len(lines)):
        line = lines[row]
        if not line.strip():
            continue
        if width(line) > depth:
            end = row + 1
        elif width(line) == depth and (
            line.lstrip()[:1] in "})]" or line.strip() == "{" or line.strip() == "end"
        ):
            end = row + 1
            if line.strip() != "{" and not line.rstrip().endswith(("(", "{", "[", ":")):
                return end
        else:
            break
    return end
