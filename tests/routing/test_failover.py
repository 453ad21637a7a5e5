"""What becomes of a call when hosts falter: attempts made, what the user sees, what the ledger says."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from halley.core.calls import Prompt, user
from halley.core.errors import (
    AuthFailed,
    BadReply,
    ContextTooLong,
    HalleyError,
    Interrupted,
    ModelNotFound,
    NotConfigured,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    TlsFailed,
    UpstreamTimeout,
)
from halley.core.events import Finish, Notice, ReasoningDelta, TextDelta
from halley.core.models import ModelRef, Price, Usage
from halley.routing.prices import Prices

DOWN = [ProviderUnavailable("The host answered 503.")]
EMPTY = BadReply("The answer was empty.")
EMPTY.empty = True


def ok(text: str = "hello"):
    return [TextDelta(text), Finish("stop")]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_good_call_shows_nothing_but_its_reply(bench):
    bench.provider("one")
    events = await bench.run("one/a")
    assert text_of(events) == "hello"
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert finish.model == ModelRef("one", "a")
    assert finish.usage is not None and finish.usage.cost_usd == pytest.approx(14e-6)
    assert finish.usage.cost_source == "estimated"
    assert finish.times is not None and finish.times.first_token_ms is not None
    assert bench.ledger.statuses == ["complete"]
    assert bench.operations == []


@pytest.mark.parametrize("fault", [ProviderUnavailable("x"), UpstreamTimeout("x"), Interrupted("cut")])
async def test_a_host_that_falters_is_asked_three_times_then_the_next_model(bench, fault):
    one, two = bench.provider("one", [fault]), bench.provider("two", ok("two says"))
    events = await bench.run("one/a", "two/b")
    assert (len(one.requests), len(two.requests)) == (3, 1)
    assert text_of(events) == "two says"
    assert any(isinstance(e, Notice) and "two/b" in e.text for e in events)
    assert bench.states == ["waiting", "retrying", "waiting", "retrying", "failedOver", "done"]
    assert len({operation.id for operation in bench.operations}) == 1
    assert bench.ledger.statuses == ["failed", "failed", "failed", "complete"]
    assert [row["attempt"] for row in bench.ledger.rows] == [1, 2, 3, 4]
    assert [row["parent"] for row in bench.ledger.rows] == [None, 0, 0, 0]


async def test_backoff_is_full_jitter_that_doubles(bench):
    bench.provider("one", DOWN)
    with pytest.raises(ProviderUnavailable):
        await bench.run("one/a")
    assert len(bench.time.waits) == 2
    assert 0 <= bench.time.waits[0] <= 0.5
    assert 0 <= bench.time.waits[1] <= 1.0


@pytest.mark.parametrize(
    "fault",
    [
        AuthFailed("x"),
        TlsFailed("x"),
        RedirectRefused("x"),
        RequestRefused("x"),
        ModelNotFound("x"),
        BadReply("html"),
    ],
    ids=lambda fault: fault.code,
)
async def test_what_no_retry_can_mend_is_reported_immediately(bench, fault):
    one, two = bench.provider("one", [fault]), bench.provider("two")
    with pytest.raises(type(fault)) as raised:
        await bench.run("one/a", "two/b")
    assert (len(one.requests), len(two.requests)) == (1, 0)
    assert raised.value.problem.model == "one/a"
    assert bench.time.waits == []
    assert bench.ledger.statuses == ["failed"]


async def test_spent_quota_moves_on_only_to_another_provider(bench):
    one, two = bench.provider("one", [QuotaExhausted("No credit.")]), bench.provider("two", ok())
    await bench.run("one/a", "one/b", "two/c")
    assert (len(one.requests), len(two.requests)) == (1, 1)
    with pytest.raises(QuotaExhausted):
        await bench.run("one/a", "one/b")
    assert len(one.requests) == 2


async def test_an_empty_answer_is_retried_once(bench):
    class Empty(BadReply):
        empty = True

    one = bench.provider("one", [Empty("The answer was empty.")])
    with pytest.raises(BadReply):
        await bench.run("one/a")
    assert len(one.requests) == 2


async def test_retry_after_is_honoured_up_to_a_minute(bench):
    bench.provider("one", [RateLimited("slow").about(retry_after_ms=59_000)], ok())
    await bench.run("one/a")
    assert bench.time.waits == [59.0]
    assert bench.operations[0].wait_ms == 59_000


async def test_a_longer_retry_after_moves_to_the_next_model_immediately(bench):
    bench.provider("one", [RateLimited("slow").about(retry_after_ms=61_000)])
    bench.provider("two", ok("two"))
    assert text_of(await bench.run("one/a", "two/b")) == "two"
    assert bench.time.waits == []


async def test_a_longer_retry_after_without_another_model_is_reported(bench):
    bench.provider("one", [RateLimited("slow").about(retry_after_ms=61_000)])
    with pytest.raises(RateLimited) as raised:
        await bench.run("one/a")
    assert raised.value.problem.retry_after_ms == 61_000


async def test_a_vanished_model_names_its_near_matches(bench):
    bench.provider("one", [ModelNotFound("There is no model a.")])
    with pytest.raises(ModelNotFound, match="no model") as raised:
        await bench.run("one/a")
    assert "one/near" in raised.value.problem.help


@pytest.mark.parametrize("first", [TextDelta("Once "), ReasoningDelta("hm")])
async def test_nothing_is_tried_again_after_the_first_token(bench, first):
    one = bench.provider("one", [first, ProviderUnavailable("The host reset the connection.", status=502)])
    two = bench.provider("two")
    seen = []
    with pytest.raises(Interrupted, match="was interrupted") as raised:
        async for event in bench.router.stream(bench.call("one/a", "two/b")):
            seen.append(event)
    assert seen == [first]
    assert (len(one.requests), len(two.requests)) == (1, 0)
    assert raised.value.problem.model == "one/a"
    row = bench.ledger.rows[0]
    assert row["status"] == "interrupted"
    assert row["usage"].estimated and row["usage"].output_tokens > 0


async def test_a_stream_that_just_stops_was_cut(bench):
    bench.provider("one", [TextDelta("Once ")])
    with pytest.raises(Interrupted):
        await bench.run("one/a")
    assert bench.ledger.statuses == ["interrupted"]


async def test_one_try_where_retries_are_off(bench):
    one, two = bench.provider("one", DOWN), bench.provider("two")
    with pytest.raises(ProviderUnavailable):
        await bench.run("one/a", "two/b", retry=False)
    assert (len(one.requests), len(two.requests)) == (1, 0)
    assert bench.operations == []


async def test_when_all_fail_the_first_error_is_reported_and_the_others_named(bench):
    bench.provider("one", DOWN)
    bench.provider("two", [AuthFailed("two refused the key.")])
    with pytest.raises(ProviderUnavailable) as raised:
        await bench.run("one/a", "two/b")
    assert "two refused the key" in raised.value.problem.help


async def test_context_too_long_is_shortened_once(bench):
    one = bench.provider("one", [ContextTooLong("too long")], ok())
    short = Prompt((user("short"),))
    events = await bench.run("one/a", shorten=lambda prompt: short)
    assert one.requests[1] is short
    assert any(isinstance(event, Notice) and "cut" in event.text for event in events)
    one = bench.provider("one", [ContextTooLong("too long")])
    with pytest.raises(ContextTooLong):
        await bench.run("one/a", shorten=lambda prompt: short)
    assert len(one.requests) == 2


async def test_context_too_long_without_a_way_to_shorten_is_reported(bench):
    one = bench.provider("one", [ContextTooLong("too long")])
    with pytest.raises(ContextTooLong):
        await bench.run("one/a")
    assert len(one.requests) == 1


async def test_retry_now_ends_the_wait(bench):
    bench.provider("one", [RateLimited("slow").about(retry_after_ms=50_000)], ok())
    bench.time.before_wait = lambda: bench.router.retry_now(bench.operations[-1].id)
    started = bench.time.at
    await bench.run("one/a")
    assert bench.time.at == started
    assert bench.router.retry_now(bench.operations[-1].id) is False


async def test_a_picked_model_that_is_not_configured_is_reported_and_a_fallback_is_skipped(bench):
    bench.provider("one", DOWN)
    with pytest.raises(NotConfigured):
        await bench.run("none/a", "one/a")
    bench.provider("two", ok("two"))
    assert text_of(await bench.run("one/a", "none/a", "two/b")) == "two"


async def test_leaving_early_closes_the_upstream_and_settles(bench):
    one = bench.provider("one", [TextDelta("a"), "hang"])
    async with aclosing(bench.router.stream(bench.call("one/a"))) as events:
        async for _ in events:
            break
    assert one.closed == 1
    assert bench.ledger.statuses == ["cancelled"]


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_at_any_moment_leaves_no_open_row(bench, steps):
    one = bench.provider("one", [TextDelta("a"), TextDelta("b"), "hang"])
    task = asyncio.create_task(bench.run("one/a"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.router.aclose()
    assert set(bench.ledger.statuses) <= {"cancelled"}
    assert one.closed == len(one.requests)


async def test_newer_typing_differs_from_other_cancelling(bench):
    bench.provider("one", ["hang"])
    task = asyncio.create_task(bench.run("one/a"))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel("superseded")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.ledger.statuses == ["superseded"]


async def test_a_deadline_bounds_the_whole_call(bench):
    bench.provider("one", ["hang"])
    two = bench.provider("two")
    with pytest.raises(UpstreamTimeout, match="within 0"):
        await bench.run("one/a", "two/b", timeout_s=0.0)
    assert bench.ledger.rows[0]["problem"].code == "timeout"
    assert two.requests == []


async def test_programming_errors_pass_through_and_are_settled(bench):
    class Broken(Exception):
        pass

    one = bench.provider("one")

    async def stream(model, prompt, trace):
        raise Broken
        yield

    one.stream = stream
    with pytest.raises(Broken):
        await bench.run("one/a")
    assert bench.ledger.statuses == ["failed"]
    assert bench.ledger.rows[0]["problem"].code == "internal"


async def test_a_price_that_comes_late_is_not_waited_for_and_still_written_down(bench):
    found = asyncio.Event()

    async def slow(keys):
        await found.wait()
        return [Price(1.0, 1.0)] * len(keys)

    bench.targets.price = None
    bench.router._settling.prices = Prices(look_up=slow)
    bench.provider("one")
    finish = (await bench.run("one/a"))[-1]
    assert finish.usage.cost_usd is None
    assert (bench.ledger.rows[0]["status"], bench.ledger.rows[0]["usage"].cost_usd) == ("complete", None)
    found.set()
    await bench.router.aclose()
    assert bench.ledger.rows[0]["usage"].cost_source == "estimated"


async def test_an_answer_that_is_saved_with_its_cost_waits_for_its_price_but_not_for_long(bench):
    found = asyncio.Event()

    async def slow(keys):
        await found.wait()
        return [Price(1.0, 1.0)] * len(keys)

    bench.targets.price = None
    bench.router._settling.prices = Prices(look_up=slow)
    bench.provider("one")
    assert (await bench.run("one/a", price_wait_s=0.01))[-1].usage.cost_usd is None
    asyncio.get_running_loop().call_soon(found.set)
    assert (await bench.run("one/a", price_wait_s=60.0))[-1].usage.cost_source == "estimated"


def test_the_table_names_every_upstream_error():
    from halley.core.errors import UpstreamError
    from halley.routing.retry import RULES

    def all_kinds(kind: type[HalleyError]):
        for sub in kind.__subclasses__():
            if sub.__module__ == "halley.core.errors":
                yield sub
                yield from all_kinds(sub)

    assert set(all_kinds(UpstreamError)) <= set(RULES)


@pytest.mark.parametrize(
    ("read", "cut"),
    [(4_096, True), (30_000, False), (20_000, False), (0, False)],
    ids=["cut", "all", "near", "unsaid"],
)
async def test_a_host_that_cuts_a_prompt_silently_is_reported(bench, read, cut):
    bench.provider("one", [TextDelta("x"), Finish("stop", Usage(read, 1))])
    events = await bench.run("one/a", prompt=Prompt((user("some words here " * 10_000),)))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert bool(told) == cut
    assert not told or "4,096" in told[0]
