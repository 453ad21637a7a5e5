"""Connection tests against hosts with many models: a few at a time, each left at its first token, failures told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from fault_server import FaultServer, Peer, Received, Script, chunk, chunked_head, event, reply, stall

from halley.core.calls import Caller
from halley.core.models import Price
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.features.verify import AT_ONCE, verify, verify_all_models
from halley.routing.prices import Prices

MODELS = [f"chat-{number}" for number in range(30)]
WORD = {"choices": [{"index": 0, "delta": {"content": "ready"}, "finish_reason": None}]}


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EngineRoom]:
    monkeypatch.setenv("KEY", "sk-of-a-test")
    room = EngineRoom.open()
    yield room
    await room.aclose()


def settings_for(url: str) -> Settings:
    return Settings.model_validate(
        {"providers": {"one": {"kind": "openai", "base_url": url, "key": {"env": "KEY"}}}}
    )


class Many:
    """Thirty models; they answer once as many as may be asked concurrently have come, with one word and then silence."""

    def __init__(self) -> None:
        self.waiting = self.most = 0
        self.enough = asyncio.Event()
        self.server = FaultServer(choose=self.choose)

    def choose(self, request: Received) -> Script:
        if request.method == "GET":
            return [reply(200, {"object": "list", "data": [{"id": name} for name in MODELS]})]
        if request.json["model"] == "chat-7":
            return [
                reply(
                    404, {"error": {"message": "The model chat-7 does not exist", "code": "model_not_found"}}
                )
            ]
        return [self.wait, *chunked_head(), chunk(event(WORD)), stall()]

    async def wait(self, peer: Peer) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        if self.waiting >= AT_ONCE - 1:
            self.enough.set()
        await self.enough.wait()
        self.waiting -= 1


async def test_all_models_a_few_at_a_time_each_left_at_its_first_token(room: EngineRoom) -> None:
    many, told = Many(), list[str]()
    async with many.server as host:
        rows = await verify_all_models(
            room, settings_for(host.url), Caller(), "one", lambda row: told.append(row["model"])
        )
        asked = [peer for peer in host.peers if peer.request and peer.request.method == "POST"]
        for peer in asked:
            if peer.request and peer.request.json["model"] != "chat-7":
                await peer.gone.wait()  # its stream never ends by itself
    assert [row["model"] for row in rows] == [f"one/{name}" for name in MODELS] and sorted(told) == sorted(
        row["model"] for row in rows
    )
    (failed,) = [row for row in rows if not row["ok"]]
    assert failed["model"] == "one/chat-7" and failed["problem"]["code"] == "model_not_found"
    assert all(row["firstTokenMs"] > 0 for row in rows if row["ok"])
    assert AT_ONCE - 1 <= many.most <= AT_ONCE


async def test_a_price_that_is_still_looked_up_keeps_no_test_waiting(room: EngineRoom) -> None:
    asked, looking = list[Sequence[tuple[str, str]]](), asyncio.Event()

    async def look_up(keys: Sequence[tuple[str, str]]) -> list[Price | None]:
        asked.append(keys)
        await looking.wait()
        return [Price(1.0, 2.0)] * len(keys)

    room.stores.prices = Prices(look_up=look_up)
    many = Many()
    many.enough.set()
    async with many.server as host, asyncio.timeout(60):
        settings = settings_for(host.url)
        found = await verify(room, settings, Caller(), "one", "chat-1")
        assert found["ok"] and asked, "the prices were asked for, and are on their way"
        looking.set()
        await room.catalogue.settled()
        shelf = room.catalogue.shelf(room.registry.endpoint("one", settings))
    assert [model.price for model in shelf.models] == [Price(1.0, 2.0)] * len(MODELS)


async def test_a_wrong_address_is_one_problem_and_not_two(room: EngineRoom) -> None:
    async with FaultServer([reply(200, b"<html>welcome</html>", "text/html")]) as host:
        found = await verify(room, settings_for(host.url), Caller(), "one")
    assert [(step["name"], step["ok"]) for step in found["steps"]] == [("key", True), ("catalogue", False)]
    assert not found["ok"] and "base_url" in found["steps"][1]["problem"]["help"]


async def test_a_host_without_a_catalogue_is_asked_all_the_same(room: EngineRoom) -> None:
    def choose(request: Received) -> Script:
        return [reply(404)] if request.method == "GET" else [*chunked_head(), chunk(event(WORD)), stall()]

    async with FaultServer(choose=choose) as host:
        found = await verify(room, settings_for(host.url), Caller(), "one", "some-model")
    assert found["ok"] and found["model"] == "one/some-model"
    assert [step["ok"] for step in found["steps"]] == [True, False, True]
