"""Results as they grow, sent to the request's `partialResultToken`.

    with PartialResults(server) as results:
        async for event in …:
            results.send(event)
            await results.drain()

What is sent are the events of a reply (`lsp/protocol/replies.py`). Without a token nothing is sent.
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#partialResults
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from halley.lsp.base.codec import encode_body
from halley.lsp.base.intake import Token, current_request

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

COALESCE_S = 0.016


class PartialResults:
    """Sends events to the request's `partialResultToken`, each `$/progress` an array that the client appends.

    The beginning goes out immediately, the first words too; what follows within 16 ms goes together, and deltas of
    the same text become one. While the client does not read, everything is held together. Leaving the block sends
    the rest, so that all of it is there before the answer.
    """

    def __init__(self, server: HalleyServer, token: Token | None = None) -> None:
        request = current_request.get()
        self._server = server
        self._token = token if token is not None or request is None else request.partial_result_token
        self._head = b""
        self._events: list[dict[str, Any]] = []
        self._deltas: list[str] = []  # what follows the last event's own delta
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0  # loop time before which nothing is sent
        if self._token is not None:
            self._head = (
                b'{"jsonrpc":"2.0","method":"$/progress","params":{"token":%b,"value":'
                % orjson.dumps(self._token)
            )

    @property
    def wanted(self) -> bool:
        """Whether the client gave a token."""
        return self._token is not None

    def send(self, event: dict[str, Any]) -> None:
        """Queues one event; the dict is the sender's no more."""
        if self._token is None:
            return
        if self._events and _joins(self._events[-1], event):
            self._deltas.append(event["delta"])
        else:
            self._join_deltas()
            self._events.append(event)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next_at and self._server.channel.is_writable:
                self._write()
            else:
                self._timer = loop.call_at(max(self._next_at, loop.time()), self._on_timer)

    async def drain(self) -> None:
        """Waits while the client does not keep up."""
        await self._server.channel.drain()

    def flush(self) -> None:
        """Sends what is queued now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._events:
            self._write()

    def _on_timer(self) -> None:
        self._timer = None
        if not self._server.channel.is_writable:
            self._timer = asyncio.get_running_loop().call_later(COALESCE_S, self._on_timer)
        elif self._events:
            self._write()

    def _join_deltas(self) -> None:
        if self._deltas:
            self._events[-1]["delta"] += "".join(self._deltas)
            self._deltas = []

    def _write(self) -> None:
        self._join_deltas()
        events, self._events = self._events, []
        if any("delta" in event for event in events):  # what announces a text does not hold up its first word
            self._next_at = asyncio.get_running_loop().time() + COALESCE_S
        self._server.channel.write(b"%b%b}}" % (self._head, encode_body(events)))

    def __enter__(self) -> PartialResults:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        with contextlib.suppress(ValueError, TypeError) if error else contextlib.nullcontext():
            self.flush()


def _joins(before: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether two events differ in nothing but their `delta`."""
    return (
        "delta" in event
        and "delta" in before
        and before.keys() == event.keys()
        and all(name == "delta" or before[name] == value for name, value in event.items())
    )
