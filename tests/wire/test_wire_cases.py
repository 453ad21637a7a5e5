"""Every variant of a stream that was seen in the wild, however its bytes are cut. See README.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fault_server as f
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.errors import HalleyError
from halley.core.events import (
    Citation,
    Event,
    Finish,
    HostNotes,
    Image,
    ReasoningDelta,
    Recalled,
    TextDelta,
    ToolCallDelta,
)
from halley.providers.endpoint import Endpoint
from halley.providers.http.client import Http, HttpRequest
from halley.providers.refusals.errors import Asked
from halley.providers.stream.iterating import iterate
from halley.providers.stream.sse import Caps, LineDecoder, StreamDecoder, TooLarge
from halley.providers.stream.streaming import feed_events
from halley.providers.wires.anthropic import AnthropicReader
from halley.providers.wires.fim import FORMS
from halley.providers.wires.openai_reader import OpenAIReader
from halley.providers.wires.responses import ResponsesReader

HERE = Path(__file__).parent
CASES = sorted(path.stem for path in HERE.glob("*.sse"))
READERS: dict[str, Any] = {
    "openai": (OpenAIReader, StreamDecoder),
    "anthropic": (AnthropicReader, StreamDecoder),
    "responses": (ResponsesReader, StreamDecoder),
    "infill": (FORMS["llamacpp"].reader, StreamDecoder),
    "generate": (FORMS["ollama"].reader, LineDecoder),
}
ENDPOINT = Endpoint("host", "Host", "openai", "http://127.0.0.1:9/v1")


class Bytes:
    """An answer out of memory, in the pieces given."""

    status = 200
    endpoint = ENDPOINT
    headers: dict[str, str] = {}

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = iter(pieces)
        self.closed = self.finished = False

    async def pump(self, receive: Callable[[bytes], bool]) -> bool:
        return all(receive(piece) for piece in self.pieces if piece)

    def expect_end(self, seconds: float) -> None: ...

    def finish(self) -> None:
        self.finished = True

    async def aclose(self) -> None:
        self.closed = True


async def read_events(pieces: Iterable[bytes], wire: str) -> list[dict[str, Any]]:
    reader, decoder = READERS[wire]
    answer = Bytes(pieces)
    asked = Asked(ENDPOINT, "m", "http://127.0.0.1:9/v1/chat/completions")
    said = await collect(events_of(answer, reader(), asked, decoder()))  # type: ignore[arg-type]
    assert answer.closed != answer.finished, "an answer is given back or closed, never both"
    return said


def events_of(answer: Any, reader: Any, asked: Asked, decoder: Any) -> AsyncIterator[Event]:
    return iterate(lambda take: feed_events(answer, reader, asked, take, decoder))


async def collect(events: AsyncIterator[Event]) -> list[dict[str, Any]]:
    """Events in the form of the case files, neighbours joined, an error last."""
    said: list[dict[str, Any]] = []
    try:
        async for event in events:
            if not isinstance(event, HostNotes):  # opaque: what goes back is tested with hosts that want it
                join(said, shown(event))
    except HalleyError as error:
        id = error.problem.request_id
        said.append({"error": error.code, **({"requestId": id} if id else {})})
    return said


def shown(event: Event) -> dict[str, Any]:
    match event:
        case TextDelta(text):
            return {"text": text}
        case ReasoningDelta(text):
            return {"reasoning": text}
        case Recalled(length):
            return {"recalled": length}
        case ToolCallDelta(index, id, name, arguments):
            return {"tool": {"index": index, "id": id, "name": name, "arguments": arguments}}
        case Citation():
            named = {name: getattr(event, name) for name in ("url", "title", "start", "end", "quote")}
            return {"citation": {name: value for name, value in named.items() if value not in (None, "")}}
        case Image(mime, data, url):
            return {"image": {"mime": mime, **({"bytes": len(data)} if data else {"url": url})}}
        case Finish(reason, usage):
            counted = usage and {
                "input": usage.input_tokens, "output": usage.output_tokens, "cached": usage.cached_tokens,
                "reasoning": usage.reasoning_tokens, "cost": usage.cost_usd,
            }  # fmt: skip
            nonzero = {k: v for k, v in (counted or {}).items() if v or k in ("input", "output")}
            return {"finish": reason, **({"usage": nonzero} if usage else {})}
        case _:
            raise AssertionError(event)


def join(said: list[dict[str, Any]], event: dict[str, Any]) -> None:
    last = said[-1] if said else {}
    for kind in ("text", "reasoning"):
        if kind in event and kind in last:
            last[kind] += event[kind]
            return
    if "tool" in event and "tool" in last and event["tool"]["index"] == last["tool"]["index"]:
        for name in ("id", "name", "arguments"):
            last["tool"][name] += event["tool"][name]
        return
    said.append(event)


def load(name: str) -> tuple[bytes, dict[str, Any]]:
    return (HERE / f"{name}.sse").read_bytes(), json.loads((HERE / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", CASES)
async def test_case(name: str) -> None:
    """Whole, byte by byte, and in two pieces cut at every place."""
    raw, case = load(name)
    wire = case.get("wire", "openai")
    assert await read_events([raw], wire) == case["events"], case["says"]
    assert await read_events([raw[at : at + 1] for at in range(len(raw))], wire) == case["events"]
    step = max(1, len(raw) // 150)
    for at in range(0, len(raw), step):
        assert await read_events([raw[:at], raw[at:]] if at else [raw], wire) == case["events"], (
            f"cut at {at}"
        )


async def test_over_a_connection() -> None:
    """The same by real sockets, in slices, the connection's end being the body's."""
    cases = {name: load(name) for name in CASES}
    scripts = [[*f.head(), f.send_slices(raw, 11), f.close()] for raw, _ in cases.values()]
    http = Http({})
    async with f.FaultServer(*scripts) as host:
        for name, (_, case) in cases.items():
            endpoint = replace(ENDPOINT, base_url=host.url)
            reader, decoder = READERS[case.get("wire", "openai")]
            answer = await http.send(endpoint, HttpRequest("GET", host.url))
            events = events_of(answer, reader(), Asked(endpoint, "m", host.url), decoder())
            assert await collect(events) == case["events"], name
    await http.aclose()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_chunking_gives_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(CASES))
    raw, case = load(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=40)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    found = asyncio.run(read_events([piece for piece in pieces if piece], case.get("wire", "openai")))
    assert found == case["events"]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
def test_any_bytes_any_chunking(raw: bytes, cuts: list[int]) -> None:
    """Bytes no host would send: no exception, and the cuts make no difference."""
    whole = decode([raw])
    cuts = sorted(min(cut, len(raw)) for cut in cuts)
    assert decode([raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]) == whole


line = st.one_of(
    st.sampled_from(
        [
            b"data: ",
            b"data:",
            b"data",
            b": c",
            b"event: e",
            b"event:",
            b"id: 1",
            b"foo",
            b"",
            b"{x",
            b"\xef\xbb\xbf",
        ]
    ),
    st.binary(max_size=6).map(lambda value: b"data: " + value),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(line, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=20),
    st.lists(st.integers(0, 300), max_size=20),
)
def test_any_lines_any_chunking(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    raw = b"".join(text + end for text, end in lines)
    cuts = sorted(min(cut, len(raw)) for cut in cuts)
    assert decode([raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]) == decode([raw])


def decode(pieces: list[bytes]) -> Any:
    decoder = StreamDecoder()
    events = [event for piece in pieces if piece for event in decoder.feed(piece)]
    events += decoder.close()
    return events, decoder.kind, decoder.body


@pytest.mark.parametrize(
    ("caps", "piece", "what"),
    [
        (Caps(line=1000), b"data: " + b"x" * 100, "line"),
        (Caps(event=1000), b"data: " + b"x" * 100 + b"\n", "event"),
        (Caps(body=1000), b": ping\n\n", "body"),
        (Caps(body=1000), b"{" + b" " * 100, "body"),
        (Caps(line=1000), b"\xef" * 100, "line"),
    ],
)
def test_caps(caps: Caps, piece: bytes, what: str) -> None:
    decoder = StreamDecoder(caps)
    with pytest.raises(TooLarge, match=what):
        for _ in range(1000):
            decoder.feed(piece)


def test_a_long_line_in_small_pieces_costs_no_square() -> None:
    """Pieces are joined once: what is kept of a line is never copied while it grows."""
    decoder = StreamDecoder(replace(Caps(), line=64 * 2**20))
    decoder.feed(b"data: ")
    for _ in range(20_000):
        decoder.feed(b"x" * 512)
    assert len(decoder._rest) > 20_000  # type: ignore[attr-defined]
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 20_000 * 512
