"""Chats that are cancelled at any moment, also before their first step: no reply stays `open`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from halley.core.calls import Caller
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk
from halley.features.chat.send import continue_reply, retry, send
from halley.features.chat.turns.turn import ChatRequest
from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.features.surroundings import Surroundings
from halley.simulator import Simulator
from halley.stores.chats.values import Chat

Tried = Callable[..., None]

STEPS = 48
"""Moments at which a turn is cancelled: so many turns of the event loop after it began."""
TIMES = 3
"""How often it is cancelled, since a window that closes cancels what is ending already."""


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    room = EngineRoom.open()
    yield room
    await room.aclose()


@pytest.fixture
async def desk(room: EngineRoom, simulator: Simulator) -> AsyncIterator[ChatDesk]:
    settings = Settings.model_validate(
        {
            "providers": {"simulator": {"preset": "simulator", "base_url": simulator.base_url}},
            "macros": {"note": {"prompt": "A note"}},
        }
    )

    async def route_of(role: str) -> tuple[ModelRef, ...]:
        return (ModelRef("simulator", "sim-image" if role == "image" else "sim-chat"),)

    shared = Shared(room)
    around = Surroundings(
        Line(room.router, Caller(), settings, route_of),
        room.template,
        media=lambda: shared.media,
        runs=room.macro_runs,
    )
    yield ChatDesk(around, room.chats, lambda ref: room.registry.find_model(ref, settings))
    await shared.aclose()


async def cancelled_after(steps: int, work: Awaitable[Any]) -> bool:
    """Whether it was still running after so many turns of the loop; it has ended when this returns."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    running = not task.done()
    for _ in range(TIMES):
        task.cancel()
        await asyncio.sleep(0)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return running


async def kept(room: EngineRoom) -> list[Chat]:
    await room.chats.keep()
    return [await room.chats.get(found.id) for found in await room.chats.list(limit=1000)]


def open_replies(chats: list[Chat]) -> list[str]:
    return [
        reply.id for chat in chats for turn in chat.turns for reply in turn.replies if reply.status == "open"
    ]


@pytest.mark.parametrize(
    "prompt", ["Hello", "@simulator/sim-fast @simulator/sim-chat Hello", "/note", "/image a fox"]
)
async def test_a_turn_cancelled_at_any_step(
    room: EngineRoom, desk: ChatDesk, simulator: Simulator, prompt: str, tried: Tried
) -> None:
    for steps in range(STEPS):
        await cancelled_after(steps, send(desk, ChatRequest(prompt), lambda _: None))
        tried()
    assert open_replies(await kept(room)) == []


async def test_a_retry_and_a_continuation_cancelled_at_any_step(
    room: EngineRoom, desk: ChatDesk, tried: Tried
) -> None:
    begun = await send(desk, ChatRequest("Hello"), lambda _: None)
    chat, turn, reply = begun["chatId"], begun["turnId"], begun["replies"][0]["replyId"]
    for steps in range(STEPS):
        await cancelled_after(steps, retry(desk, chat, turn, [], lambda _: None))
        await cancelled_after(steps, continue_reply(desk, chat, reply, lambda _: None))
        tried(2)
    assert open_replies(await kept(room)) == []


async def test_two_hundred_turns_cancelled_together(room: EngineRoom, desk: ChatDesk, tried: Tried) -> None:
    """Each at another moment, side by side."""
    numbers = count()

    async def one() -> None:
        await cancelled_after(next(numbers) % STEPS, send(desk, ChatRequest("Hello"), lambda _: None))
        tried()

    await asyncio.gather(*(one() for _ in range(200)))
    assert open_replies(await kept(room)) == []
