"""Pieces of tool calls → the calls that were meant, in every order and numbering hosts give them.

A host may number all calls 0, give no ids, give a new id with each piece, give one id to several calls, repeat a whole
call, or send `{}` before the real arguments. So no single sign decides: a piece is put with a call by its id, else by
its index, else with the last one; and whether it begins another call is decided by its name, its id and whether that
call's arguments are already a whole object.

Every wire uses this. Start with `ToolCalls.feed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from halley.core.events import ToolCallDelta
from halley.core.json_text import encode_json
from halley.providers.stream.json_prefix import JsonPrefix, extent_of

LONGEST_BARE = 16
"""Characters of a `{}` with spaces in it."""


@dataclass(slots=True)
class _Piece:
    """One piece as the host sent it; `index` is None where it gave none."""

    index: int | str | None
    id: str
    name: str
    arguments: str


@dataclass(slots=True, eq=False)
class _Call:
    number: int
    id: str = ""
    index: int | str | None = None
    name: str = ""
    parts: list[str] = field(default_factory=list[str])
    """All its arguments so far."""
    size: int = 0
    json: JsonPrefix = field(default_factory=JsonPrefix)
    held: str = ""
    """Arguments that have not come out."""
    echo: str = ""
    """What followed the whole arguments and so far only repeats them."""
    was_named_again: bool = False
    """Its name came again once it was whole: a repetition, or another call by the same name."""

    @property
    def text(self) -> str:
        self.parts = ["".join(self.parts)]
        return self.parts[0]

    @property
    def is_whole(self) -> bool:
        return self.json.extent in ("whole", "more")

    @property
    def is_bare(self) -> bool:
        """`{}`, or the beginning of it: some hosts send it before the real arguments."""
        return self.size < LONGEST_BARE and "{}".startswith("".join(self.text.split()))

    def has_other_id(self, piece: _Piece) -> bool:
        return bool(piece.id and self.id and piece.id != self.id)

    def add(self, arguments: str, json: JsonPrefix | None = None) -> None:
        if json is None:
            self.json.feed(arguments)
        else:
            self.json = json
        self.parts.append(arguments)
        self.size += len(arguments)
        self.held += arguments

    def start_over(self, arguments: str) -> None:
        self.parts, self.size, self.json, self.held = [], 0, JsonPrefix(), ""
        self.add(arguments)


class ToolCalls:
    """The calls of one reply. Each id and name comes out once, arguments as they come in; a bare `{}` is held back
    until `close`, because the real arguments may follow it."""

    __slots__ = ("_by_id", "_by_index", "_calls", "_last")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int | str, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._last: _Call | None = None

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def last(self) -> int:
        """Our number of the call that was spoken of last; -1 for none."""
        return -1 if self._last is None else self._last.number

    def feed(self, call: Any) -> list[ToolCallDelta]:
        """A piece in the form of chat completions."""
        if not isinstance(call, Mapping):
            return []
        function = call.get("function")
        function = function if isinstance(function, Mapping) else call
        return self.add(call.get("index"), call.get("id"), function.get("name"), function.get("arguments"))

    def add(self, index: Any, id: Any, name: Any, arguments: Any) -> list[ToolCallDelta]:
        """A piece of any wire; `index` is what the host numbers or names its calls by, if anything."""
        index = index if isinstance(index, int | str) and not isinstance(index, bool) else None
        piece = _Piece(index, str(id or ""), str(name or ""), _arguments(arguments))
        if not (piece.id or piece.name or piece.arguments):
            return []
        call = self._find(piece)
        if call is not None and (_says_nothing_new(call, piece) or _may_repeat(call, piece)):
            return []
        if call is None or _begins_another(call, piece):
            call = _Call(len(self._calls), index=piece.index)
            self._calls.append(call)
        if piece.index is not None:
            self._by_index[piece.index] = call
        if piece.id:
            self._by_id[piece.id] = call
        self._last = call
        return _take(call, piece)

    def close(self) -> list[ToolCallDelta]:
        """What was held back."""
        return [delta for call in self._calls for delta in _unsent(call, "", "")]

    def _find(self, piece: _Piece) -> _Call | None:
        """The call this piece belongs to, unless it begins another: by id, by index, else the last one."""
        by_index = None if piece.index is None else self._by_index.get(piece.index)
        # The order decides: an index alone is not to be trusted (some hosts number every call 0), an ID is, and both
        # together are certain.
        if by_index is not None and piece.id == by_index.id:
            return by_index
        if piece.id and (by_id := self._by_id.get(piece.id)):
            return by_id
        if by_index is not None:
            return by_index
        last = self._last
        if not piece.name or (piece.index is None and last and (last.is_bare or not last.is_whole)):
            return last
        return self._twin_of(piece)

    def _twin_of(self, piece: _Piece) -> _Call | None:
        """The same call as a whole, under another number; one with an id of its own is no twin."""
        for call in self._calls:
            is_same = call.name == piece.name and not call.is_bare and _is_same(call.text, piece.arguments)
            if is_same and not call.has_other_id(piece):
                return call
        return None


def _says_nothing_new(call: _Call, piece: _Piece) -> bool:
    """A whole call sent again, or its head; a last piece without content."""
    if not call.is_whole or (piece.name and piece.name != call.name):
        return False
    if piece.name and call.has_other_id(piece):
        return False
    call.was_named_again = call.was_named_again or bool(piece.name and not piece.arguments)
    return not piece.arguments or _is_same(call.text, piece.arguments)


def _may_repeat(call: _Call, piece: _Piece) -> bool:
    """Whether this is so far the same arguments again, in pieces. Where they part, `piece` gets all that was held."""
    if not call.is_whole or call.is_bare or piece.name or call.has_other_id(piece):
        return False
    # Repeated in pieces, or each time from the start: both are seen.
    grown = bool(call.echo) and piece.arguments.startswith(call.echo)
    call.echo = piece.arguments if grown else call.echo + piece.arguments
    if call.text.startswith(call.echo):
        return True
    piece.arguments, call.echo = call.echo, ""
    if call.was_named_again and _is_begun(piece):
        piece.name, piece.id = call.name, call.id
    return False


def _begins_another(call: _Call, piece: _Piece) -> bool:
    """Whether the piece begins a call of its own, though its id or index is this one's."""
    if not piece.name or not call.name:
        return call.is_whole and not call.is_bare and call.has_other_id(piece) and _is_begun(piece)
    if piece.name != call.name:
        return True
    if call.has_other_id(piece) or (call.is_whole and not call.is_bare):
        return _is_begun(piece)
    # The same name and no arguments yet: two calls of one tool whose heads come first.
    other_index = piece.index is not None and call.index is not None and piece.index != call.index
    return other_index and not call.size


