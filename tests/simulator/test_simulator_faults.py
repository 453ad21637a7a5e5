"""Every fault does what its row says, as seen from a bare socket; scripted replies; what the record tells afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from halley.simulator import KEY, Simulator
from halley.simulator.faults import FAULTS, parse_rule

ASK: dict[str, Any] = {
    "model": "sim-chat",
    "messages": [{"role": "user", "content": "Say something of some length, please."}],
}


async def exchange(
    sim: Simulator,
    body: dict[str, Any],
    path: str = "/v1/chat/completions",
    patience: float = 20,
    **headers: str,
) -> bytes:
    """All the bytes that come back until the connection ends, or for so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
    data = json.dumps(body).encode()
    lines = "".join(
        f"{k}: {v}\r\n"
        for k, v in {"authorization": f"Bearer {KEY}", "connection": "close", **headers}.items()
    )
    writer.write(
        f"POST {path} HTTP/1.1\r\nhost: x\r\n{lines}content-length: {len(data)}\r\n\r\n".encode() + data
    )
    received = b""
    try:
        async with asyncio.timeout(patience):
            while piece := await reader.read(65536):
                received += piece
                if len(received) > 3_000_000:
                    break
    except (TimeoutError, ConnectionResetError) as error:
        received += b"<stalled>" if isinstance(error, TimeoutError) else b"<reset>"
    writer.close()
    return received


async def stream(sim: Simulator, fault: str, patience: float = 20, **extra: Any) -> bytes:
    body = ASK | {"stream": True, **extra}
    return await exchange(sim, body, patience=patience, **{"x-simulator-fault": fault})


EXPECTED: dict[str, tuple[bytes, ...]] = {
    "reset": (b"<reset>",),
    "stall": (b"<stalled>",),
    "headers_then_stall": (b"HTTP/1.1 200", b"<stalled>"),
    "500": (b"HTTP/1.1 500", b'"error":'),
    "500_bad_request": (b"HTTP/1.1 500", b'"code":"invalid_request"'),
    "502": (b"HTTP/1.1 502", b"content-length: 0"),
    "503": (b"HTTP/1.1 503", b'"code":503'),
    "504": (b"HTTP/1.1 504", b"upstream request timeout"),
    "524": (b"HTTP/1.1 524", b"cloudflare", b"<html>"),
    "529": (b"HTTP/1.1 529", b"overloaded_error"),
    "html_52x": (b"HTTP/1.1 520", b"<html>"),
    "429": (b"HTTP/1.1 429", b"retry-after: 1"),
    "429:retry_after=date": (b"HTTP/1.1 429", b" GMT"),
    "429:retry_after=ms": (b"retry-after-ms: 250",),
    "429:retry_after=reset:in=6m0s": (b"x-ratelimit-reset-requests: 6m0s",),
    "429:retry_after=iso": (b"anthropic-ratelimit-requests-reset: 2",),
    "429:retry_after=1.5": (b"retry-after: 1.5",),
    "429_quota": (b"HTTP/1.1 429", b"insufficient_quota"),
    "401": (b"HTTP/1.1 401",),
    "402": (b"HTTP/1.1 402",),
    "403": (b"HTTP/1.1 403",),
    "403_quota": (b"insufficient_user_quota",),
    "404_model": (b"HTTP/1.1 404", b"model_not_found"),
    "400_too_long": (b"HTTP/1.1 400", b"context_length_exceeded"),
    "400_unsupported_parameter:param=stream": (b"HTTP/1.1 400", b"'stream'"),
    "301": (b"HTTP/1.1 301", b"location: http://localhost"),
    "html_200": (b"HTTP/1.1 200", b"text/html", b"sign in"),
    "json_error_200": (b"HTTP/1.1 200", b'"error":'),
    "empty_200": (b"HTTP/1.1 200", b"content-length: 0"),
    "gzip_bomb": (b"content-encoding: gzip",),
    "endless_line": (b"x" * 10_000,),
    "oversize": (b"x" * 10_000,),
    "endless_headers": (b"x-padding-500",),
    "reset_mid_stream": (b'"content":"', b"<reset>"),
    "stall_mid_stream": (b'"content":"', b"<stalled>"),
    "done_but_cut": (b'"content":"', b"[DONE]"),
    "error_before_token": (b'data: {"error":',),
    "error_in_stream": (b'"content":"', b'data: {"error":', b"<stalled>"),
    "error_text_in_stream": (b'"content":"', b'data: {"error":"upstream timed out"}'),
    "plain_text_in_stream": (b"data: upstream connect error",),
    "invalid_utf8": (b"\xff\xfe",),
    "usage_null": (b'"usage":null',),
    "choices_empty_first": (b'"choices":[],"prompt_filter_results"',),
    "content_null": (b'"content":null',),
    "content_parts": (b'"content":[{"type":"text"',),
    "message_beside_delta": (b'"delta":{},"message":{"role"',),
    "finish_eos": (b'"finish_reason":"eos_token"',),
    "finish_empty": (b'"finish_reason":""',),
    "pings": (b": PING\n\n",),
    "crlf": (b"\r\n\r",),
    "cr": (b"}\r\r",),
    "no_space": (b'data:{"id"',),
    "multi_line_data": (b',\ndata: "',),
    "split_utf8": (b"1\r\nd\r\n1\r\na\r\n",),
    "bom": (b"3\r\n\xef\xbb\xbf\r\n",),
    "think_tags": (b'"content":"think"',),
    "sse_as_json": (b"application/json", b'"object":"chat.completion"'),
    "json_as_sse": (b"text/event-stream", b'"object":"chat.completion"'),
    "unicode_lines": ("\u2028".encode(), "\u0085".encode()),
    "content_filter": (b'"finish_reason":"content_filter"',),
}
ABSENT: dict[str, tuple[bytes, ...]] = {
    "eof_without_finish": (b"[DONE]", b'"finish_reason":"stop"'),
    "cut_mid_stream": (b"[DONE]", b"0\r\n\r\n"),
    "done_but_cut": (b'"finish_reason":"stop"',),
    "no_done": (b"[DONE]",),
    "close": (b"HTTP",),
    "no_blank_line": (b"[DONE]\n",),
    "reset_mid_stream": (b'"finish_reason":"stop"',),
}


