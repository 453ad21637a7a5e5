"""Errors as JSON-RPC tells them: codes, and the one function that turns an exception into an answer.

What a person reads is made in `core/errors.py`; here it only gets its number. No traceback and no text of a
message ever passes through here.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#errorCodes
"""

from __future__ import annotations

import asyncio
from typing import Any

from halley.core.errors import Cancelled, HalleyError, Problem, problem_of

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_FAILED = -32803
REQUEST_CANCELLED = -32800


class RpcError(Exception):
    """An answer that is an error, with its code."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def to_json(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message}
        return error if self.data is None else error | {"data": self.data}


class InvalidParams(RpcError):
    """Parameters of the wrong shape; `field` is the dotted path of the first that is."""

    def __init__(self, field: str, expected: str) -> None:
        message = f"{field}: {expected.rstrip('.')}."
        problem = Problem("invalid_input", message, "The protocol reference has the shape of this request.")
        super().__init__(INVALID_PARAMS, message, problem.to_json())
        self.field = field


class ClientError(HalleyError):
    """The editor answered a request of ours with an error, or not in time."""

    code = "client_failed"
    rpc_code: int | None = None


def error_json(error: BaseException) -> dict[str, Any]:
    """The `error` of a response."""
    if isinstance(error, RpcError):
        return error.to_json()
    if isinstance(error, asyncio.CancelledError):
        return {"code": REQUEST_CANCELLED, "message": "The request was cancelled."}
    if isinstance(error, HalleyError):
        code = REQUEST_CANCELLED if isinstance(error, Cancelled) else REQUEST_FAILED
        return {"code": code, "message": error.problem.message, "data": error.problem.to_json()}
    problem = problem_of(error)
    return {"code": INTERNAL_ERROR, "message": problem.message, "data": problem.to_json()}
