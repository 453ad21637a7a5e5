"""Is text the beginning of one JSON object, the whole of it, or more than that: decided while it streams.

Only as much of JSON as distinguishes one object from two: brackets, strings, and what an opening bracket may follow.
Other mistakes are found when the whole is parsed.
"""

from __future__ import annotations

import re
from typing import Literal

Extent = Literal["empty", "part", "whole", "more"]
_SPACE = " \t\r\n"
_PLAIN = re.compile(r'[^"\\]*')


class JsonPrefix:
    """Feed it pieces; `extent` says how far they reach. `more`: past the object's end, or no object at all."""

    __slots__ = ("_depth", "_escaped", "_in_string", "_last", "extent")

    def __init__(self) -> None:
        self.extent: Extent = "empty"
        self._depth = 0
        self._in_string = self._escaped = False
        self._last = ""  # the last character that is no space, outside strings

    def copy(self) -> JsonPrefix:
        made = JsonPrefix()
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    def feed(self, text: str) -> Extent:
        at = 0
        while at < len(text) and self.extent != "more":
            if self._in_string and not self._escaped:
                at = _PLAIN.match(text, at).end()  # type: ignore[union-attr]
                if at == len(text):
                    break
            self._take(text[at])
            at += 1
        return self.extent

    def _take(self, char: str) -> None:
        if self._in_string:
            self._in_string = self._escaped or char != '"'
            self._escaped = char == "\\" and not self._escaped
        elif char not in _SPACE:
            self.extent = self._step(char)
            self._last = char

    def _step(self, char: str) -> Extent:
        """The extent after a character outside strings."""
        if self.extent == "whole" or (self.extent == "empty" and char != "{"):
            return "more"
        if char in "{[":
            if self._depth and self._last not in ":[,":  # an object cannot begin here
                return "more"
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
        elif char == '"':
            self._in_string = True
        return "part" if self._depth else "whole"


def extent_of(text: str) -> Extent:
    return JsonPrefix().feed(text)
