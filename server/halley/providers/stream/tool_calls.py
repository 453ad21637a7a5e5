"""Pieces of tool calls, in every order and numbering hosts give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from halley.core.events import ToolCallDelta


class ToolCalls:
    """Numbers the calls of one reply; each id and name comes out once, arguments as they come in."""

    __slots__ = ("_at", "_ids", "_named", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}  # the host's index → ours
        self._ids: dict[str, int] = {}
        self._named: set[int] = set()
        self._at = -1  # the call spoken of last

    def __bool__(self) -> bool:
        return self._at >= 0

    def feed(self, call: Any) -> list[ToolCallDelta]:
        if not isinstance(call, Mapping):
            return []
        function = call.get("function")
        function = function if isinstance(function, Mapping) else call
        id, name = str(call.get("id") or ""), str(function.get("name") or "")
        new_id = bool(id) and id not in self._ids
        index = self._number(call.get("index"), id, name)
        if index in self._named:
            name = ""
        elif name:
            self._named.add(index)
        arguments = _arguments(function.get("arguments"))
        if not (new_id or name or arguments):
            return []
        return [ToolCallDelta(index, id if new_id else "", name, arguments)]

    def _number(self, said: Any, id: str, name: str) -> int:
        """The host's index where it has one, else a new call begins with a new id (or, without ids, with a
        new name).
        """
        known = len(set(self._numbers.values()) | set(self._ids.values()))
        if id in self._ids:
            number = self._ids[id]
        elif isinstance(said, int) and not isinstance(said, bool):
            number = self._numbers.get(said, -1)
            if number < 0 or (id and number in self._ids.values()):  # every call numbered 0, told apart by id
                number = known
            self._numbers[said] = number
        elif id or self._at < 0 or (name and self._at in self._named):
            number = self._at + 1 if not id else max(known, self._at + 1)
        else:
            number = self._at
        if id:
            self._ids.setdefault(id, number)
        self._at = number
        return number


def _arguments(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
