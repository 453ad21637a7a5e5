"""An end is not an answer: what ends without one says so, and is asked again where nothing was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer

from halley.core.calls import Prompt, user
from halley.core.errors import BadReply, Interrupted
from halley.core.events import ReasoningDelta
from halley.routing.retry import rule_for

THOUGHT = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]}


def end(reason: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


@pytest.mark.parametrize(
    ("chunks", "attempts", "words"),
    [
        ([end("stop")], 2, "empty answer"),
        ([{"choices": [{"index": 0, "delta": {"content": " \n"}}]}, end("stop")], 2, "empty answer"),
        ([end("malformed_function_call")], 2, "tool call"),
        ([end("tool_calls")], 2, "empty answer"),
        ([end("content_filter")], 1, "content filter"),
        ([THOUGHT, end("stop")], 1, "after thinking"),
        ([THOUGHT, end("MALFORMED_FUNCTION_CALL")], 1, "tool call"),
    ],
)
async def test_an_end_without_an_answer(
    provider_of: Any, ask: Any, chunks: list[Any], attempts: int, words: str
) -> None:
    async with FaultServer(f.stream(*chunks)) as host:
        events, error = await ask(provider_of(host.url))
    assert isinstance(error, BadReply | Interrupted) and words in error.problem.message
    assert all(isinstance(event, ReasoningDelta) or not event.text.strip() for event in events)
    if isinstance(error, BadReply):
        assert rule_for(error).attempts == attempts


@pytest.mark.parametrize("reason", ["error", "network_error", "malformed_function_call"])
async def test_text_beside_an_end_that_failed_is_kept(provider_of: Any, ask: Any, reason: str) -> None:
    first = {"choices": [{"index": 0, "delta": {"content": "Half a "}}]}
    last = {"choices": [{"index": 0, "delta": {"content": "sentence"}, "finish_reason": reason}]}
    async with FaultServer(f.stream(first, last)) as host:
        events, error = await ask(provider_of(host.url))
    assert "".join(event.text for event in events) == "Half a sentence"
    assert isinstance(error, Interrupted)


@pytest.mark.parametrize(("tokens", "reason"), [(20, "length"), (19, "stop")])
async def test_a_reply_that_took_every_token_it_may_have_was_cut(
    provider_of: Any, ask: Any, tokens: int, reason: str
) -> None:
    """llama.cpp's `/responses` says `completed` of it."""
    whole = {"status": "completed", "usage": {"input_tokens": 5, "output_tokens": tokens}}
    chunks = [
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.completed", "response": whole},
    ]
    async with FaultServer(f.stream(*chunks)) as host:
        provider = provider_of(host.url, kind="openai-responses")
        events, error = await ask(provider, "m", Prompt((user("Hello"),), max_tokens=20))
    assert error is None and events[-1].reason == reason


async def test_nothing_is_an_answer_at_the_cursor(provider_of: Any, ask: Any) -> None:
    prompt = Prompt((user("Complete."),), max_tokens=9)
    async with FaultServer(f.stream(end("stop"))) as host:
        _, error = await ask(provider_of(host.url), "m", replace(prompt, may_be_empty=True))
    assert error is None


@pytest.mark.parametrize(
    ("preset", "chunks"),
    [
        (
            "anthropic",
            [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}],
        ),
        ("openai", [end("stop")]),
    ],
)
async def test_every_wire_says_so(provider_of: Any, ask: Any, preset: str, chunks: list[Any]) -> None:
    async with FaultServer(f.stream(*chunks)) as host:
        _, error = await ask(provider_of(host.url, preset))
    assert isinstance(error, BadReply) and error.empty
