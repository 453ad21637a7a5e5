"""What the client sees while it waits: work-done progress, and results as they grow.

    async with WorkDone(server, "Explaining main.py") as work:
        work.report("comet/gpt-5-mini is thinking")
        with PartialResults(server) as results:
            async for event in …:
                results.send(event)
                await results.drain()

Both take the tokens of the request being worked on, and do nothing where there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from halley.lsp.base.codec import encode_body
from halley.lsp.base.intake import Token, current_request
from halley.lsp.base.rpc_errors import ClientError

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)

COALESCE_S = 0.016
CREATE_TIME_LIMIT_S = 5.0
_numbers = itertools.count(1)


class WorkDone:
    """Work-done progress for as long as the block runs.

    The token is the request's own, else one the server makes where the client has `window.workDoneProgress`. It is
    made behind the work, which does not wait for it; a report made meanwhile is shown when it is there. Cancelling
    by either token cancels the task that entered the block.
    https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#workDoneProgress
    """

    def __init__(self, server: HalleyServer, title: str, message: str = "", *, cancellable: bool = True):
        self._server = server
        self._begin = {"kind": "begin", "title": title, "cancellable": cancellable}
        self._latest: dict[str, Any] = {"message": message} if message else {}
        self._token: Token | None = None
        self._begun = False
        self._creating: asyncio.Task[Any] | None = None

    def report(self, message: str = "", percentage: int | None = None) -> None:
        """Shows how far the work is; `percentage` goes from 0 to 100 and never back."""
        self._latest = {"message": message} if message else {}
        if percentage is not None:
            self._latest["percentage"] = max(0, min(100, percentage))
        if self._begun:
            self._send({"kind": "report", **self._latest})

    async def __aenter__(self) -> WorkDone:
        request = current_request.get()
        self._token = request.work_done_token if request else None
        if self._token is not None:
            self._start()
        elif self._server.shows_progress:
            self._token = f"halley/{next(_numbers)}"
            task = asyncio.current_task()
            assert task is not None
            self._server.protocol.progress.tokens[self._token] = task  # type: ignore[assignment]
            self._creating = self._server.run_in_background(self._create(self._token), "progress")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: Any) -> None:
        end: dict[str, Any] = {"kind": "end"}
        if isinstance(error, asyncio.CancelledError):
            end["message"] = "Cancelled"
        if self._creating is not None:
            assert self._token is not None
            self._server.protocol.progress.tokens.pop(self._token, None)
            if not self._creating.done():  # the client would wait for an end for ever
                self._creating.add_done_callback(lambda _: self._finish(end))
                return
        self._finish(end)

    def _finish(self, end: dict[str, Any]) -> None:
        if self._begun:
            self._begun = False
            self._send(end)

    async def _create(self, token: Token) -> None:
        try:
            await self._server.request(
                "window/workDoneProgress/create", {"token": token}, CREATE_TIME_LIMIT_S
            )
        except ClientError as error:
            logger.info("no progress is shown: %s", error)
        else:
            self._start()

    def _start(self) -> None:
        self._begun = True
        self._send(self._begin | self._latest)

    def _send(self, value: dict[str, Any]) -> None:
        self._server.notify("$/progress", {"token": self._token, "value": value})


class PartialResults:
    """Sends events to the request's `partialResultToken`, each `$/progress` an array that the client appends.

    What begins goes out at once, its first words too; what follows within 16 ms goes together, and deltas of the same
    text become one. While the client does not read, everything is held together. Leaving the block sends the rest,
    so that all of it is there before the answer.
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
