"""How much retrying a host is worth: a tenth of its recent requests, and never under ten.

When everything fails at once, retries multiply the load that made it fail; a budget stops that, while a lone failure
always has its retry. Nothing about money is here: see `spending.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SHARE = 0.1
FLOOR = 10
RECENT_S = 10


@dataclass(slots=True)
class _Second:
    number: int
    requests: int = 0
    retries: int = 0


@dataclass(slots=True)
class RetryBudget:
    """One host's. `monotonic` is the clock's."""

    monotonic: Callable[[], float]
    seconds: list[_Second] = field(default_factory=list[_Second])

    def count_request(self) -> None:
        self._current().requests += 1

    def take_retry(self) -> bool:
        """True when one more retry is within the budget, which it then has used."""
        current = self._current()
        requests = sum(second.requests for second in self.seconds)
        retries = sum(second.retries for second in self.seconds)
        if retries >= max(FLOOR, int(SHARE * requests)):
            return False
        current.retries += 1
        return True

    def _current(self) -> _Second:
        now = int(self.monotonic())
        if not self.seconds or self.seconds[-1].number != now:
            self.seconds = [second for second in self.seconds if second.number > now - RECENT_S]
            self.seconds.append(_Second(now))
        return self.seconds[-1]
