"""What was used, added up: the answers of a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from halley.core.models import Usage

Dimension = Literal["day", "month", "model", "provider", "workspace", "feature", "role", "status", "problem"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


@dataclass(slots=True)
class UsageRow:
    """One group of calls, or all of them."""

    keys: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Dimension → value, e.g. `{"day": "2026-11-20", "model": "comet/gpt-5-mini"}`."""
    calls: int = 0
    """Attempts sent to a model."""
    requests: int = 0
    """What was asked for: the attempts of one failover count once."""
    errors: int = 0
    """Calls that failed, broke off or were abandoned."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    """Of the input, written to a host's cache."""
    reasoning_tokens: int = 0
    estimated_calls: int = 0
    """Calls whose tokens or cost were estimated here."""
    unpriced_calls: int = 0
    """Answered calls whose cost is not known."""
    cost: dict[str, float] = field(default_factory=dict[str, float])
    """Currency → amount; empty where nothing is known."""
    saved: float | None = None
    """US dollars that caches saved; None where none was used, or prices are not known."""
    first_token_ms: float | None = None
    """Mean over the calls that had one."""
    tokens_per_s: float | None = None
    problems: dict[str, int] = field(default_factory=dict[str, int])
    """Problem code → calls."""

    def to_json(self) -> dict[str, Any]:
        """camelCase, the dimensions among the rest."""
        cost = [{"amount": round(amount, 9), "currency": name} for name, amount in sorted(self.cost.items())]
        saved = [] if self.saved is None else [{"amount": round(self.saved, 9), "currency": "USD"}]
        return self.keys | {
            "calls": self.calls,
            "requests": self.requests,
            "errors": self.errors,
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "cachedTokens": self.cached_tokens,
            "cacheWriteTokens": self.written_tokens,
            "reasoningTokens": self.reasoning_tokens,
            "estimatedCalls": self.estimated_calls,
            "unpricedCalls": self.unpriced_calls,
            "cost": cost,
            "saved": saved,
            "firstTokenMs": self.first_token_ms,
            "tokensPerS": self.tokens_per_s,
            "problems": self.problems,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    rows: tuple[UsageRow, ...]
    """In the order of their keys; none when no dimension was named."""
    totals: UsageRow


@dataclass(frozen=True, slots=True)
class Acceptance:
    provider: str
    model: str
    language: str
    shown: int
    accepted: int
    accepted_characters: int
    partly_accepted: int = 0

    def to_json(self) -> dict[str, Any]:
        """As in `halley/usage`: `rate` is the share of what was shown that was accepted, whole or in part."""
        taken = min(self.shown, self.accepted + self.partly_accepted)
        return {
            "model": f"{self.provider}/{self.model}",
            "language": self.language,
            "shown": self.shown,
            "accepted": self.accepted,
            "partlyAccepted": self.partly_accepted,
            "acceptedCharacters": self.accepted_characters,
            "rate": round(taken / self.shown, 4) if self.shown else None,
        }


NextEditOutcome = Literal["shown", "accepted", "rejected", "ignored"]


@dataclass(frozen=True, slots=True)
class NextEditCounts:
    """What became of next edits: of those shown, how many were accepted, rejected, and left alone."""

    provider: str
    model: str
    language: str
    shown: int
    accepted: int
    rejected: int
    ignored: int

    def to_json(self) -> dict[str, Any]:
        """As in `halley/usage`: `rate` is the share of what was shown that was accepted."""
        return {
            "model": f"{self.provider}/{self.model}",
            "language": self.language,
            "shown": self.shown,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "ignored": self.ignored,
            "rate": round(min(self.shown, self.accepted) / self.shown, 4) if self.shown else None,
        }


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that did not come to its end, as the ledger keeps it."""

    started: float
    """Seconds since the epoch."""
    feature: str
    provider: str
    model: str
    status: str
    """`failed`, `interrupted` or `abandoned`."""
    problem: str | None
    """Problem code."""
    http_status: int | None
    request_id: str | None
    """The provider's own name for the request, where it sent one."""
    attempt: int
    total_ms: float | None


class Group(Protocol):
    def __getitem__(self, name: str, /) -> Any: ...


_COUNTS = (
    "calls", "requests", "errors", "input_tokens", "output_tokens", "cached_tokens", "written_tokens",
    "reasoning_tokens", "estimated_calls", "unpriced_calls",
)  # fmt: skip


def fold_groups(groups: Iterable[Group], by: Sequence[str]) -> Summary:
    """SQL's groups are finer than asked, by currency and problem; here they become one row each.

    A group has `key_NAME` for each dimension, the counts by their names, `cost`, `currency`, `saved`, `problem_code`,
    and sums and counts of the times.
    """
    rows: dict[tuple[Any, ...], _Tally] = {}
    total = _Tally({})
    for group in groups:
        key = tuple(group[f"key_{name}"] for name in by)
        tally = rows.setdefault(key, _Tally(dict(zip(by, key, strict=True))))
        tally.add(group)
        total.add(group)
    ordered = sorted(rows, key=lambda key: tuple(value or "" for value in key))
    return Summary(tuple(rows[key].row() for key in ordered) if by else (), total.row())


class _Tally:
    def __init__(self, keys: dict[str, Any]) -> None:
        self._row = UsageRow(keys)
        self._first = [0.0, 0]
        self._speed = [0.0, 0]

    def add(self, group: Group) -> None:
        row = self._row
        for name in _COUNTS:
            setattr(row, name, getattr(row, name) + int(group[name] or 0))
        if group["cost"] is not None:
            currency = group["currency"] or "USD"
            row.cost[currency] = row.cost.get(currency, 0.0) + group["cost"]
        if group["saved"] is not None:
            row.saved = (row.saved or 0.0) + group["saved"]
        if code := group["problem_code"]:
            row.problems[code] = row.problems.get(code, 0) + group["calls"]
        self._first = [self._first[0] + group["first_sum"], self._first[1] + group["first_count"]]
        self._speed = [self._speed[0] + group["speed_sum"], self._speed[1] + group["speed_count"]]

    def row(self) -> UsageRow:
        self._row.first_token_ms = _mean(*self._first)
        self._row.tokens_per_s = _mean(*self._speed)
        return self._row


def _mean(total: float, count: float) -> float | None:
    return round(total / count, 3) if count else None


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call that another agent made and wrote down; the ledger takes each ID once."""

    id: str
    at: float
    """Seconds since the epoch."""
    model: str
    """As its host names it."""
    usage: Usage
