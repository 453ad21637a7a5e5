"""Money limits, looked at before a call is made: `budget.daily_usd`, `budget.monthly_usd`, `budget.when_spent`.

    warn   says so once a day, and continues        ask   asks the user once a day        stop   refuses

A month that will exceed its limit at the present rate is reported once a day, before the limit is reached.

What was spent is the ledger's sum, estimates included. How often a host may be asked again is another budget, in
`retry_budget.py`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from halley.core.calls import Call, Priority
from halley.core.errors import BudgetExceeded
from halley.core.events import Notice
from halley.core.figures import dollars
from halley.core.ports import Ledger
from halley.core.settings import BudgetSettings
from halley.routing.clock import Clock
from halley.routing.forecast import forecast

LOOK_EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Limit:
    """One setting and the moment its period began."""

    setting: str
    period: str
    most_usd: float
    since: float


@dataclass(slots=True)
class Spending:
    """Implements `core.ports.Budgets` by the ledger's sums. It keeps what the user was warned of or agreed to, by
    limit and day."""

    ledger: Ledger
    clock: Clock
    settled: set[tuple[str, str, float]] = field(default_factory=set[tuple[str, str, float]])
    looked: float = float("-inf")
    """When the forecast was last worked out, in seconds since the epoch."""

    def applies(self, call: Call) -> bool:
        budget = call.settings.budget
        own = call.settings.next_edit.daily_usd if call.role == "next" else None
        return any(most is not None for most in (budget.daily_usd, budget.monthly_usd, own))

    async def settle(self, call: Call) -> None:
        """Nothing is set aside: the ledger's own rows are the sum."""

    async def check(self, call: Call) -> Notice | None:
        """A warning to show, or nothing. Raises BudgetExceeded when the call must not be made."""
        budget = call.settings.budget
        if call.role == "next":
            await self._check_next_edits(call)
        for limit in limits_of(budget, self.clock.now()):
            spent = await self.ledger.spent(limit.since)
            if spent >= limit.most_usd:
                return await self._decide(call, budget, limit, spent)
        return await self._look_ahead(call, budget)

    async def _check_next_edits(self, call: Call) -> None:
        """Their own limit. It is never asked about: they are not worth a question."""
        most = call.settings.next_edit.daily_usd
        if most is None:
            return
        day, _ = _periods(self.clock.now())
        limit = Limit("next_edit.daily_usd", "daily", most, day)
        spent = await self.ledger.spent(day, feature=call.feature)
        if spent >= most:
            raise _exceeded(
                f"Today's limit for next edits is spent: {dollars(spent)} of {dollars(most)}", limit
            )

    async def _look_ahead(self, call: Call, budget: BudgetSettings) -> Notice | None:
        """A warning, once a day, that the month's money will not last. Checked once an hour, because it adds up a
        week."""
        now = self.clock.now()
        # Ghost text has nowhere to show a notice, and its first token must not wait for a sum over a week.
        if budget.monthly_usd is None or call.priority is Priority.INLINE or now < self.looked + LOOK_EVERY_S:
            return None
        self.looked = now
        ahead = await forecast(self.ledger, now)
        key = ("forecast", time.strftime("%Y-%m-%d", time.localtime(now)), budget.monthly_usd)
        if ahead is None or ahead.month <= budget.monthly_usd or key in self.settled:
            return None
        self.settled.add(key)
        return Notice(
            f"At this rate the month will cost about {dollars(ahead.month)}, more than the "
            f"{dollars(budget.monthly_usd)} of budget.monthly_usd."
        )

    async def _decide(self, call: Call, budget: BudgetSettings, limit: Limit, spent: float) -> Notice | None:
        today = time.strftime("%Y-%m-%d", time.localtime(self.clock.now()))
        # The amount is part of it: who agreed to pass 5 dollars and then raises the limit to 10 is asked again at 10.
        key = (limit.setting, today, limit.most_usd)
        said = f"The {limit.period} budget is spent: {dollars(spent)} of {dollars(limit.most_usd)}"
        if budget.when_spent == "stop":
            raise _exceeded(said, limit)
        if key in self.settled:
            return None
        if budget.when_spent == "warn":
            self.settled.add(key)
            return Notice(f"{said} ({limit.setting}).")
        if not await _agreed(call, said):
            raise _exceeded(said, limit)
        self.settled.add(key)
        return None


async def _agreed(call: Call, said: str) -> bool:
    """The user's answer; false where no user can be asked, or where a question would interrupt typing."""
    # A box that opens at every pause of typing would be worse than no ghost text.
    if call.caller.confirm is None or call.priority is Priority.INLINE:
        return False
    return await call.caller.confirm(f"{said}. Continue for the rest of the day?")


def _exceeded(said: str, limit: Limit) -> BudgetExceeded:
    return BudgetExceeded(
        f"{said}.",
        f'Raise `{limit.setting}`, or set `budget.when_spent` to "warn"; `halley usage` shows what was spent.',
        setting=limit.setting,
    )


def _periods(now: float) -> tuple[float, float]:
    """When the day and the month began, which are the user's own (local time)."""
    today = time.localtime(now)
    # `-1` lets the system find out about daylight saving: midnight may have another offset than now.
    day = time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1))
    return day, time.mktime((today.tm_year, today.tm_mon, 1, 0, 0, 0, 0, 0, -1))


def limits_of(budget: BudgetSettings, now: float) -> list[Limit]:
    """The limits that are set."""
    day, month = _periods(now)
    found: list[Limit] = []
    if budget.daily_usd is not None:
        found.append(Limit("budget.daily_usd", "daily", budget.daily_usd, day))
    if budget.monthly_usd is not None:
        found.append(Limit("budget.monthly_usd", "monthly", budget.monthly_usd, month))
    return found
