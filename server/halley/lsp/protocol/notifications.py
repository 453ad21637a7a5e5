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


class ChangedParams(Shape):
    what: Literal[
        "models", "selection", "providers", "macros", "chats", "proposals", "index", "tools", "media"
    ]


NOTIFICATIONS: dict[str, tuple[type[Shape], str]] = {
    "halley/status": (StatusParams, "What the status bar shows."),
    "halley/operation": (OperationParams, "A wait, a retry or a failover in progress."),
    "halley/changed": (ChangedParams, "Something a client may have cached has changed."),
}
