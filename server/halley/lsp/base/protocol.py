"""JSON-RPC 2.0 with one client: from frames to handlers, and exactly one answer to each request.

Start at `Connection.receive`. Frames are taken one by one, in order; a request's handler runs up to its first
`await` before the next frame is looked at, so that it sees the documents as they were when it was asked. Then
it is a task among others, and its answer is sent when the task has ended, however that happened.

pygls's own protocol is not under this: what it does with bad messages, cancelled commands, parameters
and logs would have to be undone method by method. What a server says of itself and when it ends is in
`lsp/server.py` and `lifecycle.py`.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#baseProtocol
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Coroutine
from contextvars import copy_context
from functools import partial
from typing import Any

from halley.lsp.base.cancellation import Inflight, Request, RequestId, current_request
from halley.lsp.base.codec import decode_body, encode_body
from halley.lsp.base.features import Features, Handler
from halley.lsp.base.frames import BadFrame
from halley.lsp.base.lifecycle import Lifecycle
from halley.lsp.base.logs import describe
from halley.lsp.base.outgoing import Outgoing
from halley.lsp.base.rpc_errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    InvalidParams,
    RpcError,
    error_json,
)
from halley.lsp.base.shapes import check_params
from halley.lsp.base.transport import Channel

logger = logging.getLogger(__name__)

MAX_QUEUED = 256
"""Frames read but not looked at, from which on reading pauses."""


class Connection(Features):
    """One conversation. `channel` is set before the first frame is received."""

    channel: Channel
    shows_progress = False
    """Whether the client takes progress tokens that the server made (`window.workDoneProgress`)."""

    def __init__(self) -> None:
        super().__init__()
        self.lifecycle = Lifecycle()
        self.inflight = Inflight()
        self.outgoing = Outgoing(self._send)
        self._queue: deque[bytes | BadFrame | None] = deque()
        self._pumping = False
        self._has_new_task = False
        self._background: set[asyncio.Task[Any]] = set()
        self.ended = asyncio.Event()
        self.code = 1
        """Exit code, meaningful once `ended` is set."""
        self.requests["workspace/executeCommand"] = self._execute_command

    # To the client

    def notify(self, method: str, params: Any = None) -> None:
        """Sends a notification. Raises ValueError or TypeError when `params` has no JSON form."""
        message = {"jsonrpc": "2.0", "method": method}
        self._send(message if params is None else message | {"params": params})

    async def request(self, method: str, params: Any = None, timeout_s: float | None = None) -> Any:
        """Asks the client; None means the method's own time limit. Raises ClientError (see `outgoing.py`)."""
        return await self.outgoing.request(method, params, timeout_s)

    def send_raw(self, body: bytes) -> None:
        """Sends a message that is JSON already."""
        self.channel.write(body)

    # From the client

    def receive(self, frames: list[bytes | BadFrame]) -> None:
        """Takes frames as they were read."""
        if self.is_over:
            return
        self._queue.extend(frames)
        if len(self._queue) > MAX_QUEUED:
            self.channel.hold_reading("messages to handle")
        if not self._pumping:
            self._pump()

    def at_end_of_input(self) -> None:
        """The client has closed its side, and nobody reads any more; what it said before that still counts."""
        if not self.is_over:
            self._queue.append(None)
            if not self._pumping:
                self._pump()

    def _pump(self) -> None:
        self._pumping = True
        loop = asyncio.get_running_loop()
        while self._queue:
            # The first step of a task, and that of a task it makes, sees nothing the client said later.
            if self._has_new_task:
                self._has_new_task = False
                loop.call_soon(self._pump)
                return
            self._take(self._queue.popleft())
        self._pumping = False
        self.channel.release_reading("messages to handle")

    def _take(self, frame: bytes | BadFrame | None) -> None:
        """Handles one frame. Whatever is wrong with it, the conversation goes on."""
        if frame is None:
            self.end(self.lifecycle.exit_code)
            return
        if isinstance(frame, BadFrame):
            self._refuse(None, RpcError(PARSE_ERROR, frame.reason))
            return
        try:
            message = decode_body(frame)
        except ValueError:
            self._refuse(None, RpcError(PARSE_ERROR, "The message is not UTF-8 JSON."))
            return
        try:
            self._sort(message)
        except RpcError as error:
            id = message.get("id") if isinstance(message, dict) else None
            self._refuse(id if type(id) in (int, str) else None, error)
        except Exception as error:
            logger.error("A message could not be handled: %s", describe(error))

    def _sort(self, message: Any) -> None:
        """Request, notification or response? Raises RpcError when it is none of them."""
        if not isinstance(message, dict):
            what = "Batches are not part of LSP." if isinstance(message, list) else "Not an object."
            raise RpcError(INVALID_REQUEST, what)
        if message.get("jsonrpc") != "2.0":
            raise RpcError(INVALID_REQUEST, "'jsonrpc' has to be '2.0'.")
        method = message.get("method")
        if method is None and ("result" in message or "error" in message):
            self.outgoing.take(message)
            return
        if not isinstance(method, str):
            raise RpcError(INVALID_REQUEST, "'method' has to be a string.")
        if "id" not in message:
            self._take_notification(method, message.get("params"))
            return
        if type(message["id"]) not in (int, str):
            raise RpcError(INVALID_REQUEST, "'id' has to be a string or an integer.")
        self._take_request(message["id"], method, message.get("params"))

    # Requests

    def _take_request(self, id: RequestId, method: str, params: Any) -> None:
        if (refusal := self.lifecycle.refuse(method)) is not None:
            raise refusal
        if id in self.inflight:
            self._refuse(None, RpcError(INVALID_REQUEST, "The 'id' belongs to a request under way."))
            return
        handler = self.requests.get(method)
        if handler is None:
            raise RpcError(METHOD_NOT_FOUND, f"There is no method '{method[:80]}'.")
        request = Request(id, method, _as_object(params))
        check_params(method, request.params)
        self._start(request, handler)

    def _start(self, request: Request, handler: Handler) -> None:
        context = copy_context()
        context.run(current_request.set, request)
        try:
            result = context.run(handler, request.params)
        except (Exception, SystemExit) as error:
            self._answer_error(request, error)
            return
        if not inspect.iscoroutine(result):
            self._answer(request, result)
            return
        self._has_new_task = True
        task = asyncio.get_running_loop().create_task(
            _contained(result), name=request.method, context=context
        )
        self.inflight.add(request, task)
        task.add_done_callback(partial(self._finish, request))

    def _finish(self, request: Request, task: asyncio.Task[Any]) -> None:
        """The one place where the answer of a task is sent: also when it was cancelled before its first step."""
        self.inflight.remove(request)
        if task.cancelled():
            self._answer_error(request, asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self._answer_error(request, error)
        else:
            self._answer(request, task.result())

    def _answer(self, request: Request, result: Any) -> None:
        try:
            body = encode_body({"jsonrpc": "2.0", "id": request.id, "result": result})
        except (TypeError, ValueError, RecursionError) as error:
            self._answer_error(request, error)
        else:
            self.channel.write(body)

    def _answer_error(self, request: Request, error: BaseException) -> None:
        answer = error_json(error)
        if answer["code"] == INTERNAL_ERROR:
            logger.error("%s failed: %s", request.method, describe(error))
        self._send({"jsonrpc": "2.0", "id": request.id, "error": answer})

    def _refuse(self, id: RequestId | None, error: RpcError) -> None:
        logger.warning("refused a message: %d", error.code)
        self._send({"jsonrpc": "2.0", "id": id, "error": error.to_json()})

    async def _execute_command(self, params: dict[str, Any]) -> Any:
        function = self.commands.get(params["command"])
        if function is None:
            raise InvalidParams("command", f"one of {', '.join(sorted(self.commands))} is expected")
        result = function(params.get("arguments") or [])
        return await result if inspect.isawaitable(result) else result

    # Notifications

    def _take_notification(self, method: str, params: Any) -> None:
        if method == "exit":
            self.end(self.lifecycle.exit_code)
            return
        if not self.lifecycle.listens:
            return
        try:
            params = _as_object(params)
            check_params(method, params)
        except RpcError as error:
            logger.warning("dropped %s: %s", method, error.message)
            self._notification_lost(method, params)
            return
        if method == "$/cancelRequest":
            self.inflight.cancel(params.get("id"))
        elif method == "window/workDoneProgress/cancel":
            self.inflight.cancel_token(params.get("token"))
        for handler in self.notifications.get(method, ()):
            self._run_notification(method, handler, params)

    def _notification_lost(self, method: str, params: Any) -> None:
        """For those who have to know that the client said something that was not understood."""

    def _run_notification(self, method: str, handler: Handler, params: dict[str, Any]) -> None:
        try:
            result = handler(params)
        except (Exception, SystemExit) as error:
            logger.error("%s failed: %s", method, describe(error))
            return
        if inspect.iscoroutine(result):
            self.run_in_background(result, method)

    def run_in_background(self, coroutine: Any, name: str) -> asyncio.Task[Any]:
        """A task that belongs to the conversation: it ends with it, and its failure is logged."""
        self._has_new_task = True
        task = asyncio.get_running_loop().create_task(_contained(coroutine), name=name)
        self._background.add(task)
        task.add_done_callback(self._finish_background)
        return task

    def _finish_background(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed: %s", task.get_name(), describe(error))

    # The end

    def end(self, code: int) -> None:
        """The conversation is over; `code` is what the process exits with. The first call counts."""
        if not self.is_over:
            self.code = code
            self._queue.clear()
            self.ended.set()

    @property
    def is_over(self) -> bool:
        return self.ended.is_set()

    async def stop_work(self, timeout_s: float = 2.0) -> None:
        """Cancels whatever is being worked on but the calling request, and waits until it has stopped."""
        this = asyncio.current_task()
        tasks = [task for task in self._background if task is not this]
        for task in tasks:
            task.cancel()
        await self.inflight.cancel_all(timeout_s, keep=this)
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)

    def _send(self, message: dict[str, Any]) -> None:
        self.channel.write(encode_body(message))


async def _contained(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """A handler that calls `sys.exit` fails; it does not take the server with it."""
    try:
        return await coroutine
    except SystemExit as error:
        raise RuntimeError("a handler tried to end the process") from error


def _as_object(params: Any) -> dict[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise InvalidParams("params", "an object is expected")
    return params
