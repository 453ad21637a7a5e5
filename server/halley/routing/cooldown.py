"""Hosts that rest after failing again and again, and the single probe that ends a rest.

    open ──5 failures in a row──▶ resting ──time over──▶ one probe ──ok──▶ open
                                     ▲                       └─failed──▶ resting, twice as long

While a host rests, routes pass it by. Where no other host is left, the rest is not waited out: one request probes at
once, and other calls that need that host share the outcome of that probe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from halley.core.errors import HalleyError

FAILURES = 5
FIRST_REST_S = 5.0
LONGEST_REST_S = 60.0

Probe = asyncio.Future[HalleyError | None]
"""Done when the probe is; its result is how it failed, or None."""


@dataclass(slots=True)
class Health:
    """What is known of one host."""

    monotonic: Callable[[], float]
    failures: int = 0
    rest_s: float = 0.0
    rests_until: float = 0.0
    probe: Probe | None = None
    """While a probe is out."""

    @property
    def is_resting(self) -> bool:
        return self.rest_s > 0

    @property
    def is_closed(self) -> bool:
        """True while requests should pass this host by: it rests, or its probe is out."""
        return self.is_resting and (self.probe is not None or self.monotonic() < self.rests_until)

    def start(self) -> Probe | None:
        """A request sets out, as the probe when the host rests. Only for a host without a probe under way."""
        if self.is_resting:
            self.probe = asyncio.get_running_loop().create_future()
        return self.probe

    def succeeded(self) -> None:
        self.failures, self.rest_s = 0, 0.0
        self._end_probe(None)

    def failed(self, error: HalleyError) -> None:
        self.failures += 1
        # Requests that were under way when the host broke fail one after another, which says nothing new: once it
        # rests, only a failure while a probe is out makes the pause longer.
        if self.failures >= FAILURES and (not self.is_resting or self.probe is not None):
            self.rest_s = min(LONGEST_REST_S, self.rest_s * 2 or FIRST_REST_S)
            self.rests_until = self.monotonic() + self.rest_s
        self._end_probe(error)

    def gave_up(self, probe: Probe) -> None:
        """The probe ended without a verdict: it was cancelled. The next request may probe."""
        if self.probe is probe:
            self._end_probe(None)

    def _end_probe(self, outcome: HalleyError | None) -> None:
        probe, self.probe = self.probe, None
        if probe is not None and not probe.done():
            probe.set_result(outcome)


@dataclass(slots=True)
class Cooldowns:
    """Every host's health, by origin."""

    monotonic: Callable[[], float]
    hosts: dict[str, Health] = field(default_factory=dict[str, Health])

    def of(self, host: str) -> Health:
        health = self.hosts.get(host)
        if health is None:
            health = self.hosts[host] = Health(self.monotonic)
        return health
