"""How much retrying a host is worth: a tenth of what people asked lately, and never under ten.

When everything fails at the same time, retries multiply the load that made it fail; a budget stops that, while a
lone failure always has its retry. What people asked is counted once for each call, wherever on its route it is
answered: a fallback that sees little but the failures of the host before it may be asked again as often as that one.
Nothing about money is here: see `spending.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SHARE = 0.1
FLOOR = 10
RECENT_S = 10


@dataclass(slots=True)
class Recent:
    """How often something happened within the last `RECENT_S`. `monotonic` is the clock's."""

    monotonic: Callable[[], float]
    seconds: dict[int, int] = field(default_factory=dict[int, int])

    def count(self) -> None:
        now = self._forget()
        self.seconds[now] = self.seconds.get(now, 0) + 1

    def total(self) -> int:
        self._forget()
        return sum(self.seconds.values())

    def _forget(self) -> int:
        now = int(self.monotonic())
        if now not in self.seconds:
            self.seconds = {at: count for at, count in self.seconds.items() if at > now - RECENT_S}
        return now


@dataclass(slots=True)
class RetryBudget:
    """One host's. `requests` are all that were made, whichever host they went to."""

    requests: Recent
    retries: Recent

    def take_retry(self) -> bool:
        """True when one more retry is within the budget, which it then has used."""
        if self.retries.total() >= max(FLOOR, int(SHARE * self.requests.total())):
            return False
        self.retries.count()
        return True
