"""Notifications from the server."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.models import SelectedRole
from halley.lsp.protocol.shape import Shape


class StatusParams(Shape):
    kind: Literal["normal", "busy", "warning", "error", "inactive"]
    message: str
    roles: dict[str, SelectedRole]
    spend: dict[str, Any] | None = None
    action: dict[str, Any] | None = None


class OperationParams(Shape):
    operation: str
    state: Literal["waiting", "retrying", "failedOver", "done"]
    attempt: int
    of: int
    wait_ms: int
    reason: str
    from_: str | None = Field(None, alias="from")
    to: str | None = None


class ProgressValue(Shape):
    token: str | int
    value: list[Any]
    """Events of the request with that `partialResultToken`, as in `$/progress`."""


class ProgressParams(Shape):
    values: list[ProgressValue]


class ChatStateParams(Shape):
    """`asking`: a call waits for approval. `waiting`: how many messages wait to be sent."""

    chat_id: str
    title: str | None = None
    """With `asking`."""
    state: Literal["idle", "running", "asking"]
    waiting: int = 0


class ChangedParams(Shape):
    what: Literal[
        "models", "selection", "providers", "macros", "chats", "proposals", "index", "tools", "media", "mode"
    ]


NOTIFICATIONS: dict[str, tuple[type[Shape], str]] = {
    "halley/status": (StatusParams, "What the status bar shows."),
    "halley/operation": (OperationParams, "A wait, a retry or a failover in progress."),
    "halley/progress": (
        ProgressParams,
        "Partial results of several requests, one message per 16 ms. Sent only if the client declared "
        "`experimental.halley.batchedProgress`, beside `$/progress`, which brings the end of a request's results.",
    ),
    "halley/chat/state": (ChatStateParams, "What a chat of this window does, whichever chat is shown."),
    "halley/changed": (ChangedParams, "Something a client may have cached has changed."),
}
