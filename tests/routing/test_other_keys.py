"""A provider with several keys, on the real wire: where one key fails the next is used, without a wait."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Received

from halley.core.calls import Call, Prompt, user
from halley.core.errors import AuthFailed, HalleyError
from halley.core.events import Finish, Notice, TextDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.routing.clock import Clock

KEYS = {"KEY_1": "sk-first-000001", "KEY_2": "sk-second-00002", "KEY_3": "sk-third-000003"}
HELLO = f.stream({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]})


def refused(status: int, message: str, kind: str = "error", **headers: str) -> Any:
    return [f.reply(status, {"error": {"message": message, "type": kind}}, **headers)]


FAILED_KEYS: dict[str, Any] = {
    "rate limited": refused(429, "Rate limit reached", retry_after="30"),
    "rate limited for hours": refused(429, "Daily limit reached", retry_after="7200"),
    "out of money": refused(402, "Insufficient Balance"),
    "quota": refused(429, "You exceeded your current quota", "insufficient_quota"),
    "budget of a proxy": refused(400, "Budget has been exceeded! Current cost: 1, Max budget: 1", "budget_exceeded"),
    "expired": refused(401, "The API key expired. Please renew the API key."),
    "expired, as 400": refused(400, "API key expired. Please renew the API key.", "INVALID_ARGUMENT"),
    "revoked": refused(403, "This key was revoked."),
    "unknown to a proxy without a database": refused(400, "No connected db.", "no_db_connection"),
    "disabled": refused(400, "Your API key has been disabled by an administrator."),
}  # fmt: skip


class Waited(AssertionError):
    """Nothing here may wait for a host."""


async def no_wait(event: asyncio.Event, seconds: float) -> bool:
    raise Waited(f"waited {seconds} s")


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    room = EngineRoom.open(environ={**os.environ, **KEYS})
    room.stores.__dict__["clock"] = Clock(wait=no_wait)
    yield room
    await room.aclose()


def settings_for(url: str, keys: int = 2) -> Settings:
    sources = [{"env": name} for name in list(KEYS)[:keys]]
    return Settings.model_validate({"providers": {"relay": {"base_url": url, "key": sources}}})


async def ask(room: EngineRoom, settings: Settings, *route: str, **options: Any) -> list[Any]:
    refs = tuple(ModelRef.parse(name) for name in route or ("relay/m",))
    call = Call(Prompt((user("hi"),)), refs, "test", settings, **options)
    return [event async for event in room.router.stream(call)]


def by_key(*good: str, refusal: Any) -> Any:
    """A host that takes only these keys."""

    def choose(request: Received) -> Any:
        return HELLO if request.headers["authorization"].removeprefix("Bearer ") in good else refusal

    return choose


@pytest.mark.parametrize("why", FAILED_KEYS)
@pytest.mark.parametrize("good", ["KEY_1", "KEY_2"])
async def test_the_next_key_takes_over_without_a_wait(room: EngineRoom, why: str, good: str) -> None:
    async with FaultServer(choose=by_key(KEYS[good], refusal=FAILED_KEYS[why])) as host:
        settings = settings_for(host.url)
        for _ in range(3):
            events = await ask(room, settings)
            assert events[-1].__class__ is Finish and TextDelta("Hello") in events
        assert len(host.requests) <= 4, "the failed key rests"


async def test_a_key_that_failed_is_named_by_its_provider_never_by_itself(room: EngineRoom) -> None:
    async with FaultServer(choose=by_key(KEYS["KEY_1"], refusal=FAILED_KEYS["out of money"])) as host:
        events = await ask(room, settings_for(host.url), "relay/m")
        events += await ask(room, settings_for(host.url), "relay/m")
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "next key of relay" in notice.text and "used up" in notice.text
    assert not any(key in str(events) for key in KEYS.values())


async def test_a_request_that_may_not_wait_takes_the_next_key_too(room: EngineRoom) -> None:
    async with FaultServer(choose=by_key(KEYS["KEY_1"], refusal=FAILED_KEYS["expired"])) as host:
        for _ in range(2):
            assert TextDelta("Hello") in await ask(room, settings_for(host.url), retry=False)


async def test_each_key_is_tried_once_and_then_the_first_failure_is_reported(room: EngineRoom) -> None:
    async with FaultServer(FAILED_KEYS["revoked"]) as host:
        with pytest.raises(AuthFailed):
            await ask(room, settings_for(host.url, keys=3))
        sent = [request.headers["authorization"] for request in host.requests]
    assert len(sent) == len(set(sent)) == 3


async def test_all_keys_limited_waits_for_the_one_that_is_ready_first(room: EngineRoom) -> None:
    waits: list[float] = []

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        waits.append(seconds)
        raise HalleyError("enough")

    room.stores.__dict__["clock"] = Clock(wait=wait)
    slow, quick = (refused(429, "slow down", retry_after=after) for after in ("50", "20"))
    async with FaultServer(quick, slow) as host:
        with pytest.raises(HalleyError, match="enough"):
            await ask(room, settings_for(host.url))
    assert len(waits) == 1 and 15 < waits[0] <= 20


@pytest.mark.parametrize(
    "refusal",
    [
        refused(503, "No available channel for model m under group default (distributor)", "new_api_error"),
        refused(503, "当前分组 default 下对于模型 m 无可用渠道", "new_api_error"),
        refused(503, "model m is not available at the moment"),
        f.stream({"error": {"message": "no available channel for model m", "code": 503}}),
    ],
)
async def test_a_relay_without_a_channel_hands_over_to_the_next_model(room: EngineRoom, refusal: Any) -> None:
    def choose(request: Received) -> Any:
        return HELLO if b'"other"' in request.body else refusal

    async with FaultServer(choose=choose) as host:
        events = await ask(room, settings_for(host.url), "relay/m", "relay/other")
    assert TextDelta("Hello") in events
    assert any(isinstance(event, Notice) and "relay/other" in event.text for event in events)
