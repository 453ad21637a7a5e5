"""Rows of the protocol's table of upstream faults that lie below HTTP or need bytes of one's own: each over a real socket,
with a fallback: attempts made, what the user gets, who answered, and the ledger's rows."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from unittest.mock import patch

import pytest
import trustme
from fault_server import (
    FaultServer,
    Script,
    chunk,
    chunked_head,
    close,
    endless,
    event,
    head,
    reply,
    send,
    send_slices,
    stream,
)

from halley.core.calls import Call, Caller, Priority, Prompt, Tool, user
from halley.core.errors import HalleyError
from halley.core.events import Event, Finish, TextDelta, ToolCallDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.routing.clock import Clock

Host = Callable[[AsyncExitStack], Awaitable[str]]
"""Makes the host that fails; its base URL."""

SAID = {"choices": [{"index": 0, "delta": {"content": "two says so"}, "finish_reason": None}]}
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
ALL = stream(SAID, END)


def at(*scripts: Script) -> Host:
    async def start(stack: AsyncExitStack) -> str:
        return (await stack.enter_async_context(FaultServer(*scripts))).url

    return start


async def unknown_name(stack: AsyncExitStack) -> str:
    """The system's own answer, without asking it: tests look up no names."""

    async def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    stack.enter_context(patch.object(asyncio.BaseEventLoop, "getaddrinfo", look_up))
    return "http://no-such-host.invalid/v1"


async def not_listening(stack: AsyncExitStack) -> str:
    taken = stack.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


async def not_accepting(stack: AsyncExitStack) -> str:
    """A queue of connections that is full: the next one waits for ever."""
    taken = stack.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen(0)
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(taken.getsockname())
    return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


async def certificate_of_a_stranger(stack: AsyncExitStack) -> str:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    return (await stack.enter_async_context(FaultServer(ALL, tls=tls))).url


async def no_tls_at_all(stack: AsyncExitStack) -> str:
    host = FaultServer(on_connect=[reply(400, b"speak HTTP", "text/plain"), close()])
    return (await stack.enter_async_context(host)).url.replace("http://", "https://")


async def proxy_that_is_gone(stack: AsyncExitStack) -> str:
    return "http://models.example/v1"


CUT_CALL = {
    "choices": [
        {
            "index": 0,
            "delta": {
                "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"pa'}}]
            },
            "finish_reason": None,
        }
    ]
}

BELOW: list[tuple[str, Host, int, str]] = [
    ("a name that does not exist", unknown_name, 3, "provider_unavailable"),
    ("refused", not_listening, 3, "provider_unavailable"),
    ("not accepted", not_accepting, 3, "timeout"),
    ("cut in the head", at([send(b"HTTP/1.1 200 OK\r\nconte"), close()]), 3, "provider_unavailable"),
    (
        "a wait of an hour",
        at([reply(429, {"error": {"message": "slow"}}, retry_after="3600")]),
        1,
        "rate_limited",
    ),
]
"""Answered by the next model."""

REFUSED: list[tuple[str, Host, str]] = [
    ("a stranger's certificate", certificate_of_a_stranger, "tls_failed"),
    ("no TLS", no_tls_at_all, "tls_failed"),
    ("a proxy that is gone", proxy_that_is_gone, "proxy_failed"),
    ("a redirect", at([reply(302, b"", location="http://127.0.0.1:9/elsewhere")]), "redirect_refused"),
    ("an endless line", at([*head(), endless(b"data: " + b"x" * 65536)]), "bad_reply"),
    ("not HTTP", at([send(b"220 mail.example ESMTP\r\n"), close()]), "bad_reply"),
]
"""Reported immediately: trying again would not help."""


async def immediately(moment: asyncio.Event, seconds: float) -> bool:
    await asyncio.sleep(0)
    return moment.is_set()


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EngineRoom]:
    monkeypatch.setenv("KEY", "sk-of-a-test")
    room = EngineRoom.open()
    room.stores.clock = Clock(wait=immediately)
    yield room
    await room.aclose()


async def run(
    room: EngineRoom, urls: list[str], proxy: str | None = None
) -> tuple[list[Event], HalleyError | None]:
    limits = {"connect_timeout_s": 0.5, "first_byte_timeout_s": 20, "stall_timeout_s": 20}
    shared = {"kind": "openai", "key": {"env": "KEY"}, **limits}
    providers = {name: {**shared, "base_url": url} for name, url in zip(("one", "two"), urls, strict=False)}
    if proxy:
        providers["one"]["proxy"] = proxy
    settings = Settings.model_validate({"providers": providers})
    route = tuple(ModelRef(name, "m") for name in providers)
    prompt = Prompt((user("Explain lists."),), tools=(Tool("f", "does", {"type": "object"}),))
    call = Call(prompt, route, "test", settings, Caller(), priority=Priority.CHAT)
    events: list[Event] = []
    try:
        async for happened in room.router.stream(call):
            events.append(happened)
    except HalleyError as error:
        return events, error
    return events, None


async def rows(room: EngineRoom) -> list[tuple[str, str, str | None]]:
    def read(db):
        found = db.execute("SELECT provider, status, problem FROM calls ORDER BY id").fetchall()
        return [tuple(row) for row in found]

    return await room.database.read(read)


@pytest.mark.parametrize(
    ("host", "attempts", "code"), [row[1:] for row in BELOW], ids=[row[0] for row in BELOW]
)
async def test_the_next_model_answers(room: EngineRoom, host: Host, attempts: int, code: str) -> None:
    async with AsyncExitStack() as stack:
        two = await stack.enter_async_context(FaultServer(ALL))
        events, error = await run(room, [await host(stack), two.url])
    assert error is None
    assert [happened.text for happened in events if isinstance(happened, TextDelta)] == ["two says so"]
    finish = events[-1]
    assert isinstance(finish, Finish) and str(finish.model) == "two/m"
    assert await rows(room) == [("one", "failed", code)] * attempts + [("two", "complete", None)]


@pytest.mark.parametrize(("host", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_it_is_reported_immediately(room: EngineRoom, host: Host, code: str) -> None:
    async with AsyncExitStack() as stack:
        two = await stack.enter_async_context(FaultServer(ALL))
        gone = (await not_listening(stack)).removesuffix("/v1") if host is proxy_that_is_gone else None
        events, error = await run(room, [await host(stack), two.url], gone)
        assert not two.requests
    assert not events
    assert error is not None and error.code == code and error.problem.help and error.problem.provider == "one"
    assert await rows(room) == [("one", "failed", code)]


async def test_an_answer_in_single_bytes_is_whole(room: EngineRoom) -> None:
    body = b"".join(event(value) for value in (SAID, END)) + b"data: [DONE]\n\n"
    async with FaultServer([*head(), send_slices(body), close()]) as one:
        events, error = await run(room, [one.url])
    assert error is None and isinstance(events[-1], Finish)
    assert await rows(room) == [("one", "complete", None)]


async def test_a_tool_call_that_broke_off_is_no_call(room: EngineRoom) -> None:
    """The pieces that came are passed on; the stream ends in an error, so that they are not run."""
    async with FaultServer([*chunked_head(), chunk(event(CUT_CALL)), close()]) as one:
        two = FaultServer(ALL)
        async with two:
            events, error = await run(room, [one.url, two.url])
            assert not two.requests
    assert any(isinstance(happened, ToolCallDelta) for happened in events)
    assert error is not None and error.code == "interrupted"
    assert await rows(room) == [("one", "interrupted", "interrupted")]
