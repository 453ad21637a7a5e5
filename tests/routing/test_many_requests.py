"""Many requests over a route of three hosts while faults come at random: what the whole promises."""

from __future__ import annotations

import asyncio
import random

import pytest

from halley.core.errors import (
    Interrupted,
    ProviderUnavailable,
    RateLimited,
    UpstreamTimeout,
)
from halley.core.events import Finish, TextDelta

FAULTS = [
    ProviderUnavailable("503"),
    UpstreamTimeout("no first byte"),
    Interrupted("cut before it began"),
    RateLimited("slow down").about(retry_after_ms=2000),
]
OK = [TextDelta("ok"), Finish("stop")]


class Dice:
    """An endless list of scripts: a fault with probability `share`, else an answer."""

    def __init__(self, seed: int, share: float) -> None:
        self.random, self.share = random.Random(seed), share

    def __len__(self) -> int:
        return 1 << 60

    def __getitem__(self, _at: int):
        return [self.random.choice(FAULTS)] if self.random.random() < self.share else OK


async def run_many(bench, requests: int = 2000, at_once: int = 40) -> int:
    """How many of the requests ended complete."""
    turns = asyncio.Semaphore(at_once)

    async def one() -> bool:
        async with turns:
            bench.time.at += 0.02
            try:
                return isinstance((await bench.run("one/a", "two/b", "three/c"))[-1], Finish)
            except Exception:
                return False

    return sum(await asyncio.gather(*(one() for _ in range(requests))))


@pytest.mark.parametrize(("share", "least"), [(0.1, 1998), (0.3, 1980)])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_requests_end_complete_though_upstreams_fail(bench, share, least, seed):
    for number, name in enumerate(("one", "two", "three")):
        bench.provider(name).scripts = Dice(seed * 10 + number, share)
    assert await run_many(bench) >= least
    assert "open" not in bench.ledger.statuses


async def test_with_one_host_down_attempts_stay_near_the_number_of_requests(bench):
    bench.provider("one", [ProviderUnavailable("down")])
    bench.provider("two", OK)
    bench.provider("three", OK)
    await run_many(bench, 20)
    before = len(bench.ledger.rows)
    assert await run_many(bench, 2000) == 2000
    assert len(bench.ledger.rows) - before <= 1.1 * 2000
