"""Retry budgets and cooldowns: what keeps a failing host from being hammered, and its people from waiting."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.errors import AuthFailed, ProviderUnavailable, RateLimited
from halley.core.events import Finish, Notice, TextDelta
from halley.routing.cooldown import FAILURES, FIRST_REST_S, LONGEST_REST_S
from halley.routing.retry_budget import FLOOR, RECENT_S, Recent, RetryBudget

DOWN = [ProviderUnavailable("The host answered 503.")]
OK = [TextDelta("ok"), Finish("stop")]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=300))
def test_retries_stay_within_a_tenth_of_recent_requests_and_never_under_ten(steps):
    now = 0.0
    budget = RetryBudget(Recent(lambda: now), Recent(lambda: now))
    requests: list[int] = []
    retries: list[int] = []
    for pause, is_retry in steps:
        now += pause
        if not is_retry:
            budget.requests.count()
            requests.append(int(now))
            continue
        recent = [at for at in retries if at > int(now) - RECENT_S]
        allowed = max(FLOOR, len([at for at in requests if at > int(now) - RECENT_S]) // 10)
        assert budget.take_retry() == (len(recent) < allowed)
        if len(recent) < allowed:
            retries.append(int(now))


async def test_a_spent_budget_sends_requests_straight_to_the_next_model(bench):
    one, _ = bench.provider("one", [RateLimited("slow")]), bench.provider("two", OK)  # so that it never rests
    bench.time.moves = False
    for _ in range(20):
        assert text_of(await bench.run("one/a", "two/b")) == "ok"
    assert len(one.requests) == 20 + FLOOR


async def test_a_fallbacks_budget_counts_what_people_asked_not_what_came_down_to_it(bench):
    bench.provider("one", [RateLimited("slow")])
    two = bench.provider("two", [RateLimited("slow")])
    bench.provider("three", OK)
    bench.time.moves = False
    for _ in range(200):
        await bench.run("one/a", "two/b", "three/c")
    assert len(two.requests) == 200 + 200 // 10


async def test_a_host_that_keeps_failing_rests_and_is_passed_by(bench):
    one, two = bench.provider("one", DOWN), bench.provider("two", OK)
    for _ in range(50):
        assert text_of(await bench.run("one/a", "two/b")) == "ok"
    assert len(one.requests) == FAILURES
    assert len(two.requests) == 50


async def test_skipping_a_resting_host_is_reported(bench):
    bench.provider("one", DOWN)
    bench.provider("two", OK)
    for _ in range(3):
        events = await bench.run("one/a", "two/b")
    assert any(isinstance(event, Notice) and "is paused" in event.text for event in events)


async def test_after_a_rest_one_probe_goes_and_success_ends_it(bench):
    one, two = bench.provider("one", *[DOWN] * FAILURES, OK), bench.provider("two", OK)
    for _ in range(3):
        await bench.run("one/a", "two/b")
    assert len(one.requests) == FAILURES
    bench.time.at += FIRST_REST_S + 1
    answered = len(two.requests)
    for _ in range(4):
        assert text_of(await bench.run("one/a", "two/b")) == "ok"
    assert (len(one.requests), len(two.requests)) == (FAILURES + 4, answered)


async def test_a_failed_probe_doubles_the_rest_and_is_not_retried(bench):
    one = bench.provider("one", DOWN)
    bench.provider("two", OK)
    for _ in range(3):
        await bench.run("one/a", "two/b")
    rest = FIRST_REST_S
    for probe in range(1, 6):
        bench.time.at += rest + 0.1
        await bench.run("one/a", "two/b")
        assert len(one.requests) == FAILURES + probe
        rest = min(LONGEST_REST_S, rest * 2)
        bench.time.at += rest - 1
        await bench.run("one/a", "two/b")
        assert len(one.requests) == FAILURES + probe, "the rest is not over"


async def test_while_a_probe_is_out_others_pass_by(bench):
    one, two = bench.provider("one", *[DOWN] * FAILURES, ["hang"]), bench.provider("two", OK)
    for _ in range(3):
        await bench.run("one/a", "two/b")
    bench.time.at += FIRST_REST_S + 1
    probe = asyncio.ensure_future(bench.run("one/a", "two/b"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(one.requests) == FAILURES + 1
    await bench.run("one/a", "two/b")
    assert len(one.requests) == FAILURES + 1
    probe.cancel()
    await asyncio.wait([probe])
    before = len(two.requests)
    one.scripts = [OK]
    await bench.run("one/a", "two/b")
    assert len(two.requests) == before, "a cancelled probe leaves its place to the next request"


async def test_the_only_host_is_asked_immediately_though_it_rests(bench):
    one = bench.provider("one", DOWN)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await bench.run("one/a")
    assert len(one.requests) == FAILURES
    waits = len(bench.time.waits)
    with pytest.raises(ProviderUnavailable):
        await bench.run("one/a")
    assert len(one.requests) == FAILURES + 1
    one.scripts = [OK]
    assert text_of(await bench.run("one/a")) == "ok"
    assert len(bench.time.waits) == waits, "no call waited"


async def test_requests_for_a_resting_only_host_share_one_probe(bench):
    one = bench.provider("one", DOWN)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await bench.run("one/a")
    before = len(one.requests)
    results = await asyncio.gather(*(bench.run("one/a") for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, ProviderUnavailable) for result in results)
    assert len({id(result) for result in results}) == 20, "no caller gets another's exception"
    assert len(one.requests) == before + 1


async def test_a_shared_probe_that_succeeds_lets_all_through(bench):
    one = bench.provider("one", *[DOWN] * FAILURES, OK)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await bench.run("one/a")
    results = await asyncio.gather(*(bench.run("one/a") for _ in range(20)))
    assert all(text_of(result) == "ok" for result in results)
    assert len(one.requests) == FAILURES + 20


@pytest.mark.parametrize("fault", [RateLimited("slow").about(retry_after_ms=61_000), AuthFailed("no")])
async def test_a_host_that_refuses_is_not_a_host_that_fails(bench, fault):
    one = bench.provider("one", [fault])
    for _ in range(FAILURES * 3):
        with pytest.raises(type(fault)):
            await bench.run("one/a")
    assert len(one.requests) == FAILURES * 3


async def test_automatic_completion_passes_resting_hosts_by_and_never_waits(bench):
    one, two = bench.provider("one", DOWN), bench.provider("two", OK)
    for _ in range(FAILURES):
        with pytest.raises(ProviderUnavailable):
            await bench.run("one/a", "two/b", retry=False)
    assert text_of(await bench.run("one/a", "two/b", retry=False)) == "ok"
    with pytest.raises(ProviderUnavailable, match="is paused"):
        await bench.run("one/a", retry=False)
    assert (len(one.requests), len(two.requests)) == (FAILURES, 1)


async def test_testing_a_connection_wakes_its_host(bench):
    one = bench.provider("one", DOWN)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await bench.run("one/a")
    bench.router.wake("https://one")
    one.scripts = [OK]
    assert text_of(await bench.run("one/a", retry=False)) == "ok"
