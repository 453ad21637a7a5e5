"""Usage, diagnostics and commit messages; and ending a wait."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty
from halley.lsp.protocol.shape import Request, Shape


class CommitParams(Shape):
    """`cwd` is a folder or its URI. It defaults to the workspace's."""

    cwd: str | None = None
    uri: str | None = None
    staged: bool = True


class CommitMessage(Shape):
    message: str


class RetryEnded(Shape):
    ended: bool


class UsageParams(Shape):
    since: str | None = None
    until: str | None = None
    by: list[Literal["day", "month", "model", "provider", "workspace", "feature", "status"]] = ["model"]


class UsageReport(Shape):
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    completions: list[dict[str, Any]] = []
    """Ghost text by model and language: shown, accepted, accepted in part."""
    quota: list[dict[str, Any]] | None = None


class RetryParams(Shape):
    operation: str


REQUESTS: dict[str, Request] = {
    "halley/usage": Request(UsageParams, UsageReport, "Tokens, cost and errors from the ledger."),
    "halley/doctor": Request(Empty, Empty, "Versions, paths and problems, redacted."),
    "halley/commit": Request(CommitParams, CommitMessage, "A commit message for the staged changes."),
    "halley/retry/now": Request(RetryParams, RetryEnded, "Ends a backoff wait and retries immediately."),
}
