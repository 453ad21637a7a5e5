"""The tokens of a line of code, without knowing its language, and which of them an edit changed.

A line longer than `LONGEST` has no tokens: no hand wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

LONGEST = 500
MOST_TOKENS = 600
"""Tokens on one side of an edit that are compared one by one."""

_TOKEN = re.compile(r"[^\W\d][\w$]*|\d[\w.]*|\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'|\s+|[^\w\s]")
_NAME = re.compile(r"[^\W\d][\w$]*")


@lru_cache(maxsize=4096)
def tokens_of(line: str) -> tuple[str, ...]:
    """Words, numbers, strings and marks; white space is left out."""
    if len(line) > LONGEST:
        return ()
    return tuple(token for token in _TOKEN.findall(line) if not token.isspace())


def all_tokens(lines: Sequence[str]) -> list[str]:
    return list(chain.from_iterable(map(tokens_of, lines)))


def is_name(token: str) -> bool:
    return bool(_NAME.fullmatch(token))


@lru_cache(maxsize=4096)
def shape_of(line: str) -> tuple[str, ...]:
    """The line's tokens with names, numbers and strings each made alike: `self.a = a` and `self.b = b` are of one
    shape."""
    return tuple(map(_kind, tokens_of(line)))


def _kind(token: str) -> str:
    if token[0] in "\"'":
        return '"'
    return "0" if token[0].isdigit() else "a" if is_name(token) else token


def renamed_names(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """(old name, new name) of names that stand where others stood, in the lines of one edit."""
    was, now = all_tokens(old), all_tokens(new)
    if max(len(was), len(now)) > MOST_TOKENS:
        return []
    pairs: dict[tuple[str, str], None] = {}
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            for one, other in zip(was[i1:i2], now[j1:j2], strict=True):
                if one != other and is_name(one) and is_name(other):
                    pairs[one, other] = None
    return list(pairs)


def changed_calls(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Names before brackets whose inside was changed: of the function or of the call that was edited."""
    was, now = all_tokens(old), all_tokens(new)
    if max(len(was), len(now)) > MOST_TOKENS or not was:
        return []
    found: dict[str, None] = {}
    for tag, _, _, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag != "equal" and (name := _before_bracket(now, j1 if tag == "delete" else j2 - 1)):
            found[name] = None
    return list(found)


def _before_bracket(tokens: Sequence[str], at: int) -> str:
    """The name before the innermost round bracket that is open at a token."""
    depth = 0
    for index in range(min(at, len(tokens) - 1), 0, -1):
        if tokens[index] == ")" and index < at:
            depth += 1
        elif tokens[index] == "(":
            if depth:
                depth -= 1
            else:
                return tokens[index - 1] if is_name(tokens[index - 1]) else ""
    return ""


def removed_and_added(old: Sequence[str], new: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Tokens that are fewer afterwards, and that are more: of the words, not the marks between them."""
    from collections import Counter

    was, now = Counter(all_tokens(old)), Counter(all_tokens(new))
    return _words(was - now), _words(now - was)


def _words(counted: dict[str, int]) -> frozenset[str]:
    return frozenset(token for token in counted if token[0].isalnum() or token[0] in "_\"'")
