"""What can wait does, until the rush is over; and many chats begin one after the other."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from talk import Host, Talk, client, host

from halley.features.chat.rush import AT_LEAST_EVERY_S, FEW, SMOOTH_S, Rush, Turnstile


async def test_a_few_streams_are_no_rush() -> None:
    rush = Rush()
    with ExitStack() as streams:
        for _ in range(FEW):
            streams.enter_context(rush.joined())
        await rush.over()


async def test_what_waits_runs_when_the_rush_is_over_also_after_a_failure() -> None:
    rush = Rush()
    with ExitStack() as few:
        for _ in range(FEW):
            few.enter_context(rush.joined())
        waiting = None
        try:
            with rush.joined():
                waiting = asyncio.create_task(rush.over())
                await asyncio.sleep(0)
                assert not waiting.done()
                raise ValueError
        except ValueError:
            pass
        assert waiting is not None
        await waiting


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
async def test_no_title_is_asked_for_while_many_replies_stream(tmp_path: Path) -> None:
    """A title that does not wait is asked for before the response to the request that follows its reply."""
    asked: Counter[str] = Counter()
    may_answer = threading.Semaphore(0)

    class Slow(Host):
        def reply(self) -> None:
            asked[self.asked["model"]] += 1
            if self.asked["model"] == "m":
                may_answer.acquire()
            super().reply()

    chats = FEW + 3
    with host(Slow) as url:
        async with client(tmp_path, url) as talk:
            for number in range(chats):
                params = {"prompt": "Go.", "partialResultToken": f"t{number}"}
                talk.send({"id": f"chat-{number}", "method": "halley/chat/send", "params": params})
            for finished in range(1, chats - FEW):
                may_answer.release()
                await answered(talk, 1)
                await talk.request("halley/chat/list", {})
                assert asked["quick"] == 0, f"{chats - finished} replies stream"
            may_answer.release(FEW + 1)
            await answered(talk, FEW + 1, titles=chats)
    assert asked == {"m": chats, "quick": chats}


async def answered(talk: Talk, chats: int, titles: int | None = None) -> None:
    """Reads until so many chats were answered and, where it is given, so many titles were reported."""
    changes = 0 if titles is None else chats + titles
    while chats > 0 or changes > 0:
        message: dict[str, Any] = await talk.read()
        chats -= str(message.get("id", "")).startswith("chat-")
        changes -= message.get("method") == "halley/changed"


class Many:
    """Requests that come together at a turnstile, and a clock that moves by `took_s` with each iteration."""

    def __init__(self, took_s: float, count: int = 6) -> None:
        self.now, self.took_s = 0.0, took_s
        self.turnstile = Turnstile(lambda: self.now)
        self.through: list[int] = []
        self.tasks = [asyncio.create_task(self.come(number)) for number in range(count)]

    async def come(self, number: int) -> None:
        await self.turnstile.turn()
        self.through.append(number)

    async def iterate(self, times: int) -> list[int]:
        for _ in range(times):
            self.now += self.took_s
            await asyncio.sleep(0)
        return self.through


async def test_who_comes_alone_does_not_wait() -> None:
    turnstile = Turnstile(lambda: 0.0)
    for _ in range(3):
        task = asyncio.create_task(turnstile.turn())
        await asyncio.sleep(0)
        assert task.done()
        await asyncio.sleep(0)


async def test_many_begin_in_their_order_one_with_each_short_iteration() -> None:
    many = Many(SMOOTH_S)
    seen = [len(await many.iterate(1)) for _ in range(20)]
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(seen))
    assert many.through == [0, 1, 2, 3, 4, 5]


async def test_while_the_loop_is_busy_few_begin_but_all_do() -> None:
    many = Many(SMOOTH_S * 2)
    turns = int(AT_LEAST_EVERY_S / many.took_s)
    assert await many.iterate(turns) == [0]
    assert await many.iterate(turns * 6 + 12) == [0, 1, 2, 3, 4, 5]


async def test_a_request_that_is_cancelled_while_it_waits_holds_up_no_other() -> None:
    many = Many(SMOOTH_S)
    await many.iterate(1)
    for number in (1, 2, 4):
        many.tasks[number].cancel()
    assert await many.iterate(20) == [0, 3, 5]
    assert await asyncio.wait_for(many.turnstile.turn(), 90) is None
