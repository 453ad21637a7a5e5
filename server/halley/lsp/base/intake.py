"""From frames to pygls: messages one by one and in order, and an answer to what cannot be a message.

Start at `Intake.receive`. A request's handler runs up to its first `await` before the next frame is looked at, so
that it sees the documents as they were when it was asked. Then it is a task among others.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#baseProtocol
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from cattrs import Converter, transform_error
from cattrs.cols import is_sequence, list_structure_factory
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidRequest, JsonRpcParseError, JsonRpcServerNotInitialized
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    LanguageServerProtocol,
    default_converter,
)

from halley.lsp.base.codec import decode_body
from halley.lsp.base.frames import BadFrame
from halley.lsp.base.logs import describe
from halley.lsp.base.rpc_errors import InvalidParams, RpcError, error_json

if TYPE_CHECKING:
    from halley.lsp.base.channel import Channel
    from halley.lsp.base.documents import DocumentStore

logger = logging.getLogger(__name__)

Token = str | int
T = TypeVar("T")
MAX_QUEUED = 256
"""Frames read but not looked at, from which on reading pauses."""

PLAIN_METHODS = {types.INITIALIZE, types.SHUTDOWN, types.EXIT, types.TEXT_DOCUMENT_DID_CHANGE}
"""Methods whose parameters stay plain dicts, although LSP has a type for them.

didChange: a typed character takes cattrs 38 µs and an edit with 100 cursors 2.2 ms, the whole change 0.8 µs and 80 µs;
the document store checks what it reads. The others: clients may leave out what the types require.
"""


class Request:
    """One request of the client's, while it is worked on."""

    __slots__ = ("id", "method", "partial_result_token", "work_done_token")

    def __init__(self, id: Token, method: str, params: Any) -> None:
        self.id, self.method = id, method
        self.work_done_token = _token(params, "workDoneToken")
        """Where the client wants to see progress."""
        self.partial_result_token = _token(params, "partialResultToken")
        """Where the client wants to see the result as it grows."""


current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)
"""The request the running code works for; None in notifications and in the background."""


class Conversation(Protocol):
    """What the protocol needs of its server, `HalleyServer`."""

    channel: Channel
    documents: DocumentStore
    encoding: str
    has_begun: bool
    is_initialized: bool
    initialize_params: dict[str, Any]

    @property
    def is_over(self) -> bool: ...
    def begin(self, params: dict[str, Any]) -> None: ...
    def end(self, code: int) -> None: ...
    async def close_all(self) -> None: ...


