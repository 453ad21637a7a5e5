"""Prompt caching: marks in `/v1/messages`, the same bytes from turn to turn everywhere, and replies as long as may be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.calls import Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.models import Model
from halley.providers.facts import describe_model
from halley.providers.hosts.learning import Learned
from halley.providers.wires.anthropic import build_messages_body
from halley.providers.wires.requests import build_chat_body
from halley.providers.wires.responses import build_responses_body
from halley.providers.wires.room import DEFAULT_OUTPUT, longest_output

TOOLS = (Tool("list", "Lists.", {"type": "object"}), Tool("read", "Reads.", {"type": "object"}))
FIRST = (system("Be brief. " * 400), user("One."))
SECOND = (*FIRST, assistant("1."), user("Two."))
CALL = Message("assistant", ("",), (ToolCall("c1", "read", "{}"),))
THIRD = (*SECOND, CALL, Message("tool", ("in a",), tool_call_id="c1"))
LONG = (*THIRD, assistant("a"), user("b"), assistant("c"), user("d"))
WHOLE = {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}


def marks(value: Any) -> int:
    return json.dumps(value).count("cache_control")


def messages_body(messages: tuple[Message, ...], learned: Learned | None = None) -> dict[str, Any]:
    return build_messages_body("claude-x", Prompt(messages, tools=TOOLS), learned or Learned(), {})


@pytest.mark.parametrize("messages", [FIRST, SECOND, THIRD, LONG])
def test_the_stable_part_is_marked_at_most_four_times(messages: tuple[Message, ...]) -> None:
    body = messages_body(messages)
    assert 3 <= marks(body) <= 4
    assert marks(body["tools"][-1]) == marks(body["system"]) == marks(body["messages"][-1]) == 1
    assert not marks(body["tools"][:-1])


@pytest.mark.parametrize(("earlier", "later"), [(FIRST, SECOND), (SECOND, THIRD), (THIRD, LONG[:-2])])
def test_what_one_request_wrote_to_the_cache_the_next_one_reads(earlier: Any, later: Any) -> None:
    """The last mark of a request is on the last but one turn of the user in the next."""
    marked = [turn for turn in messages_body(earlier)["messages"] if marks(turn)]
    again = [turn for turn in messages_body(later)["messages"] if marks(turn)]
    assert again[-2] == marked[-1]


def test_what_cannot_pay_gets_no_marks() -> None:
    assert not marks(build_messages_body("claude-x", Prompt(FIRST), Learned(), {})), "nothing follows"
    short = (system("Be brief."), *SECOND[1:])
    assert not marks(build_messages_body("claude-x", Prompt(short, tools=TOOLS), Learned(), {}))
    assert not marks(messages_body(THIRD, Learned(no_caching=True)))


said = st.text(min_size=1, max_size=20).filter(str.strip)
rounds = st.one_of(
    said.map(lambda text: (assistant(text), user(text[::-1] + "."))),
    said.map(lambda text: (replace(CALL, parts=(text,)), Message("tool", (text,), tool_call_id="c1"))),
)
BUILDERS = {
    "chat": lambda prompt: build_chat_body("m", {}, prompt, Learned()),
    "responses": lambda prompt: build_responses_body("m", {}, prompt, Learned()),
    "messages": lambda prompt: build_messages_body("m", prompt, Learned(no_caching=True), {}),
}
TURNS = {"chat": "messages", "responses": "input", "messages": "messages"}


@pytest.mark.parametrize("wire", BUILDERS)
@settings(max_examples=40)
@given(question=said, later=st.lists(rounds, min_size=1, max_size=5))
def test_each_request_begins_with_the_bytes_of_the_one_before(wire: str, question: str, later: Any) -> None:
    """Hosts that cache by prefix read all of it: tools, system text and every turn."""
    messages = (system("Be brief."), user(question))
    before = BUILDERS[wire](Prompt(messages, tools=TOOLS))
    for added in later:
        messages += added
        body = BUILDERS[wire](Prompt(messages, tools=TOOLS))
        turns = body.pop(TURNS[wire])
        assert json.dumps(turns).startswith(json.dumps(before.pop(TURNS[wire]))[:-1])
        assert json.dumps(body) == json.dumps(before)
        before = body | {TURNS[wire]: turns}


@pytest.mark.parametrize(
    ("refusal", "later"),
    [
        ("max_tokens: 64000 > 16384, which is the maximum allowed number of output tokens", 16_384),
        ("max_tokens is too large", 8192),
        ("input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000", 64_000),
    ],
)
async def test_a_host_that_refuses_the_length_is_asked_for_less(
    provider_of: Any, ask: Any, refusal: str, later: int
) -> None:
    def choose(request: Any) -> Any:
        if request.json["max_tokens"] == 64_000 and len(host.requests) == 1:
            return [f.reply(400, {"error": {"message": refusal, "type": "invalid_request_error"}})]
        return [f.reply(200, WHOLE)]

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url, "anthropic")
        for _ in range(2):
            events, error = await ask(provider, "claude-sonnet-4-5", Prompt(SECOND))
            assert error is None and events, error
    first, again, after = (request.json["max_tokens"] for request in host.requests)
    assert (first, after) == (64_000, later) and again < first


async def test_a_host_that_refuses_the_marks_is_asked_without(provider_of: Any, ask: Any) -> None:
    refusal = {"error": {"message": "tools.1.cache_control: Extra inputs are not permitted"}}

    def choose(request: Any) -> Any:
        return [f.reply(400, refusal) if marks(request.json) else f.reply(200, WHOLE)]

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url, "anthropic")
        for _ in range(2):
            _, error = await ask(provider, "claude-sonnet-4-5", Prompt(SECOND, tools=TOOLS))
            assert error is None
    assert len(host.requests) == 3, "learned once"


@pytest.fixture
def claude(endpoint_of: Any) -> Model:
    model = describe_model(endpoint_of("http://127.0.0.1:9", "anthropic"), "claude-sonnet-4-5")
    return replace(model, max_output=64_000, context=200_000)


def test_a_reply_may_be_as_long_as_the_model_and_its_window_allow(claude: Model) -> None:
    assert longest_output(claude, Prompt(FIRST), Learned()) == 64_000
    assert longest_output(claude, Prompt(FIRST), Learned(most_output=16_000)) == 16_000
    assert longest_output(replace(claude, max_output=None), Prompt(FIRST), Learned()) == DEFAULT_OUTPUT
    assert longest_output(replace(claude, max_output=4096), Prompt(FIRST), Learned()) == 4096
    long = longest_output(claude, Prompt((user("word " * 140_000),)), Learned())
    assert DEFAULT_OUTPUT < long < 60_000
    full = longest_output(claude, Prompt((user("word " * 190_000),)), Learned())
    assert full == DEFAULT_OUTPUT
