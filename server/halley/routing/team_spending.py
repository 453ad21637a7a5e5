"""A team's budgets beside the user's own: money is set aside in the team's database before a call, and freed after it.

Setting aside is what keeps a hundred calls from ten machines from spending the same last dollar. What is set aside is
an estimate; what is counted in the end is the ledger's row.

While the database cannot be reached, `team.offline` decides: `allow`, `warn` (says so once an hour), or `stop` once
`team.offline_grace_usd` has been spent since it last answered.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from halley.core.calls import Call, Prompt
from halley.core.errors import BudgetExceeded, StoreFailed
from halley.core.events import Notice
from halley.core.ports import Budgets, Ledger, TeamMoney
from halley.core.settings import TeamSettings
from halley.routing.clock import Clock

USUAL_OUTPUT = 1_000
"""Tokens of a reply that has no limit of its own; four times as many at most where it has one."""
SAY_EVERY_S = 3_600.0

CostOf = Callable[[Call, int], float]
"""What a call may cost in US dollars, with so many tokens of output; 0.0 where prices are not known."""


@dataclass(slots=True)
class TeamSpending:
    """Implements `core.ports.Budgets`: the user's own limits first, then the team's."""

    own: Budgets
    team: Callable[[TeamSettings], TeamMoney]
    cost_of: CostOf
    ledger: Ledger
    clock: Clock
    reserved: dict[int, tuple[TeamMoney, str]] = field(default_factory=dict[int, tuple[TeamMoney, str]])
    """By `id` of the call, which lives as long as it is being made."""
    answered_at: float | None = None
    """When the database last answered, in seconds since the epoch."""
    said_at: float = float("-inf")

    def applies(self, call: Call) -> bool:
        # Without budgets too: the end of the call is when its row can be sent.
        return call.settings.team.url is not None or self.own.applies(call)

    async def check(self, call: Call) -> Notice | None:
        """Raises BudgetExceeded, naming the budget that is spent."""
        warning = await self.own.check(call) if self.own.applies(call) else None
        if call.settings.team.url is None:
            return warning
        team = self.team(call.settings.team)
        await team.join()
        return (await self._reserve(call, team) if team.counts else None) or warning

    async def settle(self, call: Call) -> None:
        team, reservation = self.reserved.pop(id(call), (None, ""))
        if team is not None:
            await team.release(reservation)
        if call.settings.team.url is not None:
            self.team(call.settings.team).wake()

    async def _reserve(self, call: Call, team: TeamMoney) -> Notice | None:
        reservation = str(uuid.uuid4())
        amount = self.cost_of(call, _output_of(call))
        self.reserved[id(call)] = team, reservation
        try:
            spent = await team.reserve(reservation, call.caller.workspace, amount)
        except StoreFailed as away:
            return await self._offline(call, away)
        self.answered_at = self.clock.now()
        if spent is None:
            return None
        del self.reserved[id(call)]
        held = f", ${spent.held:.2f} set aside for calls being made" if spent.held else ""
        asked = f", and this one may cost ${amount:.2f}" if spent.spent + spent.held < spent.most else ""
        raise BudgetExceeded(
            f"The {spent} is spent: ${spent.spent:.2f} of ${spent.most:.2f}{held}{asked}.",
            "Ask an admin of the team, or wait for the next period; `halley team budget` shows what is left.",
            setting="team.url",
        )

    async def _offline(self, call: Call, away: StoreFailed) -> Notice | None:
        settings, now = call.settings.team, self.clock.now()
        if settings.offline == "stop":
            since = self.answered_at if self.answered_at is not None else now - 86_400
            spent = await self.ledger.spent(since)
            if spent >= settings.offline_grace_usd:
                # It may have been set aside all the same, only the answer was lost: `settle` frees it.
                raise BudgetExceeded(
                    f"{away.problem.message} ${spent:.2f} has been spent since, and `team.offline` = "
                    f'"stop" allows ${settings.offline_grace_usd:.2f} (team.offline_grace_usd).',
                    "Calls work again when the database answers; `halley team status` tries it.",
                    setting="team.offline",
                )
        if settings.offline == "allow" or now < self.said_at + SAY_EVERY_S:
            return None
        self.said_at = now
        return Notice(f"{away.problem.message} Its budgets are not checked until then (team.offline).")


def _output_of(call: Call) -> int:
    most = call.prompt.max_tokens if isinstance(call.prompt, Prompt) else None
    return USUAL_OUTPUT if most is None else min(most, 4 * USUAL_OUTPUT)
