"""Every request and command, with parameters of every wrong kind: refused by name, and never an error of our own.

The list is the protocol's own table and the commands that the server registers, so that a new one is tried as well.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from lspclient import RequestFailed
from window import Window

from halley.lsp.base.rpc_errors import INTERNAL_ERROR
from halley.lsp.capabilities import COMMANDS
from halley.lsp.handlers.plain import ON_LINES
from halley.lsp.protocol.table import REQUESTS

ODD: list[Any] = [
    None, True, 0, -1, 7.5, 2**53, -(2**63), 2**70, 1e300, "", "\x00", "\ud800", "x" * 10_000, "../..", "a\nb", "*", "-1",
    [], [[]], [None], {}, {"": {}}, {"a": {"b": []}},
]  # fmt: skip
LIKELY: dict[str, list[Any]] = {
    "uri": ["file:///nowhere/x.py", "file:///%00", "file:///" + "x" * 5000, "untitled:1", "http://[", "file://host/x"],
    "textDocument": [{"uri": 7}, {"uri": "file:///nowhere.py"}, {"uri": None, "version": "x"}],
    "range": [
        {"start": {"line": -1, "character": -1}, "end": {"line": 2**70, "character": 1e300}},
        {"start": 1, "end": 2},
        {"start": {}, "end": {}},
    ],
    "since": ["tomorrow", "9999-99-99", "0000", 1e300, -1e300],
    "model": ["a", "a/b", "/", "simulator/", "simulator/" + "x" * 9_000],
    "models": [["a"], [7], [{"a": 1}]],
    "path": ["/dev/zero", "/proc/self/mem", "\x00", "a" * 9_000],
    "content": ["{", "[macros", "\x00", '{"format": "halley-chat"}', "[" * 5_000],
}  # fmt: skip

ON_A_PATH: list[Any] = [
    {"action": "explain", "prompt": "x", "name": "none", "path": path, "lines": lines}
    for path in (7, "a.py", "/nowhere", "/\x00", "/\ud800")
    for lines in (None, [], [1], [0, 1], ["a", "b"], [2**70, 2**70])
]


def _fields(method: str) -> list[str]:
    shape = REQUESTS[method].params if method in REQUESTS else None
    return [field.alias or name for name, field in shape.model_fields.items()] if shape else []


def _whole(method: str) -> dict[str, Any]:
    """Parameters that are sound for most requests, to spoil one of."""
    return {
        "chatId": "c-none", "turnId": "t-none", "replyId": "r-none", "name": "none", "prompt": "Hi", "uri": "file:///nowhere.py",
        "role": "chat", "models": ["simulator/sim-chat"], "model": "simulator/sim-chat", "provider": "simulator",
        "scope": "session", "id": "none", "task": "none", "query": "x", "server": "none", "tool": "none",
        "kind": "image", "format": "json", "content": "{}", "action": "explain", "instruction": "x",
        "textDocument": {"uri": "file:///nowhere.py"},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    }  # fmt: skip


def variants(method: str, fields: list[str], every: int, real: dict[str, Any] | None = None) -> list[Any]:
    whole = _whole(method) | (real or {})
    whole = {name: value for name, value in whole.items() if not fields or name in fields}
    spoiled = [
        whole | {name: value}
        for name in fields
        for value in itertools.chain(ODD, LIKELY.get(name, ()))
    ]  # fmt: skip
    return [{}, {"unknown": 1}, {"": None}, *spoiled[::every]]


async def _try(window: Window, method: str, params: Any) -> str:
    """What went wrong inside, if anything did."""
    try:
        async with asyncio.timeout(60):
            await window.client.request(method, params)
    except RequestFailed as error:
        if error.code == INTERNAL_ERROR:
            return f"{error.message}"
        assert error.message
    return ""


async def _real(window: Window) -> dict[str, Any]:
    """A document, and a chat with a turn."""
    buffer = await window.open("a.py", "x = 1\n")
    said, _ = await window.chat("Hello.")
    return {
        "uri": buffer.uri,
        "textDocument": {"uri": buffer.uri},
        "chatId": said["chatId"],
        "turnId": said["turnId"],
        "replyId": said["replies"][0]["replyId"],
    }


async def test_requests_say_what_is_wrong(window: Window, tried: Callable[..., None]) -> None:
    real = await _real(window)
    found: list[str] = []
    for method in sorted(name for name, row in REQUESTS.items() if not row.to_client):
        for params in variants(method, _fields(method), 2, real):
            tried()
            if inside := await _try(window, method, params):
                found.append(f"{method} {str(params)[:300]}: {inside}")
    assert not found, "\n".join(found[:40])


async def test_commands_say_what_is_wrong(window: Window, tried: Callable[..., None]) -> None:
    real = await _real(window)
    found: list[str] = []
    for command in COMMANDS:
        method = command.replace(".", "/")
        odd = [
            *ODD,
            *variants(method, _fields(method) or ["textDocument", "range", "action", "name"], 5, real),
        ]
        if command in ON_LINES:
            odd += ON_A_PATH
        for arguments in [None, *([one] for one in odd), [{}, 7], ["a", "b", "c"], [[{}]]]:
            tried()
            params = {"command": command} | ({} if arguments is None else {"arguments": arguments})
            if inside := await _try(window, "workspace/executeCommand", params):
                found.append(f"{str(params)[:300]}: {inside}")
    assert not found, "\n".join(found[:40])