class Intake(LanguageServerProtocol):
    """Mends of pygls' reading loop (`pygls.io_.run_async`), one in each method."""

    _server: Conversation  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, server: Any, converter: Converter) -> None:
        self._queue: deque[bytes | BadFrame | None] = deque()
        self._pumping = False
        self._has_new_task = False
        super().__init__(server, converter)

    def receive(self, frames: list[bytes | BadFrame]) -> None:
        """Takes frames as they were read. Mend: pygls reads on, however much still waits to be handled."""
        if self._server.is_over:
            return
        self._queue.extend(frames)
        if len(self._queue) > MAX_QUEUED:
            self._server.channel.hold_reading("messages to handle")
        if not self._pumping:
            self._pump()

    def at_end_of_input(self) -> None:
        """The client has closed its side. Mend: what it said before that still counts."""
        if not self._server.is_over:
            self._queue.append(None)
            if not self._pumping:
                self._pump()

    def _pump(self) -> None:
        """Mend: in pygls a handler's first step may see what the client said after its request."""
        self._pumping = True
        loop = asyncio.get_running_loop()
        while self._queue and not self._server.is_over:
            if (
                self._has_new_task
            ):  # its first step, and that of a task it makes, come before the next message
                self._has_new_task = False
                loop.call_soon(self._pump)
                return
            self._take(self._queue.popleft())
        self._pumping = False
        self._server.channel.release_reading("messages to handle")

    def _take(self, frame: bytes | BadFrame | None) -> None:
        """Mend: pygls answers no message that is bad JSON, a batch, no object or out of turn."""
        if frame is None:
            self._server.end(self.exit_code)
            return
        message: Any = None
        try:
            message = self._read(frame)
            self._sort(message)
        except RpcError as error:
            id = message.get("id") if isinstance(message, dict) else None
            self._refuse(id if type(id) in (int, str) else None, error)
        except Exception as error:
            logger.error("A message could not be handled: %s", describe(error))

    def _read(self, frame: bytes | BadFrame) -> dict[str, Any]:
        if isinstance(frame, BadFrame):
            raise JsonRpcParseError(frame.reason)
        try:
            message = decode_body(frame)
        except ValueError:
            raise JsonRpcParseError("The message is not UTF-8 JSON.") from None
        if not isinstance(message, dict):
            what = "Batches are not part of LSP." if isinstance(message, list) else "Not an object."
            raise JsonRpcInvalidRequest(what)
        if message.get("jsonrpc") != self.VERSION:
            raise JsonRpcInvalidRequest("'jsonrpc' must be '2.0'.")
        return message

    def _sort(self, message: dict[str, Any]) -> None:
        """Request, notification or response? Raises RpcError when it is none of them."""
        method, id = message.get("method"), cast("Token", message.get("id"))
        if method is None and ("result" in message or "error" in message):
            self._handle_response(id, message.get("result"), message.get("error"))
        elif not isinstance(method, str):
            raise JsonRpcInvalidRequest("'method' must be a string.")
        elif "id" not in message:
            self._take_notification(method, message)
        elif type(id) not in (int, str):
            raise JsonRpcInvalidRequest("'id' must be a string or an integer.")
        else:
            self._admit(method)
            token = current_request.set(Request(id, method, message.get("params")))
            try:
                self.handle_message(self.structure_message(message))
            finally:
                current_request.reset(token)

    def _take_notification(self, method: str, message: dict[str, Any]) -> None:
        if method != types.EXIT and not self.is_running:
            return
        try:
            self.handle_message(self.structure_message(message))
        except RpcError as error:  # there is nothing to answer
            logger.warning("dropped %s: %s", method, error.message)

    def _admit(self, method: str) -> None:
        """Mend: pygls runs requests before `initialize` and never answers those after `shutdown`."""
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server is shut down.")
        if self._server.has_begun and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("The server is already initialized.")
        if not self._server.has_begun and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("The first request must be 'initialize'.")

    @property
    def is_running(self) -> bool:
        """Between `initialize` and `shutdown`."""
        return self._server.has_begun and not self._shutdown

    @property
    def exit_code(self) -> int:
        """0 after `shutdown`, 1 otherwise."""
        return 0 if self._shutdown else 1

    def _refuse(self, id: Token | None, error: RpcError) -> None:
        logger.warning("refused a message: %d", error.code)
        self._send_data({"jsonrpc": self.VERSION, "id": id, "error": error_json(error)})

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message with lsprotocol's parameters, or plain ones where LSP has no type for them.

        Mends: pygls structures every object that has a key `jsonrpc`, also deep in parameters; it makes namedtuples
        of what it does not know (3.6 ms for a chat of 20 messages, names changed); it never answers a custom request
        without `params`, nor a typed one whose parameters are invalid. Raises InvalidParams naming the first field.
        """
        method, params = data["method"], data.get("params")
        if params is None:
            params = {}
        elif not isinstance(params, dict):
            raise InvalidParams("params", "an object is expected")
        elif method == types.TEXT_DOCUMENT_DID_OPEN and isinstance(item := params.get("textDocument"), dict):
            told = {name: value for name, value in item.items() if value is not None}
            params["textDocument"] = {"languageId": "", "version": 0} | told  # some clients leave them out
        kind = None if method in PLAIN_METHODS else types.METHOD_TO_TYPES.get(method, (None,) * 3)[2]
        if kind is not None:
            params = from_json(params, kind)
        if "id" in data:
            return JsonRPCRequestMessage(data["id"], method, self.VERSION, params)
        return JsonRPCNotification(method, self.VERSION, params)


@cache
def shared_converter() -> Converter:
    """The process's one converter between lsprotocol's types and JSON: making one takes 20 ms.

    Mends: cattrs takes an object or a string for an array, by iterating it. Diagnostics stay as another
    server made them, unknown fields and severities included: they are handed back unchanged (five would take 150 µs).
    """
    converter = default_converter()

    def strict(kind: Any, converter: Any) -> Any:
        structure = list_structure_factory(kind, converter)

        def array(value: Any, kind: Any) -> Any:
            if not isinstance(value, list | tuple):
                raise TypeError("an array is expected")
            return structure(value, kind)

        return array

    def diagnostic(value: Any, _: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("message"), str | dict):
            raise TypeError("a diagnostic is expected")
        converter.structure(value.get("range"), types.Range)
        return value

    converter.register_structure_hook_factory(is_sequence, strict)
    converter.register_structure_hook(types.Diagnostic, diagnostic)
    write = converter.get_unstructure_hook(types.Diagnostic)
    converter.register_unstructure_hook(
        types.Diagnostic, lambda value: value if isinstance(value, dict) else write(value)
    )
    return converter


def from_json(value: Any, kind: type[T]) -> T:
    """JSON values as one of lsprotocol's types. Raises InvalidParams naming the first wrong field."""
    try:
        return shared_converter().structure(value, kind)
    except Exception as error:
        raise _name_field(error) from None


def to_json(value: Any) -> Any:
    """lsprotocol's types as JSON values."""
    return shared_converter().unstructure(value)


def _name_field(error: Exception) -> InvalidParams:
    said = transform_error(error)[0]
    what, _, path = said.rpartition(" @ $")
    return InvalidParams(path.lstrip(".") or "params", (what or "invalid").replace("_", " "))


def _token(params: Any, name: str) -> Token | None:
    token = params.get(name) if isinstance(params, dict) else None
    return token if isinstance(token, str | int) and not isinstance(token, bool) else None
