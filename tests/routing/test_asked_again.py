"""An end without an answer is asked for again, once, where nothing was seen; otherwise it is reported, never complete."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer

from halley.core.calls import Call, Caller, Prompt, user
from halley.core.errors import BadReply, Interrupted
from halley.core.events import Finish, ReasoningDelta, TextDelta
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.ask import Line, ask
from halley.features.room import EngineRoom


def chat(reason: str | None, **delta: Any) -> list[Any]:
    chunks = [{"index": 0, "delta": delta}, {"index": 0, "delta": {}, "finish_reason": reason}]
    usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 0}}
    return f.stream(*({"choices": [chunk]} for chunk in chunks), usage)


def responses(*output: Any, status: str = "completed", **more: Any) -> list[Any]:
    whole = {"object": "response", "status": status, "output": output, **more}
    return f.stream({"type": f"response.{status}", "response": whole})


def messages(reason: str, *blocks: Any) -> list[Any]:
    chunks: list[Any] = [{"type": "message_start", "message": {"usage": {"input_tokens": 5}}}]
    for index, block in enumerate(blocks):
        chunks.append({"type": "content_block_start", "index": index, "content_block": block})
        chunks.append({"type": "content_block_stop", "index": index})
    end = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 1}}
    return f.stream(*chunks, end, {"type": "message_stop"})


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
NOTHING_SEEN: dict[str, tuple[str, Any]] = {
    "an empty stop": ("openai", chat("stop")),
    "an empty stop in full": ("openai", [f.reply(200, {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]})]),
    "blanks": ("openai", chat("stop", content="\n\n")),
    "a role and no more": ("openai", chat("stop", role="assistant", content="")),
    "calls that never came": ("openai", chat("tool_calls", tool_calls=[])),
    "a malformed call": ("openai", chat("malformed_function_call")),
    "a malformed call, as Gemini's own API names it": ("openai", chat("MALFORMED_FUNCTION_CALL")),
    "a malformed call, by LiteLLM": ("openai", chat("function_call_filter: MALFORMED_FUNCTION_CALL")),
    "an unexpected call": ("openai", chat("UNEXPECTED_TOOL_CALL")),
    "no choices": ("openai", f.stream({"choices": []})),
    "only [DONE]": ("openai", f.stream()),
    "a response without output": ("openai-responses", responses()),
    "a response with an empty message": ("openai-responses", responses({"type": "message", "content": []})),
    "a message without blocks": ("anthropic", messages("end_turn")),
    "an empty block": ("anthropic", messages("end_turn", {"type": "text", "text": ""})),
    "a message in full without content": ("anthropic", [f.reply(200, {"type": "message", "content": [], "stop_reason": "end_turn"})]),
}  # fmt: skip
THOUGHT_ONLY: dict[str, tuple[str, Any]] = {
    "thinking apart": ("openai", chat("stop", reasoning_content="Hm.")),
    "thinking in the text": ("openai", chat("stop", content="<think>Hm.</think>\n")),
    "thinking without an end": ("openai", chat("stop", content="<think>Hm.")),
    "thinking, then a malformed call": ("openai", chat("malformed_function_call", reasoning="Hm.")),
    "harmony's analysis": ("openai", chat("stop", content="<|channel|>analysis<|message|>Hm.<|end|>")),
    "reasoning items": ("openai-responses", responses(THOUGHT)),
    "thinking blocks": ("anthropic", messages("end_turn", {"type": "thinking", "thinking": "Hm.", "signature": "s"})),
}  # fmt: skip
GOOD = {
    "openai": chat("stop", content="Hello"),
    "openai-responses": responses({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}),
    "anthropic": messages("end_turn", {"type": "text", "text": "Hello"}),
}


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    room = EngineRoom.open(environ={**os.environ, "WORK_KEY": "sk-work-0000001"})
    yield room
    await room.aclose()


def settings_for(url: str, kind: str) -> Settings:
    return Settings.model_validate(
        {"providers": {"work": {"base_url": url, "kind": kind, "key": {"env": "WORK_KEY"}}}}
    )


async def stream(room: EngineRoom, url: str, kind: str) -> tuple[list[Any], Any]:
    call = Call(Prompt((user("hi"),)), (ModelRef("work", "m"),), "test", settings_for(url, kind))
    events: list[Any] = []
    try:
        async for event in room.router.stream(call):
            events.append(event)
    except (BadReply, Interrupted) as error:
        return events, error
    return events, None


async def statuses(room: EngineRoom) -> list[str]:
    rows = await room.database.read(lambda db: db.execute("SELECT status FROM calls ORDER BY id").fetchall())
    return [status for (status,) in rows]


@pytest.mark.parametrize("name", NOTHING_SEEN)
async def test_what_showed_nothing_is_asked_for_again(room: EngineRoom, name: str) -> None:
    kind, nothing = NOTHING_SEEN[name]
    async with FaultServer(nothing, GOOD[kind]) as host:
        events, error = await stream(room, host.url, kind)
    assert error is None and isinstance(events[-1], Finish)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello"
    assert len(host.requests) == 2 and await statuses(room) == ["failed", "complete"]


@pytest.mark.parametrize("name", NOTHING_SEEN)
async def test_once_and_then_it_is_reported(room: EngineRoom, name: str) -> None:
    kind, nothing = NOTHING_SEEN[name]
    async with FaultServer(nothing) as host:
        events, error = await stream(room, host.url, kind)
    assert len(host.requests) == 2 and events == []
    assert isinstance(error, BadReply) and error.problem.help
    assert await statuses(room) == ["failed", "failed"]


@pytest.mark.parametrize("name", THOUGHT_ONLY)
async def test_thinking_that_was_seen_is_no_answer_and_not_asked_for_again(
    room: EngineRoom, name: str
) -> None:
    kind, thought = THOUGHT_ONLY[name]
    async with FaultServer(thought, GOOD[kind]) as host:
        events, error = await stream(room, host.url, kind)
    assert isinstance(error, Interrupted) and len(host.requests) == 1
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["Hm."]
    assert await statuses(room) == ["interrupted"]


@pytest.mark.parametrize("name", THOUGHT_ONLY)
async def test_where_only_the_whole_reply_is_read_nothing_was_seen(room: EngineRoom, name: str) -> None:
    """Edits, titles, commit messages."""
    kind, thought = THOUGHT_ONLY[name]

    async def route(role: str) -> Any:
        return (ModelRef("work", "m"),)

    async with FaultServer(thought, GOOD[kind]) as host:
        line = Line(room.router, Caller(), settings_for(host.url, kind), route)
        assert (await ask(line, Prompt((user("hi"),)), feature="test")).text == "Hello"
        assert len(host.requests) == 2
    async with FaultServer(thought) as host:
        line = Line(room.router, Caller(), settings_for(host.url, kind), route)
        with pytest.raises(Interrupted):
            await ask(line, Prompt((user("hi"),)), feature="test")
        assert len(host.requests) == 2


async def test_a_reply_that_had_begun_is_not_asked_for_again(room: EngineRoom) -> None:
    async def route(role: str) -> Any:
        return (ModelRef("work", "m"),)

    async with FaultServer(chat("malformed_function_call", content="Hello")) as host:
        line = Line(room.router, Caller(), settings_for(host.url, "openai"), route)
        with pytest.raises(Interrupted):
            await ask(line, Prompt((user("hi"),)), feature="test")
        assert len(host.requests) == 1
