"""What this month will cost at the present rate.

The rate is the mean of the last seven whole days and today, or of the days since the first call where those are fewer.
It counts only what has a price; `unpriced` says that some of it has none, so the forecast is too low.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from halley.core.ports import Ledger

DAY_S = 86_400.0
WINDOW_DAYS = 7
LEAST_S = 3_600.0
"""The shortest time a rate is taken from: the first call of all says nothing about a month."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """US dollars."""

    spent: float
    """Since the month began."""
    per_day: float
    month: float
    """What the month will have cost at its end."""
    until: float
    """The end of the month, in seconds since the epoch."""
    unpriced: bool = False

    def to_json(self) -> dict[str, Any]:
        amounts = {"spent": self.spent, "perDay": self.per_day, "month": self.month}
        return {name: round(amount, 6) for name, amount in amounts.items()} | {
            "currency": "USD",
            "unpriced": self.unpriced,
        }


async def forecast(ledger: Ledger, now: float) -> Forecast | None:
    """None where nothing was spent in the last days: then there is no rate."""
    begin, end = month_around(now)
    window = now - WINDOW_DAYS * DAY_S
    recent = await ledger.summary(since=window, by=("day",))
    spent = await ledger.spent(begin)
    used = recent.totals.cost.get("USD", 0.0)
    if not used:
        return None
    first = min(str(row.keys["day"]) for row in recent.rows if row.calls)
    since = max(window, time.mktime(time.strptime(first, "%Y-%m-%d")))
    per_day = used / max(LEAST_S, now - since) * DAY_S
    left = (end - now) / DAY_S
    return Forecast(spent, per_day, spent + per_day * left, end, bool(recent.totals.unpriced_calls))


def month_around(now: float) -> tuple[float, float]:
    """The user's own month (local time): its first second, and that of the next."""
    at = time.localtime(now)
    begin = time.mktime((at.tm_year, at.tm_mon, 1, 0, 0, 0, 0, 0, -1))
    return begin, time.mktime((at.tm_year, at.tm_mon + 1, 1, 0, 0, 0, 0, 0, -1))
