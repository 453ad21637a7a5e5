"""JSON-RPC 2.0 with a peer, a message a line, requests in both directions.

Each request gets exactly one response. `$/cancel_request` cancels the task that answers a request, and is sent when
the task that waits for the peer's answer is cancelled. Messages leave in the order in which they were handed over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from halley.acp.errors import (
    CANCELLED,
    INTERNAL,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
    error_for,
)
from halley.core.errors import HalleyError

Json = dict[str, Any]
OnRequest = Callable[[Json], Awaitable[Json | None]]
OnNotification = Callable[[Json], None]
CANCEL = "$/cancel_request"
logger = logging.getLogger(__name__)


class Peer:
    """`send` takes a whole line. `find_request` and `notifications` are what the peer may send, by method; None is a
    request that there is none of."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self.find_request: Callable[[str], OnRequest | None] = lambda _method: None
        self.notifications: Mapping[str, OnNotification] = {}
        self._working: dict[int | str, asyncio.Task[Json | None]] = {}
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._rest: set[asyncio.Task[None]] = set()

    def receive(self, line: bytes) -> None:
        """One message of the peer's. What is no message is answered with an error."""
        if not line.strip():
            return
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            self._fail(None, RpcError(PARSE_ERROR, "A line is not JSON."))
            return
        if not isinstance(message, dict):
            self._fail(None, RpcError(INVALID_REQUEST, "A message must be an object."))
        elif isinstance(message.get("method"), str):
            self._take(message["method"], message)
        elif "id" in message and ("result" in message or "error" in message):
            self._settle(message)
        else:
            self._fail(message.get("id"), RpcError(INVALID_REQUEST, "A message needs a method."))

    async def request(self, method: str, params: Json) -> Any:
        """The peer's result. Raises RpcError for its error, ConnectionError once it is gone."""
        self._last_id += 1
        id, answer = self._last_id, asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        self._write({"id": id, "method": method, "params": params})
        try:
            return await answer
        except asyncio.CancelledError:
            self.notify(CANCEL, {"requestId": id})
            raise
        finally:
            del self._waiting[id]

    def notify(self, method: str, params: Json) -> None:
        self._write({"method": method, "params": params})

    async def aclose(self) -> None:
        """Ends what is being worked on. Answers that are awaited never come."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the client is gone"))
        tasks: list[asyncio.Task[Any]] = [*self._working.values(), *self._rest]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, method: str, message: Json) -> None:
        params = message.get("params")
        params = {} if params is None else params
        id, is_request = message.get("id"), "id" in message
        if not isinstance(params, dict):
            if is_request:
                self._fail(id, RpcError(INVALID_PARAMS, "`params` must be an object."))
        elif not is_request:
            # Later, as the tasks of requests that came before it have not begun yet.
            asyncio.get_running_loop().call_soon(self._heed, method, params)
        elif not isinstance(id, int | str) or id in self._working:
            self._fail(id, RpcError(INVALID_REQUEST, "`id` must be a number or text that is not in use."))
        elif (handler := self.find_request(method)) is None:
            self._fail(id, RpcError(METHOD_NOT_FOUND, f"There is no method {method[:100]}."))
        else:
            self._working[id] = task = asyncio.ensure_future(_call(handler, params))
            task.add_done_callback(lambda done: self._respond(id, done))

    def _respond(self, id: int | str, done: asyncio.Task[Json | None]) -> None:
        # A callback and not the end of the task: one that is cancelled before it first runs has no end.
        del self._working[id]
        if done.cancelled():
            self._fail(id, RpcError(CANCELLED, "The request was cancelled."))
        elif (error := done.exception()) is not None:
            if not isinstance(error, HalleyError | RpcError):
                logger.error("a request failed: %s", type(error).__name__, exc_info=error)
            self._fail(id, error_for(error))
        else:
            self._write({"id": id, "result": done.result() or {}})

    def _heed(self, method: str, params: Json) -> None:
        if method == CANCEL:
            if (task := self._working.get(params.get("requestId", ""))) is not None:
                task.cancel()
            return
        handler = self.notifications.get(method)
        if handler is None:
            return  # an unknown notification is ignored, as the specification asks
        try:
            handler(params)
        except Exception as error:
            logger.error("a notification failed: %s", type(error).__name__, exc_info=error)

    def _settle(self, message: Json) -> None:
        answer = self._waiting.get(message["id"]) if isinstance(message["id"], int) else None
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("result"))
            return
        told = error if isinstance(error, dict) else {}
        code, text = told.get("code"), told.get("message")
        answer.set_exception(
            RpcError(code if isinstance(code, int) else INTERNAL, str(text or ""), told.get("data"))
        )

    def _fail(self, id: Any, error: RpcError) -> None:
        self._write({"id": id if isinstance(id, int | str) else None, "error": error.to_json()})

    def _write(self, message: Json) -> None:
        self._send(orjson.dumps({"jsonrpc": "2.0", **message}) + b"\n")

    def run_later(self, work: Awaitable[None]) -> None:
        """Runs in the background until it ends or the connection does."""
        task = asyncio.ensure_future(_logged(work))
        self._rest.add(task)
        task.add_done_callback(self._rest.discard)


async def _call(handler: OnRequest, params: Json) -> Json | None:
    return await handler(params)


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except (HalleyError, RpcError, ConnectionError) as error:
        logger.info("work in the background ended: %s", type(error).__name__)
    except Exception as error:
        logger.error("work in the background failed: %s", type(error).__name__, exc_info=error)
