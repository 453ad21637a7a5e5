"""Usage, diagnostics and commit messages; and ending a wait."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty
from halley.lsp.protocol.shape import RequestShape, Shape


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
    by: list[Literal["day", "month", "model", "provider", "workspace", "feature", "status", "member"]] = [
        "model"
    ]
    team: bool = False
    """Of the team's calls, as far as this user may see them; only then can they be grouped by `member`."""


class UsageReport(Shape):
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    completions: list[dict[str, Any]] = []
    """Ghost text by model and language: shown, accepted, accepted in part."""
    next_edits: list[dict[str, Any]] = []
    """Next edits by model and language: shown, accepted, rejected, ignored."""
    quota: list[dict[str, Any]] | None = None
    has_team: bool = False
    """Whether this user is in a team, so that its usage can be asked for."""


class TeamStatus(Shape):
    """`problem` stands instead of what only the database knows, while it cannot be reached."""

    address: str
    reachable: bool
    waiting: int
    """Ledger rows that are still to be sent."""
    member: str | None = None
    admin: bool | None = None
    groups: list[str] | None = None
    budgets: list[dict[str, Any]] | None = None
    """`{scope, subject, period, spentUsd, heldUsd, mostUsd}` of those that count for this user here."""
    members: list[dict[str, Any]] | None = None
    """All of them for an admin, else only this user."""
    gateways: list[dict[str, Any]] = []
    """`{provider, used, total?, left?, currency, resets?}` of the user's key at each gateway (LiteLLM's proxy)."""
    problem: dict[str, Any] | None = None


class RetryParams(Shape):
    operation: str


REQUESTS: dict[str, RequestShape] = {
    "halley/usage": RequestShape(UsageParams, UsageReport, "Tokens, cost and errors from the ledger."),
    "halley/doctor": RequestShape(Empty, Empty, "Versions, paths and problems, redacted."),
    "halley/commit": RequestShape(CommitParams, CommitMessage, "A commit message for the staged changes."),
    "halley/team/status": RequestShape(
        Empty, TeamStatus, "Who this user is in the team, its budgets, and what waits."
    ),
    "halley/retry/now": RequestShape(RetryParams, RetryEnded, "Ends a backoff wait and retries immediately."),
}
