"""HTTP/1.1 as the simulator speaks it: framing, pipelining, limits, pace, and clients that leave."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.simulator import KEY, Simulator
from halley.simulator.app import App
from halley.simulator.connection import SLOT_S, slot_after
from halley.simulator.http import MAX_HEAD, Incoming, Refused
from halley.simulator.options import Options

ASK: dict[str, Any] = {"model": "sim-fast", "messages": [{"role": "user", "content": "hello there"}]}


def raw(body: dict[str, Any] = ASK, extra: str = "") -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{extra}"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_requests_survive_any_slicing(bodies: list[bytes], data: st.DataObject):
    parts = []
    for at, body in enumerate(bodies):
        if at % 2:
            chunked = (
                b"".join(b"%x\r\n%b\r\n" % (1, body[i : i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
            )
            parts.append(b"POST /%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % at + chunked)
        else:
            parts.append(
                b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (at, len(body)) + body
            )
    whole, incoming, found = b"".join(parts), Incoming(), []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        incoming.add(whole[:size])
        whole = whole[size:]
        while request := incoming.take():
            found.append(request)
    assert [request.body for request in found] == bodies
    assert [request.path for request in found] == [f"/{at}" for at in range(len(bodies))]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/9.9\r\nhost: x\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * (MAX_HEAD + 1), 431),
    ],
)
def test_what_is_not_http_is_refused(head: bytes, status: int):
    incoming = Incoming()
    incoming.add(head)
    with pytest.raises(Refused) as caught:
        incoming.take()
    assert caught.value.status == status


async def test_refused_requests_are_answered_and_the_connection_closed(sim: Simulator):
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(b"nonsense\r\n\r\n")
    received = await reader.read()
    assert received.startswith(b"HTTP/1.1 400")
    writer.close()


async def test_pipelined_requests_are_answered_in_order(sim: Simulator):
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    bodies = [ASK | {"messages": [{"role": "user", "content": f"number {n}"}]} for n in range(3)]
    writer.write(
        b"".join(raw(body, "" if n < 2 else "connection: close\r\n") for n, body in enumerate(bodies))
    )
    received = (await reader.read()).decode()
    assert received.count("HTTP/1.1 200") == 3
    assert received.index("number 0") < received.index("number 1") < received.index("number 2")
    writer.close()


async def test_keep_alive_and_expect_continue(sim: Simulator):
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    head, _, body = raw(extra="expect: 100-continue\r\n").partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    writer.write(raw(extra="connection: close\r\n"))
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    assert (sim.accepted, len(sim.requests)) == (1, 2)
    writer.close()


async def test_http_1_0_gets_a_plain_stream(sim: Simulator):
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(raw(ASK | {"stream": True}).replace(b"HTTP/1.1", b"HTTP/1.0"))
    received = await reader.read()
    assert b"transfer-encoding" not in received and received.endswith(b"data: [DONE]\n\n")
    writer.close()


async def test_a_client_that_leaves_is_noticed(sim: Simulator):
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(raw(ASK | {"stream": True}, "x-simulator-tokens-per-s: 50\r\n"))
    await reader.readuntil(b"asked")
    assert sim.open_streams == 1
    writer.transport.abort()
    await sim.wait_for(lambda s: s.open_streams == 0)
    seen = sim.requests[-1]
    assert seen.closed_early and seen.pieces >= 1
    assert sim.connections == 0


@pytest.mark.parametrize("fault", ["stall", "stall_mid_stream"])
async def test_leaving_a_stalled_call_is_noticed_too(sim: Simulator, fault: str):
    _, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(raw(ASK | {"stream": True}, f"x-simulator-fault: {fault}\r\n"))
    await sim.wait_for(lambda s: s.open_streams == 1)
    writer.close()
    await sim.wait_for(lambda s: s.open_streams == 0)
    assert sim.requests[-1].state == "closed_early"


async def test_a_slow_reader_holds_up_no_other_and_costs_no_memory(sim: Simulator):
    _, slow = await asyncio.open_connection("127.0.0.1", sim.port)
    slow.write(raw(ASK | {"stream": True}, "x-simulator-fault: endless_line\r\n"))
    await sim.wait_for(lambda s: s.open_streams == 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(raw(extra="connection: close\r\n"))
    assert b"HTTP/1.1 200" in await reader.read()
    pending = next(iter(sim._connections)).transport.get_write_buffer_size()  # pyright: ignore[reportPrivateUsage]
    assert pending < 4_000_000
    slow.transport.abort()
    writer.close()


@given(st.floats(0, 1e6, allow_nan=False))
def test_a_deadline_is_never_early_and_at_most_a_slot_late(when: float):
    assert -1e-9 <= slot_after(when) - when <= SLOT_S + 1e-6


def test_pace_is_in_the_response():
    app = App(Options(delay_ms=30, tokens_per_s=50, chunk_tokens=5), lambda: "http://x")
    incoming = Incoming()
    incoming.add(raw(ASK | {"stream": True}))
    request = incoming.take()
    assert request
    response = app.handle(request)
    assert (response.delay_s, response.every_s) == (0.03, 0.1)


async def test_a_large_request_is_answered_and_leaving_it_is_noticed(sim: Simulator):
    large = ASK | {
        "messages": [{"role": "user", "content": "Explain:\n\n```python\n" + "x = 1\n" * 20_000 + "```"}]
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    writer.write(raw(large, "connection: close\r\n"))
    assert b"20000 lines" in await reader.read()
    _, leaving = await asyncio.open_connection("127.0.0.1", sim.port)
    leaving.write(raw(large | {"n": 3}))
    await sim.wait_for(lambda s: len(s.requests) == 2)
    leaving.transport.abort()
    await sim.wait_for(lambda s: s.open_streams == 0)
    assert [seen.state for seen in sim.requests] in (["complete", "closed_early"], ["complete", "complete"])
    writer.close()


async def test_many_concurrent_streams(sim: Simulator):
    async def one() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
        writer.write(raw(ASK | {"stream": True}, "connection: close\r\nx-simulator-tokens-per-s: 200\r\n"))
        received = await reader.read()
        writer.close()
        return received

    received = await asyncio.gather(*(one() for _ in range(200)))
    assert all(b"[DONE]" in answer for answer in received)
    assert {seen.state for seen in sim.requests} == {"complete"}
