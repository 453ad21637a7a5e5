"""What can wait does, until the rush is over."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from talk import Host, Talk, client, host

from halley.features.chat.rush import FEW, Rush


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
