"""What a call cost, and who says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halley.core.models import Model, ModelRef, Price, Usage
from halley.routing.prices import NO_BOOK, Prices, cost_of, look_up_in_child

MODEL = Model(ModelRef("comet", "gpt-5-mini"))


class Counter:
    def __init__(self, price: Price | None = None, error: Exception | None = None) -> None:
        self.price, self.error, self.asked = price, error, []

    async def __call__(self, keys):
        self.asked.append(list(keys))
        if self.error:
            raise self.error
        return [self.price] * len(keys)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (Usage(1_000_000, 500_000), Price(2.0, 8.0), 6.0),
        (Usage(1_000_000, 0, cached_tokens=400_000), Price(2.0, 8.0, 0.5), 1.4),
        (Usage(1_000_000, 0, cached_tokens=400_000), Price(2.0, 8.0), 2.0),
        (Usage(10, 0, cached_tokens=99), Price(1.0, 1.0, 0.0), 0.0),
        (Usage(1_000_000, 0, written_tokens=400_000), Price(2.0, 8.0, cache_write=2.5), 2.2),
        (Usage(1_000_000, 0, written_tokens=400_000), Price(2.0, 8.0), 2.0),
        (Usage(5, 5), Price(per_request=0.04), 0.04),
        (Usage(5, 5), Price(1.0, None), None),
        (Usage(5, 5), Price(1.0, 1.0, currency="EUR"), None),
    ],
)
def test_cost_of(usage, price, cost):
    assert cost_of(usage, price) == (pytest.approx(cost) if cost is not None else None)


@pytest.mark.parametrize(
    ("usage", "saved"),
    [
        (Usage(1_000_000, 9), None),
        (Usage(1_000_000, 9, cached_tokens=500_000), 0.75),
        (Usage(1_000_000, 9, written_tokens=500_000), -0.25),
        (Usage(1_000_000, 9, cached_tokens=500_000, cost_usd=0.4), 0.75),
    ],
)
async def test_what_a_cache_saved_is_known_also_where_the_host_names_the_cost(usage, saved):
    prices = Prices(look_up=Counter(Price(2.0, 8.0, 0.5, cache_write=2.5)))
    assert (await prices.with_cost(usage, MODEL)).saved_usd == saved


async def test_the_providers_own_word_goes_first():
    prices = Prices(look_up=Counter(Price(1, 1)))
    usage = await prices.with_cost(Usage(10, 10, cost_usd=0.5), MODEL)
    assert (usage.cost_usd, usage.cost_source) == (0.5, "provider")


async def test_an_estimate_stays_one():
    prices = Prices(look_up=Counter(Price(1, 1)))
    once = await prices.with_cost(Usage(10, 10), MODEL)
    assert once.cost_source == "estimated" and await prices.with_cost(once, MODEL) == once


async def test_a_missing_price_is_unknown_and_not_zero():
    usage = await Prices(look_up=Counter(None)).with_cost(Usage(10, 10), MODEL)
    assert (usage.cost_usd, usage.cost_source) == (None, "unknown")


async def test_a_price_is_looked_up_once_and_cached_on_disk(tmp_path):
    counter = Counter(Price(1.0, 2.0))
    prices = Prices(tmp_path / "cache" / "prices.json", counter)
    prices.begin(MODEL)
    assert prices.is_pending(MODEL)
    for _ in range(3):
        usage = await prices.with_cost(Usage(1_000_000, 0), MODEL)
    assert (usage.cost_usd, usage.cost_source) == (1.0, "estimated")
    assert len(counter.asked) == 1 and not prices.is_pending(MODEL)
    again = Prices(tmp_path / "cache" / "prices.json", counter)
    assert (await again.with_cost(Usage(1_000_000, 0), MODEL)).cost_usd == 1.0
    assert len(counter.asked) == 1


async def test_a_lookup_that_fails_leaves_costs_unknown():
    prices = Prices(look_up=Counter(error=OSError("no more processes")))
    assert (await prices.with_cost(Usage(1, 1), MODEL)).cost_usd is None


async def test_hosts_that_are_in_no_price_list_are_not_looked_up():
    counter = Counter(Price(1, 1))
    prices = Prices(look_up=counter)
    assert (await prices.with_cost(Usage(1, 1), MODEL, NO_BOOK)).cost_usd is None
    assert counter.asked == []


async def test_a_spoilt_cache_is_no_harm(tmp_path):
    (tmp_path / "prices.json").write_text('[["", "x", {"nonsense": 1}]]')
    prices = Prices(tmp_path / "prices.json", Counter(Price(1.0, 1.0)))
    assert (await prices.with_cost(Usage(1_000_000, 0), MODEL)).cost_usd == 1.0


async def test_list_prices_really_come_from_the_child(tmp_path, monkeypatch):
    (tmp_path / "genai_prices").mkdir()
    (tmp_path / "genai_prices" / "__init__.py").write_text("raise SystemExit('a repository ran')")
    monkeypatch.chdir(tmp_path)
    known, unknown = await look_up_in_child([("openai", "gpt-4o-mini"), ("", "sim-chat")])
    assert known is not None and known.input and known.output
    assert unknown is None


async def test_a_look_up_that_is_given_up_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    start = asyncio.create_subprocess_exec

    async def noted(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        child = await start(*command, **options)
        started.set_result(child)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    asked = asyncio.create_task(look_up_in_child([("openai", "gpt-4o-mini")]))
    child = await started
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert child.returncode is not None
