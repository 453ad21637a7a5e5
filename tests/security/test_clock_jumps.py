"""A system clock that jumps by years, back and forth: chats answer, and pauses are as long as ever."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest
from test_cancelled_chats import desk, room  # noqa: F401 - fixtures

from halley.features.chat.desk import ChatDesk
from halley.features.chat.send import send
from halley.features.chat.turns.turn import ChatRequest
from halley.features.room import EngineRoom
from halley.simulator import Simulator

Tried = Callable[..., None]

YEARS = 10 * 365 * 86_400


@pytest.mark.parametrize("jumps", [(0, YEARS), (0, -YEARS), (YEARS, 0, -YEARS), (0, 3600, 0, -3600)])
async def test_chats_answer_whatever_the_time_is_said_to_be(
    room: EngineRoom,  # noqa: F811
    desk: ChatDesk,  # noqa: F811
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    jumps: tuple[int, ...],
    tried: Tried,
) -> None:
    real, offsets = time.time, itertools.cycle(jumps)
    monkeypatch.setattr(time, "time", lambda: real() + next(offsets))
    chat_id = None
    for number in range(10):
        result = await send(desk, ChatRequest(f"Turn {number}", chat_id), lambda _: None)
        chat_id = result["chatId"]
        assert result["replies"][0]["status"] == "complete"
        tried()
    chat = await room.chats.get(chat_id or "")
    assert [turn.prompt for turn in chat.turns] == [f"Turn {number}" for number in range(10)], (
        "in their order"
    )
