"""Errors as JSON-RPC states them: pygls' exceptions, and the one function that turns any exception into an answer.

What users read is written in `core/errors.py`; here it only gets its number. No traceback and no text of a
message ever passes through here.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#errorCodes
"""

from __future__ import annotations

import asyncio
from typing import Any

from pygls.exceptions import JsonRpcException as RpcError
from pygls.exceptions import JsonRpcInvalidParams, JsonRpcRequestCancelled

from halley.core.errors import Cancelled, HalleyError, Problem, problem_of

INTERNAL_ERROR = RpcError.CODE
REQUEST_CANCELLED = JsonRpcRequestCancelled.CODE
REQUEST_FAILED = -32803


class InvalidParams(JsonRpcInvalidParams):
    """Parameters of the wrong shape; `field` is the dotted path of the first that is."""

    def __init__(self, field: str, expected: str) -> None:
        message = f"{field}: {expected.rstrip('.')}."
        problem = Problem("bad_request", message, "See this request in the protocol reference.")
        super().__init__(message, data=problem.to_json())
        self.field = field


class ContentModified(RpcError):
    """The document is another one by now, so that a result for the old one means nothing. Editors drop it silently."""

    CODE = -32801

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, data=problem.to_json())


class ClientError(HalleyError):
    """The editor answered a request of ours with an error, or not in time."""

    code = "client_failed"


def client_error(error: Any) -> ClientError:
    """The `error` of the editor's answer as an exception."""
    details = error if isinstance(error, dict) else {}
    said = str(details.get("message") or "no reason given").strip().rstrip(".")
    return ClientError(f"The editor refused a request: {said}.", "See the editor's log.")


def error_json(error: BaseException) -> dict[str, Any]:
    """The `error` of a response. pygls sends the traceback as `data`; an editor shows that to its user."""
    if isinstance(error, RpcError):
        said = {"code": error.code, "message": error.message}
        return said if error.data is None else said | {"data": error.data}
    if isinstance(error, asyncio.CancelledError):
        return {"code": REQUEST_CANCELLED, "message": "The request was cancelled."}
    if isinstance(error, HalleyError):
        code = REQUEST_CANCELLED if isinstance(error, Cancelled) else REQUEST_FAILED
        return {"code": code, "message": error.problem.message, "data": error.problem.to_json()}
    problem = problem_of(error)
    return {"code": INTERNAL_ERROR, "message": problem.message, "data": problem.to_json()}
