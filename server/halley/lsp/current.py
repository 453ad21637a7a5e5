"""The request of the client's that the running code works for."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

Token = str | int


class ClientRequest:
    """One request of the client's, while it is worked on."""

    __slots__ = ("id", "method", "partial_result_token", "work_done_token")

    def __init__(self, id: Token, method: str, params: Any) -> None:
        self.id, self.method = id, method
        self.work_done_token = _token(params, "workDoneToken")
        """Where the client wants to see progress."""
        self.partial_result_token = _token(params, "partialResultToken")
        """Where the client wants to see the result as it grows."""


current_request: ContextVar[ClientRequest | None] = ContextVar("current_request", default=None)
"""The request the running code works for; None in notifications and in the background."""


def _token(params: Any, name: str) -> Token | None:
    token = params.get(name) if isinstance(params, dict) else None
    return token if isinstance(token, str | int) and not isinstance(token, bool) else None
