"""The requests that are being worked on, and how each of them can be stopped.

A request is an asyncio task; stopping it is cancelling the task, wherever it waits, down to the upstream socket.
There are three ways to it and they all end in `Inflight`: `$/cancelRequest` with the request's id,
`window/workDoneProgress/cancel` with its progress token (the caller's, or one the server made), and the end of
the connection. The answer is sent when the task has ended, by whoever started it (`protocol.py`), so there is
exactly one.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

Token = str | int
RequestId = str | int


class Request:
    """One request of the client's, while it is worked on."""

    __slots__ = ("id", "method", "params")

    def __init__(self, id: RequestId, method: str, params: dict[str, Any]) -> None:
        self.id, self.method, self.params = id, method, params

    @property
    def work_done_token(self) -> Token | None:
        """Where the client wants to see progress."""
        return _token(self.params, "workDoneToken")

    @property
    def partial_result_token(self) -> Token | None:
        """Where the client wants to see the result as it grows."""
        return _token(self.params, "partialResultToken")


current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)
"""The request the running code works for; None in notifications and in the background."""


class Inflight:
    """Tasks by request id and by progress token."""

    def __init__(self) -> None:
        self._tasks: dict[RequestId, asyncio.Task[Any]] = {}
        self._tokens: dict[Token, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, id: object) -> bool:
        return id in self._tasks

    def add(self, request: Request, task: asyncio.Task[Any]) -> None:
        self._tasks[request.id] = task
        if request.work_done_token is not None:
            self._tokens[request.work_done_token] = task

    def remove(self, request: Request) -> None:
        task = self._tasks.pop(request.id, None)
        token = request.work_done_token
        if token is not None and self._tokens.get(token) is task:
            del self._tokens[token]

    def add_token(self, token: Token, task: asyncio.Task[Any]) -> None:
        """Lets `window/workDoneProgress/cancel` with `token` stop `task`."""
        self._tokens[token] = task

    def remove_token(self, token: Token) -> None:
        self._tokens.pop(token, None)

    def cancel(self, id: Any) -> None:
        """`$/cancelRequest`. Requests that have ended, or never were, are nobody's fault."""
        if isinstance(id, str | int) and (task := self._tasks.get(id)) is not None:
            task.cancel()

    def cancel_token(self, token: Any) -> None:
        """`window/workDoneProgress/cancel`."""
        if isinstance(token, str | int) and (task := self._tokens.get(token)) is not None:
            task.cancel()

    async def cancel_all(self, timeout_s: float = 2.0, keep: asyncio.Task[Any] | None = None) -> None:
        """Stops everything but `keep` and waits, for at most `timeout_s`, until it has stopped."""
        tasks = [task for task in self._tasks.values() if task is not keep]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)


def _token(params: dict[str, Any], name: str) -> Token | None:
    token = params.get(name)
    return token if isinstance(token, str | int) and not isinstance(token, bool) else None