def _is_begun(piece: _Piece) -> bool:
    """Whether its arguments, if any, are the beginning of an object."""
    return extent_of(piece.arguments) != "more"


def _take(call: _Call, piece: _Piece) -> list[ToolCallDelta]:
    """Adds the piece to its call; what comes out of it now."""
    id, name = "" if call.id else piece.id, "" if call.name else piece.name
    call.id, call.name = call.id or id, call.name or name
    _add_arguments(call, piece.arguments)
    if call.is_bare:
        return [ToolCallDelta(call.number, id, name)] if id or name else []
    return _unsent(call, id, name)


def _add_arguments(call: _Call, arguments: str) -> None:
    """Adds them, or takes them for all there are: after a bare `{}`, or where a host repeats them from the start."""
    json = call.json.copy()
    if call.size > 1 and not call.is_whole and arguments.startswith("{") and arguments.startswith(call.text):
        call.add(arguments[call.size :])  # inside a string it would fit too, but no string repeats its object
    elif json.feed(arguments) != "more":
        call.add(arguments, json)
    elif call.is_bare and extent_of(arguments) != "more":
        call.start_over(arguments)
    else:
        call.add(arguments)


def _unsent(call: _Call, id: str, name: str) -> list[ToolCallDelta]:
    arguments, call.held = call.held, ""
    return [ToolCallDelta(call.number, id, name, arguments)] if id or name or arguments else []


def _arguments(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else arguments_text(value)


def arguments_text(value: Any) -> str:
    """Arguments that a host sent as JSON; what cannot be written again is no arguments."""
    try:
        return encode_json(value).decode()
    except ValueError:
        return "(nested too deeply)"


def _is_same(text: str, other: str) -> bool:
    """Whether both are one object, however it is spaced."""
    if text == other:
        return True
    if extent_of(other) != "whole":
        return False
    try:
        return orjson.loads(text) == orjson.loads(other)
    except (ValueError, RecursionError):
        return False
