"""Results as they grow, sent to the request's `partialResultToken`.

    with PartialResults(server) as results:
        async for event in …:
            results.send(event)
            await results.drain()

What is sent are the events of a reply (`lsp/protocol/replies.py`). Without a token nothing is sent. Many replies at the
same time share one message (`Batch`) where the client can read it.
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#partialResults
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from halley.lsp.base.converter import encode_body
from halley.lsp.current import Token, current_request

if TYPE_CHECKING:
    from halley.lsp.base.channel import Channel
    from halley.lsp.base.server import HalleyServer

COALESCE_S = 0.016
_PROGRESS = b'{"jsonrpc":"2.0","method":"$/progress","params":%b}'
_BATCH = b'{"jsonrpc":"2.0","method":"halley/progress","params":{"values":[%b]}}'


class PartialResults:
    """Sends events to the request's `partialResultToken`, each `$/progress` an array that the client appends.

    The beginning goes out immediately, the first words too; what follows within 16 ms goes together, and deltas of
    the same text become one. While the client does not read, everything is held together. Leaving the block sends
    the rest, so that all of it is there before the answer; so does a question to the client (`Session.request`).
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
        self._batch: Batch | None = server.batch
        if self._token is not None:
            self._head = b'{"token":%b,"value":' % orjson.dumps(self._token)

    @property
    def wanted(self) -> bool:
        """Whether the client gave a token."""
        return self._token is not None

    @property
    def has_some(self) -> bool:
        """Whether something is queued."""
        return bool(self._events)

    def send(self, event: dict[str, Any]) -> None:
        """Queues one event; the dict is the sender's no more."""
        if self._token is None:
            return
        if self._events:
            if not _joins(self._events[-1], event):
                self._join_deltas()
                self._events.append(event)
            else:
                self._deltas.append(event["delta"])
            return  # what waits already is sent with it
        self._events.append(event)
        if self._batch is not None:
            self._batch.add(self)
        elif self._timer is None:
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

    def take(self) -> bytes:
        """What is queued, as `{token, value}`; empty for nothing."""
        if not self._events:
            return b""
        if self._deltas:
            self._join_deltas()
        events, self._events = self._events, []
        return b"%b%b}" % (self._head, encode_body(events))

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
        if any(
            "delta" in event for event in self._events
        ):  # what announces a text does not hold up its first word
            self._next_at = asyncio.get_running_loop().time() + COALESCE_S
        self._server.channel.write(_PROGRESS % self.take())

    def __enter__(self) -> PartialResults:
        self._server.streams[self] = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._server.streams.pop(self, None)
        with contextlib.suppress(ValueError, TypeError) if error else contextlib.nullcontext():
            self.flush()


class Batch:
    """One client's replies together: what follows a message within 16 ms goes into one `halley/progress`.

    For a client that declares `experimental.halley.batchedProgress`. Under many streams a message for each token of
    each reply is what costs most, on both sides.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: dict[PartialResults, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def add(self, results: PartialResults) -> None:
        """Results that have something to send."""
        self._waiting[results] = None
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        if (now := loop.time()) >= self._next_at and self._channel.is_writable:
            self._write(now)
        else:
            self._timer = loop.call_at(max(self._next_at, now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if not self._channel.is_writable:
            self._timer = loop.call_later(COALESCE_S, self._on_timer)
        elif self._waiting:
            self._write(loop.time())

    def _write(self, now: float) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            values = [value for results in waiting if (value := results.take())]  # some have been flushed
        except BaseException:  # one reply's event has no JSON form; the others still wait
            self._waiting = {results: None for results in waiting if results.has_some} | self._waiting
            raise
        if values:
            self._next_at = now + COALESCE_S
            self._channel.write(_BATCH % b",".join(values))


def _joins(before: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether two events differ in nothing but their `delta`."""
    if "delta" not in event or "delta" not in before or len(before) != len(event):
        return False
    for name, value in event.items():  # noqa: SIM110 - a generator takes longer than the looks
        if name != "delta" and before.get(name) != value:
            return False
    return True
