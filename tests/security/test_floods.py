"""Replies without end and in tiny pieces: the daemon stays free for others, time is linear, and what came is kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from test_linear import is_linear

from halley.core.errors import Interrupted
from halley.core.events import Event, ReasoningDelta, Recalled, TextDelta, ToolCallDelta
from halley.core.pieces import Pieces
from halley.engine.prompting.tool_text import BlockSplitter
from halley.features.ask import ModelReply
from halley.providers.echoes import Stream, mask_of
from halley.providers.http.answer import HttpAnswer
from halley.providers.presets import resolve_endpoint
from halley.providers.refusals.errors import Asked
from halley.providers.stream import streaming
from halley.providers.stream.iterating import iterate
from halley.providers.stream.think import ThinkSplitter
from halley.providers.wires.openai_reader import OpenAIReader
from halley.stores.chats.pieces import pieces_of

END = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def _frame(**delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


class Flood(httpx.AsyncByteStream):
    """A body whose bytes are all there: reading it never waits."""

    def __init__(self, body: bytes) -> None:
        self._pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def _read(body: bytes) -> AsyncIterator[Event]:
    endpoint = resolve_endpoint("ollama", None, {})
    answer = HttpAnswer(endpoint, httpx.Response(200, stream=Flood(body)), lambda: None, lambda _answer: None)
    asked = Asked(endpoint, "m", mask=mask_of(["sk-0123456789-abcdefghijklm"]))
    return iterate(lambda take: streaming.feed_events(answer, OpenAIReader(), asked, take))


async def test_others_get_their_turn_while_a_reply_floods_in() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    async for _ in _read(_frame(content="x" * 20) * 20_000 + END):
        pass
    task.cancel()
    assert turns > 5


def _said(name: str, text: str) -> Any:
    call = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": text}}]
    return call if name == "tool_calls" else text


@pytest.mark.parametrize("name", ["content", "reasoning_content", "tool_calls"])
async def test_a_reply_without_end_ends_and_is_saved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_TEXT", 100_000)
    first, frame = (_frame(**{name: _said(name, text)}) for text in ('{"a": "', "x" * 20))
    reply = ModelReply()
    with pytest.raises(Interrupted) as caught:
        async for event in _read(first + frame * 10_000 + END):
            reply.add(event)
    assert "million" in caught.value.problem.message and caught.value.problem.help
    said = reply.text + reply.reasoning + "".join(one.arguments for one in reply.tool_calls.values())
    assert 99_000 < len(said) <= 100_000


def _reply(events: list[Event]) -> None:
    reply = ModelReply()
    for event in events:
        reply.add(event)
    assert reply.text or reply.reasoning or reply.tool_calls


def _split(events: list[Event]) -> None:
    splitter = BlockSplitter()
    for event in events:
        splitter.feed(getattr(event, "text", ""))
    splitter.close()


def _think(events: list[Event]) -> None:
    splitter = ThinkSplitter()
    for event in events:
        splitter.feed(getattr(event, "text", ""))


def _mask(events: list[Event]) -> None:
    stream = Stream(mask_of(["sk-0123456789-abcdefghijklm", "abababababababababababab0"]))
    for event in events:
        list(stream.feed(event))


def _keep(events: list[Event]) -> None:
    pieces_of(events, Path("/nowhere"))


BEGINNINGS = ("", "```tool_call\n", '```tool_call\n{"name": "', "<think>", "\n" * 30)
TEXTS = ("x" * 20, "\n", " ", "`", "}", "\n```", "ab", "sk-01234", "<", "</think", " \n")


@pytest.mark.parametrize("work", [_reply, _split, _think, _mask, _keep])
def test_pieces_take_linear_time(work: Callable[[list[Event]], None], tried: Callable[..., None]) -> None:
    kinds: list[Callable[[str], Event]] = [TextDelta]
    count = 1_500 if work in (_reply, _keep) else 200
    if work is _reply:
        kinds.append(ReasoningDelta)
        kinds.append(lambda text: ToolCallDelta(0, arguments=text))

    def cost(events: Any) -> float:
        begin = time.process_time()
        work(events)
        return time.process_time() - begin

    for kind in kinds:
        for first in BEGINNINGS:
            for text in TEXTS:
                tried()
                small: Any = [kind(first), *[kind(text)] * count]
                large: Any = [kind(first), *[kind(text)] * count * 8]
                assert is_linear(cost, small, large), (kind, first, text)


def test_pieces_are_their_text() -> None:
    pieces = Pieces("a")
    for piece in ("", "b", "", "c"):
        pieces.add(piece)
    assert str(pieces) == str(pieces) == "abc" and pieces.size == 3 and pieces and not Pieces()


def test_what_was_recalled_is_counted_as_it_was_shown() -> None:
    key = "sk-0123456789-abcdefghijklm"
    stream, reply = Stream(mask_of([key])), ModelReply()
    said = f"I see {key} and sk-01"
    for event in (TextDelta(said), Recalled(len(said)), TextDelta("Hello.")):
        for shown in stream.feed(event):
            reply.add(shown)
    assert reply.text == "Hello." and key not in reply.reasoning


async def test_a_window_answers_while_a_reply_floods_in(daemon, config: Path) -> None:
    """By the order of messages: the other answer comes before the end of the flood."""
    go_on = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "m"}]})
        stream = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await stream.prepare(request)
        for number in range(200):  # no two pieces alike: a reply that goes round in circles is stopped
            pieces = (sha256(f"{number} {one}".encode()).hexdigest()[:20] for one in range(100))
            await stream.write(b"".join(_frame(content=piece) for piece in pieces))
        await go_on.wait()
        await stream.write(END)
        return stream

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    config.write_text(
        f'[providers.simulator]\nbase_url = "{url}"\nkey = {{ env = "HALLEY_SIMULATOR_KEY" }}\n'
        '[roles]\nchat = ["simulator/m"]\n[search]\nenabled = false\n'
    )
    window = await daemon()
    chat = asyncio.create_task(window.chat("Go."))
    await window.until(lambda: any(method == "$/progress" for method, _ in window.heard))
    await window.request("halley/usage", {})
    assert not chat.done()
    go_on.set()
    result, _ = await chat
    assert len(result["replies"][0]["text"]) == 400_000
    await runner.cleanup()
