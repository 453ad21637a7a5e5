"""Two thousand requests along a route of three hosts that fail in every way a host can, over real sockets.

Whether a host fails a request, and how, is drawn from a seed, the request's number and how often it was asked: the same
in every run, however the requests overtake each other. Nothing of Halley is replaced: its clock, its pauses between
attempts, its rests of hosts are the real ones.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from email.utils import formatdate
from random import Random
from typing import Any

import pytest
from fault_server import (
    FaultServer,
    Received,
    Script,
    chunk,
    chunked_head,
    close,
    event,
    reply,
    reset,
    send,
    stall,
    stream,
)

from halley.core.calls import Caller
from halley.core.errors import HalleyError
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk
from halley.features.chat.send import continue_reply
from halley.features.chat.send import send as send_turn
from halley.features.chat.turns.turn import ChatRequest
from halley.features.room import EngineRoom
from halley.features.surroundings import Surroundings
from halley.stores.ledger.store import LedgerStore

HOSTS = ("one", "two", "three")
REQUESTS = 2000
AT_ONCE = 40
BROKEN_SHARE = 0.05
"""Of the answers that began."""
WORDS = ["Lists ", "hold ", "things ", "in ", "order."]
WHOLE = "".join(WORDS)


def delta(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}
ERROR = {"error": {"message": "upstream is unavailable", "type": "server_error", "code": 503}}
HTML = b"<html><head><title>520: Web server is returning an unknown error</title></head></html>"

BEFORE: dict[str, Callable[[], Script]] = {
    "reset": lambda: [reset()],
    "closed": lambda: [close()],
    "cut in the head": lambda: [send(b"HTTP/1.1 200 OK\r\ncontent-ty"), close()],
    "silent": lambda: [stall()],
    "silent after the head": lambda: [*chunked_head(), stall()],
    "500": lambda: [reply(500, ERROR)],
    "502 in HTML": lambda: [reply(502, HTML, "text/html")],
    "503": lambda: [reply(503, b"", "text/plain")],
    "503 with a pause": lambda: [reply(503, ERROR, retry_after="0.05")],
    "504": lambda: [reply(504, ERROR)],
    "520 of a proxy": lambda: [reply(520, HTML, "text/html")],
    "524": lambda: [reply(524, HTML, "text/html")],
    "529": lambda: [reply(529, {"error": {"type": "overloaded_error", "message": "Overloaded"}})],
    "429": lambda: [reply(429, {"error": {"message": "Rate limit reached"}})],
    "429 in seconds": lambda: [reply(429, {"error": {"message": "slow down"}}, retry_after="0.1")],
    "429 in milliseconds": lambda: [reply(429, {"error": {"message": "slow"}}, retry_after_ms="40")],
    "429 by date": lambda: [reply(429, {"error": {"message": "slow"}}, retry_after=formatdate(usegmt=True))],
    "429 for an hour": lambda: [reply(429, {"error": {"message": "slow down"}}, retry_after="3600")],
    "402": lambda: [reply(402, {"error": {"message": "Insufficient credit"}})],
    "429 of a quota": lambda: [reply(429, {"error": {"code": "insufficient_quota", "message": "Quota"}})],
    "an error in the stream": lambda: stream(ERROR, done=False),
    "an error in a 200": lambda: [reply(200, ERROR)],
    "cut before a word": lambda: [*chunked_head(), chunk(event(delta(""))), close()],
    "nothing": lambda: [reply(200, b"")],
}
"""The kinds of fault that the protocol's table answers by another attempt or another model."""

