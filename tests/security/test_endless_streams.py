"""Streams that only keep the connection open end; what a host says in between counts, however slow it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from fault_server import Action, FaultServer, Peer, chunk, chunked_head, event

from halley.core.calls import Call, Caller, Prompt, user
from halley.core.errors import Interrupted, UpstreamTimeout
from halley.core.events import Finish, TextDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom

STALL_S = 0.03


def say_for_ever(text: bytes) -> Action:
    async def go_on(peer: Peer) -> None:
        while not peer.gone.is_set():
            await chunk(text)(peer)
            await asyncio.sleep(STALL_S / 6)

    return go_on


def delta(text: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


@pytest.fixture
async def ask(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[str], object]]:
    monkeypatch.setenv("KEY", "sk-of-a-test")
    room = EngineRoom.open()

    async def ask(url: str) -> str:
        provider = {"kind": "openai", "base_url": url, "key": {"env": "KEY"}, "stall_timeout_s": STALL_S}
        settings = Settings.model_validate({"providers": {"slow": provider}})
        call = Call(
            Prompt((user("Hello"),)), (ModelRef("slow", "m"),), "test", settings, Caller(), retry=False
        )
        events = [found async for found in room.router.stream(call)]
        assert isinstance(events[-1], Finish)
        return "".join(found.text for found in events if isinstance(found, TextDelta))

    yield ask
    await room.aclose()


KEPT_OPEN = [
    ": comment\n\n",
    ":\n",
    "\n\n",
    "event: ping\ndata: {}\n\n",
    "id: 7\n\n",
    "retry: 10\n\n",
    ": \r\n\r\n",
]


@pytest.mark.parametrize("noise", KEPT_OPEN)
async def test_noise_alone_ends_before_the_first_word(ask: Callable[[str], object], noise: str) -> None:
    async with FaultServer([*chunked_head(), say_for_ever(noise.encode())]) as host:
        with pytest.raises(UpstreamTimeout):
            await ask(host.url)  # type: ignore[misc]


@pytest.mark.parametrize("noise", KEPT_OPEN)
async def test_noise_alone_ends_in_the_middle_of_an_answer(ask: Callable[[str], object], noise: str) -> None:
    async with FaultServer(
        [*chunked_head(), chunk(event(delta("half"))), say_for_ever(noise.encode())]
    ) as host:
        with pytest.raises(Interrupted):
            await ask(host.url)  # type: ignore[misc]
