"""The router: what a call passes through on its way to a model.

Router.feed      = budgeted(Failover([metered(model), ...]))

spending.py   money limits, before anything is sent
failover.py   the route: retries, rests, the next model
metering.py   one ledger row for each attempt
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial

from halley.core.calls import Call, Trace
from halley.core.events import Event
from halley.core.ports import Budgets, Ledger, Take
from halley.providers.stream.iterating import hand_over, iterate
from halley.routing.clock import Clock
from halley.routing.failover import Failover
from halley.routing.metering import Chain, Settling, metered
from halley.routing.prices import Prices
from halley.routing.spending import Spending
from halley.routing.targets import Target, Targets
from halley.routing.trip import Hosts
from halley.routing.waits import Waits


class Router:
    """Answers calls. One for a process; nothing of it belongs to a window."""

    def __init__(
        self, targets: Targets, ledger: Ledger, *, clock: Clock | None = None, prices: Prices | None = None,
        budgets: Budgets | None = None,
    ) -> None:  # fmt: skip
        clock = clock or Clock()
        self._settling = Settling(ledger, clock, prices or Prices())
        self._budgets = budgets or Spending(ledger, clock)
        self._waits = Waits(clock)
        self._hosts = Hosts(clock)
        self._failover = Failover(self._attempt, targets, self._hosts, self._waits)

    async def feed(self, call: Call, take: Take) -> None:
        """Events, then exactly one `Finish` that names model, usage and times; or one of `core.errors`.

        Cancelled, or stopped by `take`, it closes the upstream socket and settles the ledger.
        """
        # Without limits the ledger's sums need not be read before every call.
        if self._budgets.applies(call):
            await self._feed_within(call, take)
        else:
            await self._failover.feed(call, take)

    def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """What `feed` hands over, to iterate. A caller that stops early must close it."""
        return iterate(partial(self.feed, call))

    async def _feed_within(self, call: Call, take: Take) -> None:
        """Within the limits on money."""
        try:
            warning = await self._budgets.check(call)
            if warning is not None:
                await hand_over(warning, take)
            await self._failover.feed(call, take)
        finally:
            # A task of its own: what was set aside must be freed, also for a caller that was cancelled.
            await asyncio.shield(self._settling.start(self._budgets.settle(call)))

    def retry_now(self, operation: str) -> bool:
        """Ends the wait that is shown under this id; False when it is over already."""
        return self._waits.end(operation)

    def wake(self, host: str) -> None:
        """Forgets how often a host (origin) has failed, so that it is asked again immediately."""
        self._hosts.cooldowns.hosts.pop(host, None)

    async def aclose(self) -> None:
        """Waits until every ledger row is settled."""
        await self._settling.aclose()

    async def _attempt(
        self, call: Call, target: Target, chain: Chain, trace: Trace, take: Take, answered: Callable[[], None]
    ) -> None:
        await metered(self._settling, call, target, chain, trace, take, answered)
