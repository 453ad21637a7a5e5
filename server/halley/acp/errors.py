"""Problems as JSON-RPC errors, and reading what a client sends.

Codes are JSON-RPC's own and those of the Agent Client Protocol: -32000 (log in first), -32002 (no such thing) and
-32800 (cancelled).
"""

from __future__ import annotations

from typing import Any, Final

from halley.core.errors import HalleyError, problem_of

Json = dict[str, Any]

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
AUTH_REQUIRED, NOT_FOUND, CANCELLED = -32000, -32002, -32800
_CODES: Final = {
    "invalid_input": INVALID_PARAMS,
    "not_configured": AUTH_REQUIRED,
    "auth_failed": AUTH_REQUIRED,
    "cancelled": CANCELLED,
}


class RpcError(Exception):
    """An error response: sent to the client, or received from it."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def to_json(self) -> Json:
        found: Json = {"code": self.code, "message": self.message}
        return found if self.data is None else found | {"data": self.data}


def error_for(error: BaseException) -> RpcError:
    """What the client gets for an exception. Clients show the message alone, so it holds the help too."""
    if isinstance(error, RpcError):
        return error
    problem = problem_of(error)
    code = _CODES.get(problem.code, INTERNAL) if isinstance(error, HalleyError) else INTERNAL
    return RpcError(code, f"{problem.message} {problem.help}".strip(), problem.to_json())


def text_in(params: Json, name: str) -> str:
    """Raises RpcError (invalid params) where it is missing or no text."""
    value = params.get(name)
    if not isinstance(value, str):
        raise RpcError(INVALID_PARAMS, f"`{name}` must be text.")
    return value


def list_in(params: Json, name: str) -> list[Any]:
    """Empty where it is missing. Raises RpcError (invalid params) where it is no list."""
    value = params.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RpcError(INVALID_PARAMS, f"`{name}` must be a list.")
    return value
