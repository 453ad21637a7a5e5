"""Another program keeps the database locked: a chat says so soon, and what was said is written once it can be."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_cancelled_chats import desk, room  # noqa: F401 - fixtures

from halley.core.errors import StoreFailed
from halley.features.chat.desk import ChatDesk
from halley.features.chat.send import send
from halley.features.chat.turns.turn import ChatRequest
from halley.features.room import EngineRoom
from halley.simulator import Simulator
from halley.stores.chats import store
from halley.stores.sqlite import database, opening

Tried = Callable[..., None]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        foreign.execute("ROLLBACK")
        foreign.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.3)
    monkeypatch.setattr(database, "IMPATIENT_MS", 20)
    monkeypatch.setattr(store, "RETRY_S", 0.02)


@pytest.mark.parametrize("turns", [1, 4])
async def test_a_chat_under_a_foreign_lock_is_reported_and_saved(
    room: EngineRoom,  # noqa: F811
    desk: ChatDesk,  # noqa: F811
    simulator: Simulator,
    tried: Tried,
    turns: int,
) -> None:
    first = await send(desk, ChatRequest("Before"), lambda _: None)
    for number in range(turns):
        simulator.script(f"answer {number}")
    heard: list[Any] = []
    with locked(room.paths.database):
        sent = [
            asyncio.create_task(send(desk, ChatRequest(f"Locked {number}"), heard.append))
            for number in range(turns)
        ]
        for outcome in await asyncio.gather(*sent, return_exceptions=True):
            assert isinstance(outcome, StoreFailed), outcome
            assert "locked" in outcome.problem.message
            assert "Close the program" in outcome.problem.help
            tried()
    texts = [event.get("text") or event.get("delta") or "" for event in heard]
    assert all(f"answer {number}" in "".join(texts) for number in range(turns)), "it was shown all the same"
    async with asyncio.timeout(90):
        while len(kept := await room.chats.list()) < 1 + turns or await still_open(room):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    said = {chat.id: await room.chats.get(chat.id) for chat in kept}
    answers = [turn.replies[0].text for chat in said.values() for turn in chat.turns]
    assert sorted(answers)[-turns:] == [f"answer {number}" for number in range(turns)]
    assert said[first["chatId"]].turns


async def still_open(room: EngineRoom) -> bool:  # noqa: F811
    chats = [await room.chats.get(chat.id) for chat in await room.chats.list()]
    return any(reply.status != "complete" for chat in chats for turn in chat.turns for reply in turn.replies)


async def test_a_room_that_closes_under_a_lock_ends(room: EngineRoom, desk: ChatDesk) -> None:  # noqa: F811
    await send(desk, ChatRequest("Before"), lambda _: None)
    with locked(room.paths.database):
        with pytest.raises(StoreFailed):
            await send(desk, ChatRequest("Locked"), lambda _: None)
        await asyncio.wait_for(room.aclose(), 90)
