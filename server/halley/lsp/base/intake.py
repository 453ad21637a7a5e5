"""From frames to pygls: messages one by one and in order, and an answer to what cannot be a message.

Start at `Intake.receive`. A request's handler runs up to its first `await` before the next frame is looked at, so
that it sees the documents as they were when it was asked. Then it is a task among others.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#baseProtocol
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import copy_context
from typing import Any, cast

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidRequest, JsonRpcParseError, JsonRpcServerNotInitialized
from pygls.protocol import LanguageServerProtocol

from halley.core.json_text import decode_json
from halley.lsp.base.converter import from_json
from halley.lsp.base.frames import BadFrame
from halley.lsp.base.rpc_errors import InvalidParams, RpcError, error_json
from halley.lsp.current import ClientRequest, Token, current_request
from halley.lsp.logs import describe

logger = logging.getLogger(__name__)

MAX_QUEUED = 256
"""Frames read but not looked at, from which on reading pauses."""

PLAIN_METHODS = {
    types.INITIALIZE,
    types.SHUTDOWN,
    types.EXIT,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_SAVE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
}
"""Methods whose parameters stay plain dicts, although LSP has a type for them.

didChange: a typed character takes cattrs 38 µs and an edit with 100 cursors 2.2 ms, the whole change 0.8 µs and 80 µs;
the document store checks what it reads, in notebooks too. The others: clients may leave out what the types require.
"""


class Intake(LanguageServerProtocol):
    """Mends of pygls' reading loop (`pygls.io_.run_async`), one in each method."""

    _server: Any  # a `HalleyServer`

    def __init__(self, server: Any, converter: Converter) -> None:
        self._queue: deque[bytes | BadFrame | None] = deque()
        self._pumping = False
        self._has_new_task = False
        super().__init__(server, converter)

    def receive(self, frames: list[bytes | BadFrame] | list[None]) -> None:
        """Takes frames as they were read. Mend: pygls reads on, however much still waits to be handled."""
        self._queue.extend(frames)
        if len(self._queue) > MAX_QUEUED:
            self._server.channel.hold_reading("messages to handle")
        if not self._pumping:
            self._pump()

    def at_end_of_input(self) -> None:
        """The client has closed its side. Mend: what it said before that still counts."""
        self.receive([None])

    def _pump(self) -> None:
        """Mend: in pygls a handler's first step may see what the client said after its request (`#messageOrdering`).

        That first step, and those of tasks it makes, come before the next message.
        """
        self._pumping = True
        while self._queue and not self._server.is_over:
            if self._has_new_task:
                self._has_new_task = False
                # In the queue after the new task's first step.
                asyncio.get_running_loop().call_soon(self._pump)
                return
            self._take(self._queue.popleft())
        self._pumping = False
        self._server.channel.release_reading("messages to handle")

    def _take(self, frame: bytes | BadFrame | None) -> None:
        """Mend: pygls answers no message that is bad JSON, a batch, no object or out of turn (`#responseMessage`)."""
        if frame is None:
            self._server.end(self.exit_code)
            return
        message: Any = None
        try:
            message = self._read(frame)
            self._sort(message)
        except RpcError as error:
            logger.warning("refused a message: %d", error.code)
            told = message if isinstance(message, dict) else {}
            if "id" in told or not isinstance(told.get("method"), str):  # a notification gets no answer
                id = told.get("id") if type(told.get("id")) in (int, str) else None
                self._send_response(cast("Token", id), error=error_json(error))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        except Exception as error:
            logger.error("A message could not be handled: %s", describe(error))

    def _read(self, frame: bytes | BadFrame) -> dict[str, Any]:
        if isinstance(frame, BadFrame):
            raise JsonRpcParseError(frame.reason)
        try:
            message = decode_json(frame)
        except ValueError:
            raise JsonRpcParseError("The message is not UTF-8 JSON.") from None
        if not isinstance(message, dict):
            what = "Batches are not part of LSP." if isinstance(message, list) else "Not an object."
            raise JsonRpcInvalidRequest(what)
        if message.get("jsonrpc") != self.VERSION:
            raise JsonRpcInvalidRequest("'jsonrpc' must be '2.0'.")
        return message

    def _sort(self, message: dict[str, Any]) -> None:
        """Request, notification or response? Raises RpcError when it is none of them, or out of turn."""
        method, id, params = message.get("method"), cast("Token", message.get("id")), message.get("params")
        if method is None and ("result" in message or "error" in message):
            self._handle_response(id, message.get("result"), message.get("error"))
        elif not isinstance(method, str):
            raise JsonRpcInvalidRequest("'method' must be a string.")
        elif "id" not in message:
            if method == types.EXIT or self._server.is_running:
                copy_context().run(self._handle_notification, method, read_params(method, params))
        elif type(id) not in (int, str):
            raise JsonRpcInvalidRequest("'id' must be a string or an integer.")
        elif id in self._request_futures:
            message["id"] = None  # with its id the refusal would answer the other
            raise JsonRpcInvalidRequest("The 'id' belongs to a request in progress.")
        else:
            self._admit(method)
            context = copy_context()  # what one message's handler sets, the next must not see
            context.run(current_request.set, ClientRequest(id, method, params))
            context.run(self._handle_request, id, method, read_params(method, params))

    def _admit(self, method: str) -> None:
        """Mend: pygls runs requests before `initialize`, and never answers those after `shutdown` (`#shutdown`)."""
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server is shut down.")
        if self._server.has_begun and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("The server is already initialized.")
        if not self._server.has_begun and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("The first request must be 'initialize'.")

    @property
    def exit_code(self) -> int:
        """0 after `shutdown`, 1 otherwise (`#exit`)."""
        return 0 if self._shutdown else 1


def read_params(method: str, params: Any) -> Any:
    """A message's parameters as lsprotocol's types, or plain ones where LSP has no type for them.

    Mends: pygls structures every object that has a key `jsonrpc`, also deep in parameters; it makes namedtuples
    of what it does not know (3.6 ms for a chat of 20 messages, names changed);
    it never answers a custom request without `params` (`#requestMessage`), nor a typed one whose parameters are
    invalid. Raises InvalidParams naming the first field.
    """
    if params is None:
        params = {}
    elif not isinstance(params, dict):
        raise InvalidParams("params", "an object is expected")
    elif method == types.TEXT_DOCUMENT_DID_OPEN and isinstance(item := params.get("textDocument"), dict):
        told = {name: value for name, value in item.items() if value is not None}
        params["textDocument"] = {"languageId": "", "version": 0} | told  # some clients leave them out
    kind = None if method in PLAIN_METHODS else types.METHOD_TO_TYPES.get(method, (None,) * 3)[2]
    return params if kind is None else from_json(params, kind)
