"""Work-done progress: what the client shows while it waits.

    async with WorkDone(server, "Explaining main.py") as work:
        work.report("comet/gpt-5-mini is thinking")

Results as they grow are `partial_results.py`'s.
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#workDoneProgress
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.lsp.base.rpc_errors import ClientError
from halley.lsp.current import Token, current_request

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)

CREATE_TIME_LIMIT_S = 5.0
_numbers = itertools.count(1)
_under_way: ContextVar[WorkDone | None] = ContextVar("the progress that this task shows", default=None)


def after_progress(send: Callable[[], None]) -> None:
    """Calls `send` once this task shows no progress: Helix empties its status line when a progress ends."""
    work = _under_way.get()
    if work is None or work.is_over:
        send()
    else:
        work.afterwards.append(send)


class WorkDone:
    """Work-done progress for as long as the block runs; silence where the client gave no token and takes none.

    The token is the request's own, else one the server makes where the client has `window.workDoneProgress`. It is
    made in the background, and a report made meanwhile is shown when it is there. Cancelling by either token cancels
    the task that entered the block. pygls' `Progress.create_async` makes the work wait for the client and registers a
    future that cancels nothing; so `tokens` is its table, and the rest is here.
    """

    def __init__(self, server: HalleyServer, title: str, message: str = "", *, cancellable: bool = True):
        self._server = server
        self._begin = {"kind": "begin", "title": title, "cancellable": cancellable}
        self._latest: dict[str, Any] = {"message": message} if message else {}
        self._token: Token | None = None
        self._begun = False
        self._creating: asyncio.Task[Any] | None = None
        self.afterwards: list[Callable[[], None]] = []
        self.is_over = False

    def report(self, message: str = "", percentage: int | None = None) -> None:
        """Shows how far the work is; `percentage` goes from 0 to 100 and never back."""
        self._latest = {"message": message} if message else {}
        if percentage is not None:
            self._latest["percentage"] = max(0, min(100, percentage))
        if self._begun:
            self._send({"kind": "report", **self._latest})

    async def __aenter__(self) -> WorkDone:
        self._outer = _under_way.set(self)
        request = current_request.get()
        self._token = request.work_done_token if request else None
        if self._token is not None:
            self._start()
        elif self._server.shows_progress:
            tokens: dict[Token, Any] = self._server.protocol.progress.tokens
            self._token = f"halley/{next(_numbers)}"
            tokens[self._token] = asyncio.current_task()
            self._creating = self._server.run_in_background(self._create(self._token), "progress")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: Any) -> None:
        _under_way.reset(self._outer)
        end = {"kind": "end"} | (
            {"message": "Cancelled"} if isinstance(error, asyncio.CancelledError) else {}
        )
        if self._creating is not None and self._token is not None:
            self._server.protocol.progress.tokens.pop(self._token, None)
            if not self._creating.done():  # the client would wait for an end for ever
                self._creating.add_done_callback(lambda _: self._finish(end))
                return
        self._finish(end)

    def _finish(self, end: dict[str, Any]) -> None:
        if self._begun:
            self._begun = False
            self._send(end)
        self.is_over = True
        for send in self.afterwards:
            after_progress(send)

    async def _create(self, token: Token) -> None:
        method = types.WINDOW_WORK_DONE_PROGRESS_CREATE
        try:
            await self._server.request(method, {"token": token}, CREATE_TIME_LIMIT_S)
        except ClientError as error:
            logger.info("no progress is shown: %s", error)
        else:
            self._start()

    def _start(self) -> None:
        self._begun = True
        self._send(self._begin | self._latest)

    def _send(self, value: dict[str, Any]) -> None:
        self._server.notify(types.PROGRESS, {"token": self._token, "value": value})
