"""Turns at a busy provider: interactive work first, callers in turns, never more than the limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.calls import Priority
from halley.routing.queue import Slots

WORK = st.tuples(st.sampled_from(list(Priority)), st.sampled_from("abc"))


@asynccontextmanager
async def slot(slots: Slots, priority: Priority, who: str) -> AsyncGenerator[None, None]:
    await slots.take(priority, who)
    try:
        yield
    finally:
        slots.give_back()


async def serve_all(slots: Slots, work: list[tuple[Priority, str]]) -> list[int]:
    """Takes every slot first, queues `work`, then frees the slots; the order in which it was served."""
    served: list[int] = []

    async def one(number: int, priority: Priority, who: str) -> None:
        async with slot(slots, priority, who):
            served.append(number)
            await asyncio.sleep(0)

    for _ in range(slots.limit):
        await slots.take(Priority.INLINE, "first")
    tasks = [asyncio.ensure_future(one(number, *item)) for number, item in enumerate(work)]
    await asyncio.sleep(0)
    for _ in range(slots.limit):
        slots.give_back()
    await asyncio.gather(*tasks)
    return served


@given(st.lists(WORK, max_size=20))
async def test_lower_priorities_wait_for_higher_ones(work):
    slots = Slots(1)
    served = await serve_all(slots, work)
    assert sorted(served) == list(range(len(work)))
    priorities = [work[number][0] for number in served]
    assert priorities == sorted(priorities)
    assert (slots.taken, slots.waiting, slots.turns) == (0, [], {})


@given(st.lists(WORK, max_size=20))
async def test_one_callers_own_requests_keep_their_order(work):
    served = await serve_all(Slots(1), work)
    for item in set(work):
        mine = [number for number in served if work[number] == item]
        assert mine == sorted(mine)


async def test_callers_take_turns():
    work = [(Priority.ACTION, "busy")] * 5 + [(Priority.ACTION, "quiet")]
    served = await serve_all(Slots(1), work)
    assert served.index(5) == 1, "the second in turn, though it came last"


@settings(max_examples=60)
@given(st.integers(1, 4), st.lists(st.tuples(WORK, st.booleans()), max_size=15))
async def test_cancelled_waiters_lose_nothing(limit, plan):
    slots = Slots(limit)
    most = 0

    async def one(priority: Priority, who: str) -> None:
        nonlocal most
        async with slot(slots, priority, who):
            most = max(most, slots.taken)
            await asyncio.sleep(0)

    tasks = [(asyncio.ensure_future(one(*work)), cancel) for work, cancel in plan]
    await asyncio.sleep(0)
    for task, cancel in tasks:
        if cancel:
            task.cancel()
    await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
    assert (slots.taken, slots.waiting) == (0, [])
    assert most <= limit
    assert all(not task.cancelled() for task, cancel in tasks if not cancel)


async def test_a_slot_given_to_a_caller_that_just_left_goes_to_the_next():
    slots = Slots(1)
    await slots.take(Priority.CHAT, "a")
    leaving = asyncio.ensure_future(slots.take(Priority.CHAT, "b"))
    next_one = asyncio.ensure_future(slots.take(Priority.CHAT, "c"))
    await asyncio.sleep(0)
    slots.give_back()  # the slot is b's now, but b has not run yet
    leaving.cancel()
    await asyncio.wait([next_one], timeout=5)
    assert next_one.done() and slots.taken == 1


async def test_a_raised_limit_lets_waiters_in():
    slots = Slots(1)
    await slots.take(Priority.CHAT, "a")
    waiting = asyncio.ensure_future(slots.take(Priority.CHAT, "b"))
    await asyncio.sleep(0)
    slots.limit = 3
    await slots.take(Priority.CHAT, "c")
    await asyncio.wait([waiting], timeout=5)
    assert slots.taken == 3
