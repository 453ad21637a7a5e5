"""Chats from a stranger: what is taken in can be listed, opened, exported and continued; the rest is refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from lspclient import RequestFailed
from window import Json, Window

NUMBERS = [
    "1e300",
    "-1e300",
    "1e400",
    "NaN",
    "Infinity",
    str(2**70),
    str(-(2**70)),
    "-1",
    "0.5",
    "9007199254740993",
]
TEXTS = ['"\\ud800"', '"\\udfff\\ud800"', '"a\\u0000b"', '"' + "x" * 5_000 + '"', '"\\u202e\\u2028"']
OTHERS = ["null", "true", "[]", "{}", "[[]]", '{"a": [null]}', "[" * 40 + "]" * 40, "[" * 3_000 + "]" * 3_000]
MARK = "@@@"


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in an export, the leaves and what holds them."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*path, key))


def _spoiled(export: Json, path: tuple[Any, ...], odd: str) -> str:
    if not path:
        return odd
    changed = copy.deepcopy(export)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = MARK
    return json.dumps(changed).replace(f'"{MARK}"', odd)


def _full(export: Json) -> Json:
    """With everything that an export can hold."""
    (turn,) = export["turns"]
    (reply,) = turn["replies"]
    turn["excerpts"] = [{"source": "a.py", "label": "a", "tokens": 3, "text": "x = 1"}]
    turn["images"] = [{"mime": "image/png", "url": "https://example.invalid/a.png"}]
    reply["citations"] = [
        {"url": "https://example.invalid", "title": "t", "start": 0, "end": 1, "quote": "q"}
    ]
    reply["tool_uses"] = [
        {"id": "k1", "name": "t", "arguments": "{}", "server": "s", "at": 1, "state": "done", "ms": 2.0}
    ]
    reply["problem"] = {"code": "internal", "message": "m", "help": "h"}
    reply["notices"] = ["n"]
    export["marks"] = [{"after_position": 0, "kind": "compact", "text": "s", "created": 1.0}]
    return export


async def test_what_is_taken_in_can_be_used(window: Window, tried: Callable[..., None]) -> None:
    said, _ = await window.chat("Hello.")
    exported = await window.request("halley/chat/export", {"chatId": said["chatId"], "format": "json"})
    export = _full(exported["content"])
    taken: list[str] = []
    for number, path in enumerate(_places(export)):
        odd = [*NUMBERS, *TEXTS, *OTHERS]
        for value in [odd[at % len(odd)] for at in range(number * 5, number * 5 + 8)]:
            tried()
            try:
                found = await window.request("halley/chat/import", {"content": _spoiled(export, path, value)})
            except RequestFailed as error:
                assert error.code != -32603, (path, value[:50], error)
                assert error.problem["code"] == "invalid_input" and error.problem["help"]
                continue
            taken.append(found["chatId"])
            opened = await window.request("halley/chat/get", {"chatId": found["chatId"]})
            for form in ("json", "markdown"):
                await window.request("halley/chat/export", {"chatId": found["chatId"], "format": form})
            if opened["turns"] and opened["turns"][0]["replies"]:
                turn = opened["turns"][0]["turnId"]
                try:
                    await window.request("halley/chat/context", {"chatId": found["chatId"], "turnId": turn})
                except RequestFailed as error:
                    assert error.code != -32603, (path, value[:50], error)
    assert len(taken) > 50
    await window.request("halley/chat/list", {})
    for chat in taken[::25]:
        result, _ = await window.chat("Go on.", chatId=chat)
        assert result["replies"][0]["text"]
