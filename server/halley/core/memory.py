"""What was found out about single lines of text, kept: most lines of a file stay while one is typed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

MOST_LINES, LONGEST = 4096, 500
"""Lines that are kept for each question, and characters of one beyond which it is asked again."""


def by_line(look: Callable[[str], T]) -> Callable[[str], T]:
    """`look`, a pure function of a line without its end, as a decorator that remembers its answers."""
    remembered = lru_cache(maxsize=MOST_LINES)(look)

    @wraps(look)
    def answer(line: str) -> T:
        return remembered(line) if len(line) <= LONGEST else look(line)

    return answer
