"""`/v1/messages` and `/v1/responses`: what is sent, refusals in their own envelope, and the simulator's own answers."""

from __future__ import annotations

from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer
from wire_facts import KEY, text_of

from halley.core.calls import ImagePart, Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.errors import (
    ContextTooLong,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
)
from halley.core.events import Finish, ToolCallDelta
from halley.core.settings import ProviderSettings
from halley.providers.presets import resolve_endpoint
from halley.providers.wires.table import WIRES, build_provider
from halley.simulator import Simulator

PROMPT = Prompt(
    (
        system("Be brief."),
        user("What is this?", ImagePart("image/png", b"\x00\x01")),
        user("And this?"),
        Message("assistant", ("Hm.",), tool_calls=(ToolCall("call_1", "read", '{"path":"a"}'),)),
        Message("tool", ("content",), tool_call_id="call_1"),
    ),
    max_tokens=50,
    temperature=0.2,
    stop=("END", "\n\n"),
    tools=(Tool("read", "Reads a file.", {"type": "object"}),),
)
MESSAGE = {
    "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2},
}  # fmt: skip
RESPONSE = {
    "object": "response", "status": "completed", "usage": {"input_tokens": 3, "output_tokens": 2},
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello", "annotations": []}]}],
}  # fmt: skip


async def test_a_whole_request_to_messages(provider_of: Any, ask: Any) -> None:
    async with FaultServer([f.reply(200, MESSAGE)]) as host:
        events, error = await ask(provider_of(host.url, "anthropic"), "claude-sonnet-4-5", PROMPT)
        request = host.requests[0]
    assert error is None and text_of(events) == "Hello"
    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == KEY and "authorization" not in request.headers
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.json == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "AAE="},
                    },
                    {"type": "text", "text": "And this?"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Hm."},
                    {"type": "tool_use", "id": "call_1", "name": "read", "input": {"path": "a"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "call_1",
                        "content": [{"type": "text", "text": "content"}],
                    }
                ],
            },
        ],
        "temperature": 0.2,
        "stop_sequences": ["END"],
        "tools": [
            {
                "name": "read",
                "description": "Reads a file.",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
        "stream": True,
    }


async def test_a_whole_request_to_responses(provider_of: Any, ask: Any) -> None:
    async with FaultServer([f.reply(200, RESPONSE)]) as host:
        provider = provider_of(host.url, kind="openai-responses")
        events, error = await ask(provider, "o4-mini", PROMPT)
        request = host.requests[0]
    assert error is None and text_of(events) == "Hello"
    assert request.path == "/v1/responses"
    assert request.json == {
        "model": "o4-mini",
        "instructions": "Be brief.",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAE=", "detail": "auto"},
                ],
            },
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And this?"}]},
            {
                "type": "message",
                "id": "msg_3",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Hm.", "annotations": []}],
            },
            {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": '{"path":"a"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "content"},
        ],
        "max_output_tokens": 50 + 4096,
        "tools": [
            {
                "type": "function",
                "name": "read",
                "description": "Reads a file.",
                "parameters": {"type": "object", "properties": {}},
                "strict": False,
            }
        ],
        "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }


def said(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_011"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (529, said("overloaded_error", "Overloaded"), ProviderUnavailable),
        (429, said("rate_limit_error", "This request would exceed your rate limit"), RateLimited),
        (400, said("invalid_request_error", "prompt is too long: 201 tokens > 200 maximum"), ContextTooLong),
        (400, said("invalid_request_error", "Your credit balance is too low"), QuotaExhausted),
        (400, said("invalid_request_error", "messages: roles must alternate"), RequestRefused),
        (413, said("request_too_large", "Request exceeds the maximum size"), ContextTooLong),
    ],
)
async def test_refusals_of_messages(
    provider_of: Any, ask: Any, status: int, body: Any, kind: type[Exception]
) -> None:
    async with FaultServer([f.reply(status, body, retry_after="7")]) as host:
        _, error = await ask(provider_of(host.url, "anthropic"), "claude-sonnet-4-5")
        assert type(error) is kind
        assert error.problem.request_id == "req_011"
        if kind is RateLimited:
            assert error.problem.retry_after_ms == 7000


async def test_messages_learns_too(provider_of: Any, ask: Any) -> None:
    refusal = f.reply(400, said("invalid_request_error", "`temperature` is deprecated for this model."))
    async with FaultServer([refusal], [f.reply(200, MESSAGE)]) as host:
        _, error = await ask(provider_of(host.url, "anthropic"), "claude-new", PROMPT)
        assert error is None
        assert [("temperature" in request.json) for request in host.requests] == [True, False]


async def test_all_pages_of_models(provider_of: Any) -> None:
    first = {
        "data": [{"id": "claude-a", "display_name": "Claude A"}],
        "has_more": True,
        "last_id": "claude-a",
    }
    async with FaultServer([f.reply(200, first)], [f.reply(200, {"data": [{"id": "claude-b"}]})]) as host:
        models = await provider_of(host.url, "anthropic").list_models()
        assert [model.label for model in models] == ["Claude A", "claude-b"]
        assert host.requests[1].path == "/v1/models?limit=1000&after_id=claude-a"


@pytest.mark.parametrize("kind", list(WIRES))
async def test_every_wire_against_the_simulator(http: Any, ask: Any, kind: str) -> None:
    """Text, thinking, tools, usage and an interruption, the same by every wire."""

    async def get_key() -> None:
        return None

    async with Simulator() as sim:
        settings = ProviderSettings(preset="simulator", kind=kind, base_url=sim.base_url)  # type: ignore[arg-type]
        endpoint = resolve_endpoint("sim", settings, {})
        provider = build_provider(endpoint, http, get_key)
        sim.script("Hello there", reasoning="Hm.")
        events, error = await ask(
            provider, "sim-reason", Prompt((system("x"), user("Hi"), assistant("?"), user("!")))
        )
        assert error is None and text_of(events) == "Hello there"
        finish = events[-1]
        assert isinstance(finish, Finish) and finish.reason == "stop"
        assert finish.usage and finish.usage.input_tokens > 0 and finish.usage.output_tokens > 0

        sim.script(tool_calls=[{"name": "read", "arguments": {"path": "a"}}])
        tool = Tool("read", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}})
        events, error = await ask(provider, "sim-chat", Prompt((user("Read a"),), tools=(tool,)))
        calls = [event for event in events if isinstance(event, ToolCallDelta)]
        assert error is None and events[-1].reason == "tool_calls"
        assert "".join(call.name for call in calls) == "read"
        assert "".join(call.arguments for call in calls).replace(" ", "") == '{"path":"a"}'

        sim.script(chunks=["Hel", "lo ", "the", "re."], fault="reset_mid_stream")
        events, error = await ask(provider, "sim-chat", Prompt((user("Hi"),)))
        assert error is not None and error.code == "interrupted" and text_of(events)

        assert "sim-chat" in [model.ref.name for model in await provider.list_models()]
