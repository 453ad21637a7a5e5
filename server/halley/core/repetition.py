"""Replies that go round in circles: the same passage over and over, as small models write to their last token.

`Repetition.add` takes a stream piece by piece and says where a circle began. Only exact repetition counts, so a list
whose numbers grow is none, and so much of it that no real file looks like that: the bounds are measured on real ones
(`tests/routing/test_repetition.py`), and what the prompt already repeats is only copied. Pure and cheap: a fixed amount
of work for each `_STEP` characters, whatever was said before.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_STEP = 512
"""Characters between two looks."""
_WINDOW = 16_384
"""Characters that are kept to look at."""
_PROBE = 64
"""The end of the text, which has to have been there before; a whole line, mostly."""
_CANDIDATES = 12
"""Places where it was, nearest first: a passage may hold its own end several times."""
_LONGEST = 4_000
"""Characters of the longest passage that is seen as one."""

WORDS = 3_000
"""Repeated characters, after the first time, that make a circle of a passage with words."""
SHORT = 5_000
"""The same for a word or two: there are tables of `null, `."""
DATA = 12_000
"""The same for what has no word: zeros, rulers, blanks, `AAAA` in base64."""
_FEW = 16
"""Characters of a word or two."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_TIMES = 3
"""How often a passage has to come again, however long it is."""


class Repetition:
    """Watches one stream. `is_known(text)` says whether a passage is in the prompt as often: then it is a copy."""

    def __init__(self, is_known: Callable[[str], bool] = lambda _text: False) -> None:
        self._is_known = is_known
        self._tail = ""
        self._new: list[str] = []
        self._waiting = 0
        self.length = 0
        """Characters so far."""

    def add(self, piece: str) -> int | None:
        """Where the first repetition begins, in characters from the start; None while there is no circle.

        Says so again and again if it is asked after that.
        """
        self._new.append(piece)
        self._waiting += len(piece)
        self.length += len(piece)
        if self._waiting < _STEP:
            return None
        self._tail = "".join((self._tail, *self._new))[-_WINDOW:]
        self._new, self._waiting = [], 0
        return self._look()

    def _look(self) -> int | None:
        period = _period(self._tail)
        if not period:
            return None
        start = _start(self._tail, period)
        if self._is_known(self._tail[start:][: WORDS // 2]):
            self._tail = ""  # looked at again when as much has come again
            return None
        return self.length - len(self._tail) + start + period


def without_repetition(text: str) -> str:
    """A text up to where it begins to go round in circles."""
    watch = Repetition()
    for at in range(0, len(text), _STEP):
        if (found := watch.add(text[at : at + _STEP])) is not None:
            return text[:found]
    return text


def _period(tail: str) -> int:
    """The length of the passage that the text ends in, often enough to be a circle; 0 for none."""
    probe, end = tail[-_PROBE:], len(tail) - 1
    for _ in range(_CANDIDATES):
        at = tail.rfind(probe, max(0, len(tail) - _PROBE - _LONGEST), end)
        if at < 0:
            return 0
        period = len(tail) - _PROBE - at
        if _comes_again(tail, period, max(WORDS, _TIMES * period)):
            # The shortest passage decides what kind it is: twice `null, ` is still `null, `.
            return period if _comes_again(tail, period, _least(tail[-period:])) else 0
        end = at + _PROBE - 1
    return 0


def _comes_again(tail: str, period: int, length: int) -> bool:
    return length + period <= len(tail) and tail[-length:] == tail[-length - period : -period]


def _least(passage: str) -> int:
    if not (word := _WORD.search(passage)) or len(set(word[0])) == 1:
        return DATA
    return SHORT if len(passage) <= _FEW else WORDS


def _start(tail: str, period: int) -> int:
    """Where the run begins: the text before is not part of it."""
    at = len(tail) - period
    while at >= period and tail[at - period : at] == tail[at : at + period]:
        at -= period
    while at and tail[at - 1] == tail[at - 1 + period]:
        at -= 1
    if not at or tail[at - 1] == "\n":
        return at
    line = tail.find("\n", at, at + period)  # the text before may end as the passage does
    return at if line < 0 else line + 1