@pytest.mark.parametrize("fault", EXPECTED)
async def test_fault_shows(sim: Simulator, fault: str):
    received = await stream(sim, fault, 0.5 if b"<stalled>" in EXPECTED[fault] else 20)
    for wanted in EXPECTED[fault]:
        assert wanted in received, received[:2000]
    assert sim.requests[-1].fault == fault.split(":")[0]


@pytest.mark.parametrize("fault", ABSENT)
async def test_fault_leaves_out(sim: Simulator, fault: str):
    received = await stream(sim, fault)
    for unwanted in ABSENT[fault]:
        assert unwanted not in received


def test_every_fault_is_tried_here():
    tried = {name.split(":")[0] for name in (*EXPECTED, *ABSENT)}
    assert set(FAULTS) - tried == {
        "refuse",
        "malformed_chunk",
        "cut_tool_arguments",
        "no_index",
        "blank_lines_first",
    }


async def test_malformed_chunk_spoils_one_event(sim: Simulator):
    received = (await stream(sim, "malformed_chunk")).decode()
    events = [line[6:] for line in received.split("\n") if line.startswith("data: {")]
    broken = [event for event in events if not _is_json(event.rstrip("\r"))]
    assert len(broken) == 1 and len(events) > 5


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def test_tool_faults(sim: Simulator):
    tool = {
        "type": "function",
        "function": {
            "name": "look",
            "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        },
    }
    extra = {"tools": [tool], "tool_choice": "required"}
    assert b'"tool_calls":[{"id"' in await stream(sim, "no_index", **extra)
    cut = await exchange(sim, ASK | extra, **{"x-simulator-fault": "cut_tool_arguments"})
    arguments = json.loads(cut.split(b"\r\n\r\n", 1)[1])["choices"][0]["message"]["tool_calls"][0][
        "function"
    ]["arguments"]
    assert not _is_json(arguments)


@pytest.mark.parametrize(
    "fault", ["bom", "blank_lines_first", "invalid_utf8", "usage_null", "error_in_stream", "cut_mid_stream"]
)
async def test_faults_of_whole_bodies(sim: Simulator, fault: str):
    received = await exchange(sim, ASK, **{"x-simulator-fault": fault})
    head, _, body = received.partition(b"\r\n\r\n")
    wanted = {
        "bom": b"\xef\xbb\xbf{",
        "blank_lines_first": b"\n\n\n",
        "invalid_utf8": b"\xff\xfe",
        "usage_null": b'"usage":null',
        "error_in_stream": b'"error"',
    }
    if fault == "cut_mid_stream":
        declared = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert 0 < len(body) < declared
    else:
        assert wanted[fault] in body


async def test_refuse_resets_immediately_and_a_stopped_host_refuses(sim: Simulator):
    sim.set_faults("refuse")
    assert await exchange(sim, ASK) in (b"", b"<reset>")
    assert sim.requests == []
    sim.set_faults()
    await sim.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", sim.port)
    await sim.start()
    assert b"HTTP/1.1 200" in await exchange(sim, ASK)


# -- rules


async def statuses(sim: Simulator, count: int) -> list[int]:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
        return [
            (await client.post(f"{sim.base_url}/chat/completions", json=ASK)).status_code
            for _ in range(count)
        ]


async def test_first_after_and_probability():
    async with Simulator(faults=["500:first=2", "503:first=1"]) as sim:
        assert await statuses(sim, 4) == [500, 500, 503, 200]
    async with Simulator(faults=["500:after=1:first=1"]) as sim:
        assert await statuses(sim, 3) == [200, 500, 200]
    seen = []
    for _ in range(2):
        async with Simulator(faults=["500:0.5"], seed=7) as sim:
            seen.append(await statuses(sim, 20))
    assert seen[0] == seen[1] and 4 < seen[0].count(500) < 16


async def test_faults_reach_a_request_by_model_name_metadata_and_header(sim: Simulator):
    for change, headers in (
        ({"model": "sim-chat?fault=503"}, {}),
        ({"metadata": {"simulator_fault": "503"}}, {}),
        ({}, {"x-simulator-fault": "503"}),
    ):
        assert b"HTTP/1.1 503" in await exchange(sim, ASK | change, **headers)
    assert b"HTTP/1.1 200" in await exchange(sim, ASK)


@pytest.mark.parametrize("text", ["nonsense", "500:2", "500:first=x", "500:often"])
def test_wrong_rules_are_refused(text: str):
    with pytest.raises(ValueError):
        parse_rule(text)


# -- scripts


async def test_scripted_replies_come_in_turn_and_fit_their_calls(sim: Simulator):
    sim.script("for the small one", model="sim-fast")
    sim.script("first", contains="length")
    sim.script(chunks=["a", "b", "c"], finish="length")
    first = await exchange(sim, ASK)
    assert b'"content":"first"' in first
    second = await exchange(sim, ASK | {"stream": True})
    assert second.count(b'"delta":{"content":') == 3 and b'"finish_reason":"length"' in second
    assert b"for the small one" in await exchange(sim, ASK | {"model": "sim-fast"})
    assert b"Simulated" in await exchange(sim, ASK)
    assert [seen.scripted for seen in sim.requests] == [True, True, True, False]


async def test_scripts_of_status_bytes_tools_and_faults(sim: Simulator):
    sim.script(status=418, body="short and stout", headers={"x-pot": "tea"})
    assert (
        b"HTTP/1.1 418" in (got := await exchange(sim, ASK))
        and b"x-pot: tea" in got
        and got.endswith(b"short and stout")
    )
    sim.script(raw="data: {not json\n\n")
    assert b"data: {not json" in await exchange(sim, ASK | {"stream": True})
    sim.script(tool_calls=[{"name": "rm", "arguments": '{"path": "/'}])
    assert b'"arguments":"{\\"path\\": \\"/"' in await exchange(sim, ASK)
    sim.script("one two three four", fault="reset_mid_stream")
    assert b"<reset>" in await exchange(sim, ASK | {"stream": True})
    sim.script("again", repeat=2)
    assert [b'"again"' in await exchange(sim, ASK) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("pieces", [0, 2])
async def test_a_held_reply_waits_for_its_release(sim: Simulator, pieces: int):
    sim.script(chunks=["a", "b", "c"], hold=pieces)
    asked = asyncio.create_task(exchange(sim, ASK | {"stream": True}))
    await sim.wait_for(lambda sim: sim.requests)
    assert b'"content":"c"' not in await exchange(sim, ASK)  # another call is answered meanwhile
    assert sim.requests[0].state == "open" and not asked.done()
    async with httpx2.AsyncClient() as client:
        await client.delete(f"{sim.origin}/_simulator/hold")
    assert b'"content":"c"' in await asked


async def test_control_over_http(sim: Simulator):
    async with httpx2.AsyncClient() as client:
        control = f"{sim.origin}/_simulator"
        assert (await client.post(f"{control}/script", json=[{"text": "scripted"}])).json() == {
            "added": 1,
            "waiting": 1,
        }
        assert (await client.post(f"{control}/script", json={"txt": "x"})).status_code == 400
        assert b"scripted" in await exchange(sim, ASK)
        seen = (await client.get(f"{control}/requests")).json()["requests"][0]
        assert seen["body"]["model"] == "sim-chat" and seen["state"] == "complete"
        assert KEY not in seen["headers"]["authorization"] or "sha256" in seen["headers"]["authorization"]
        changed = (await client.post(f"{control}/options", json={"fault": "500", "delay_ms": 1})).json()
        assert changed["faults"] == ["500"] and changed["delay_ms"] == 1
        assert b"HTTP/1.1 500" in await exchange(sim, ASK)
        assert set((await client.get(f"{control}/faults")).json()) == set(FAULTS)
        assert (await client.get(f"{control}/nothing")).status_code == 404


async def test_keys_are_masked_over_http(sim: Simulator):
    await exchange(sim, ASK, authorization="Bearer sk-a-real-secret-key")
    async with httpx2.AsyncClient() as client:
        assert "real-secret" not in (await client.get(f"{sim.origin}/_simulator/requests")).text
    assert sim.requests[0].key == "sk-a-real-secret-key"