AFTER: dict[str, Callable[[], Script]] = {
    "reset": lambda: [reset()],
    "cut": lambda: [close()],
    "silent": lambda: [stall()],
    "no finish": lambda: [chunk(b"")],
    "done, but cut": lambda: [chunk(b"data: [DONE]\n\n"), chunk(b"")],
    "an error": lambda: [chunk(event(ERROR)), chunk(b"")],
    "an error as text": lambda: [chunk(b"data: upstream connect error\n\n"), chunk(b"")],
    "not JSON": lambda: [chunk(b'data: {"choices": [{"del\n\n'), chunk(event(END)), chunk(b"")],
    "not UTF-8": lambda: [chunk(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'), chunk(b"")],
    "no chunk": lambda: [send(b"zz\r\nnonsense\r\n"), close()],
}
"""What may happen once the first words are there."""


class Host:
    """One of the three: answers, or fails by lot with `share` before the first word, and rarely after it."""

    def __init__(self, name: str, seed: int, share: float) -> None:
        self.name, self.seed, self.share = name, seed, share
        self.asked: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.server = FaultServer(choose=self.choose)

    def choose(self, request: Received) -> Script:
        number = re.findall(rb"request (\d+)", request.body)[0].decode()
        self.asked[number] += 1
        lot = Random(f"{self.seed} {self.name} {number} {self.asked[number]}")
        if lot.random() < self.share:
            return self._fail("before", BEFORE, lot)()
        if lot.random() < BROKEN_SHARE:
            said = [chunk(event(delta(word))) for word in WORDS[: lot.randint(1, 4)]]
            return [*chunked_head(), *said, *self._fail("after", AFTER, lot)()]
        return stream(*map(delta, WORDS), END)

    def _fail(self, when: str, faults: dict[str, Callable[[], Script]], lot: Random) -> Callable[[], Script]:
        kind = lot.choice(list(faults))
        self.faults[f"{when}: {kind}"] += 1
        return faults[kind]


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    room = EngineRoom.open()
    yield room
    await room.aclose()


def desk_of(room: EngineRoom, urls: Sequence[str]) -> ChatDesk:
    """A window whose chat role has a model of each host."""
    limits = {"kind": "openai", "first_byte_timeout_s": 3, "stall_timeout_s": 3, "key": {"env": "KEY"}}
    providers = {name: limits | {"base_url": url} for name, url in zip(HOSTS, urls, strict=True)}
    settings = Settings.model_validate({"providers": providers})
    route = tuple(ModelRef(name, "model") for name in HOSTS)

    async def route_of(_: str) -> tuple[ModelRef, ...]:
        return route

    line = Line(room.router, Caller(), settings, route_of)
    return ChatDesk(
        Surroundings(line, room.template), room.chats, lambda ref: room.registry.find_model(ref, settings)
    )


async def ask_all(desk: ChatDesk, requests: int = REQUESTS) -> list[dict[str, Any] | HalleyError]:
    """What the user gets for each: the turn's result, or the problem it failed with."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> dict[str, Any] | HalleyError:
        async with turns:
            try:
                return await send_turn(desk, ChatRequest(f"This is request {number}."), lambda event: None)
            except HalleyError as error:
                return error

    return await asyncio.gather(*(one(number) for number in range(requests)))


async def ledger_statuses(ledger: LedgerStore) -> Counter[str]:
    summary = await ledger.summary(by=("status",))
    return Counter({str(row.to_json()["status"]): row.calls for row in summary.rows})


@pytest.mark.slow
@pytest.mark.parametrize(("share", "least"), [(0.1, 0.999), (0.3, 0.99)])
async def test_two_thousand_requests_over_three_hosts_that_fail(
    room: EngineRoom,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    share: float,
    least: float,
) -> None:
    monkeypatch.setenv("KEY", "sk-of-a-test")
    hosts = [Host(name, seed=11, share=share) for name in HOSTS]
    async with AsyncExitStack() as up:
        for host in hosts:
            await up.enter_async_context(host.server)
        desk = desk_of(room, [host.server.url for host in hosts])
        results = await ask_all(desk)

        answered = [result for result in results if isinstance(result, dict)]
        replies = [(result["chatId"], result["replies"][0]) for result in answered]
        broken = [(chat, given) for chat, given in replies if given["status"] != "complete"]
        assert len(answered) >= least * REQUESTS, Counter(str(r) for r in results if not isinstance(r, dict))
        assert all(given["text"] == WHOLE for _, given in replies if given["status"] == "complete")

        assert broken, "some replies break off"
        for _, given in broken:
            assert given["status"] == "interrupted" and given["problem"]["code"] == "interrupted"
            assert given["text"] and WHOLE.startswith(given["text"])
        again = await asyncio.gather(*(continue_until_complete(desk, *one) for one in broken))
        assert max(again) <= 3, "a continuation breaks as rarely as anything"

    faults = sum((host.faults for host in hosts), Counter[str]())
    kinds = {f"before: {kind}" for kind in BEFORE} | {f"after: {kind}" for kind in AFTER}
    assert faults.keys() == kinds, "every kind of fault came up"
    rows = await ledger_statuses(room.ledger)
    attempts = sum(len(host.server.requests) for host in hosts)
    assert rows.total() == attempts and rows["complete"] == len(answered) and not rows["open"]
    record_property("complete", len(answered) / REQUESTS)
    record_property("interrupted", len(broken))
    record_property("attempts", attempts)
    print(
        len(answered),
        len(broken),
        attempts,
        Counter(again),
        rows,
        [h.server.requests.__len__() for h in hosts],
    )


async def continue_until_complete(desk: ChatDesk, chat: str, given: dict[str, Any]) -> int:
    """Presses Continue; what was said stays, and more follows. How often it took."""
    for presses in range(1, 10):
        result = await continue_reply(desk, chat, given["replyId"], lambda event: None)
        (now,) = result["replies"]
        assert now["text"].startswith(given["text"])
        if now["status"] == "complete":
            assert now["text"].endswith(WHOLE)
            return presses
        assert now["status"] == "interrupted", "it can be continued again"
        given = now
    raise AssertionError("it was never completed")


async def test_with_one_host_down_attempts_stay_near_the_number_of_requests(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "sk-of-a-test")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but not listening: connections are refused
        down = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        hosts = [Host(name, seed=0, share=0.0) for name in HOSTS[1:]]
        async with AsyncExitStack() as up:
            for host in hosts:
                await up.enter_async_context(host.server)
            desk = desk_of(room, [down, *(host.server.url for host in hosts)])
            await ask_all(desk, AT_ONCE)
            begun = (await ledger_statuses(room.ledger)).total()
            results = await ask_all(desk, 500)
    assert all(isinstance(result, dict) for result in results)
    attempts = (await ledger_statuses(room.ledger)).total() - begun
    assert 500 <= attempts <= 1.1 * 500
