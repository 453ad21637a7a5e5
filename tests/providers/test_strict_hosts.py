"""Hosts that refuse what others take: the refusal is learned from once, and what was meant is sent another way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Received
from hypothesis import given
from hypothesis import strategies as st
from wire_facts import text_of

from halley.core.calls import Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.events import Finish
from halley.providers.hosts.learning import Learned
from halley.providers.wires.schemas import keywords_in, tool_schema
from halley.providers.wires.turns import arrange_turns

HELLO = f.stream({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]})
ANSWER = f.stream(
    {"type": "response.output_text.delta", "delta": "Hello"},
    {"type": "response.completed", "response": {"status": "completed", "object": "response"}},
)
STOPPED = Prompt((system("Be brief."), user("One?"), user("Two?")), max_tokens=20)
"""What is asked after a reply that failed."""
Check = Callable[[Mapping[str, Any]], bool]


def refuse(http: int, message: str, **more: Any) -> Any:
    return [f.reply(http, {"error": {"message": message, **more}})]


def choosing(is_good: Check, refusal: Any, good: Any = HELLO) -> Callable[[Received], Any]:
    return lambda request: good if is_good(request.json) else refusal


def roles(body: Mapping[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def alternates(body: Mapping[str, Any]) -> bool:
    said = [role for role in roles(body) if role != "system"]
    return said == ["user", "assistant"] * (len(said) // 2) + ["user"]


@pytest.mark.parametrize(
    "refusal",
    [
        refuse(
            500, "Conversation roles must alternate user/assistant/user/assistant/...", type="server_error"
        ),
        refuse(400, "deepseek-reasoner does not support successive user or assistant messages"),
        refuse(422, "Roles must alternate between 'user' and 'assistant'"),
    ],
)
async def test_questions_after_a_reply_that_failed(provider_of: Any, ask: Any, refusal: Any) -> None:
    async with FaultServer(choose=choosing(alternates, refusal)) as host:
        provider = provider_of(host.url)
        for requests in (2, 3):
            events, error = await ask(provider, "m", STOPPED)
            assert error is None and text_of(events) == "Hello" and isinstance(events[-1], Finish)
            assert len(host.requests) == requests, "learned once"
    (question,) = [m["content"] for m in host.requests[-1].json["messages"] if m["role"] == "user"]
    assert "One?" in question and "Two?" in question


@pytest.mark.parametrize("preset", ["llamacpp", "vllm", "lmstudio"])
async def test_templates_on_this_machine_are_strict_by_fact(provider_of: Any, ask: Any, preset: str) -> None:
    async with FaultServer(choose=choosing(alternates, refuse(500, "never"))) as host:
        _, error = await ask(provider_of(host.url, preset), "m", STOPPED)
    assert error is None and len(host.requests) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        refuse(500, "System role not supported", type="server_error"),
        refuse(
            400, "Developer instruction is not enabled for models/gemma-3-27b-it", status="INVALID_ARGUMENT"
        ),
        refuse(400, "Only user and assistant roles are supported!"),
    ],
)
async def test_a_template_without_a_system_role(provider_of: Any, ask: Any, refusal: Any) -> None:
    def is_good(body: Mapping[str, Any]) -> bool:
        return alternates(body) and "system" not in roles(body)

    async with FaultServer(choose=choosing(is_good, refusal)) as host:
        provider = provider_of(host.url)
        for requests in (2, 3):
            _, error = await ask(provider, "m", STOPPED)
            assert error is None and len(host.requests) == requests
    assert host.requests[-1].json["messages"][0]["content"].startswith("Be brief.")


async def test_a_host_that_is_never_content_is_not_asked_for_ever(provider_of: Any, ask: Any) -> None:
    async with FaultServer(refuse(400, "Conversation roles must alternate user/assistant")) as host:
        _, error = await ask(provider_of(host.url), "m", STOPPED)
    assert error is not None and error.code == "bad_request" and len(host.requests) <= 3


messages = st.lists(
    st.one_of(
        st.builds(user, st.text(max_size=4)),
        st.builds(assistant, st.text(max_size=4)),
        st.builds(system, st.text(min_size=1, max_size=4)),
        st.builds(
            lambda i: Message("assistant", ("",), (ToolCall(i, "read", "{}"),)), st.text("ab", min_size=1)
        ),
        st.builds(lambda i: Message("tool", ("out",), tool_call_id=i), st.text("ab", min_size=1)),
    ),
    min_size=1,
    max_size=12,
)


@given(messages)
def test_whatever_was_said_alternates_and_nothing_is_lost(said: list[Message]) -> None:
    learned = Learned(alternate=True)
    arranged = arrange_turns(tuple(said), {}, learned)
    plain = [m.role for m in arranged if m.role != "tool" and not m.tool_calls]
    assert all(role == "system" for role in plain[:1]) or "system" not in plain
    assert not any(
        one.role == other.role and not one.tool_calls
        for one, other in itertools.pairwise(arranged)
        if one.role in ("user", "assistant")
    )
    text = "".join(message.text for message in arranged)
    assert all(message.text in text for message in said)
    assert [c.id for m in arranged for c in m.tool_calls] == [c.id for m in said for c in m.tool_calls]
    assert arrange_turns(arranged, {}, learned) == arranged


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "path": {"type": "string", "title": "Path", "minLength": 1},
        "title": {"type": "string"},
        "where": {"$ref": "#/$defs/place"},
        "when": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 0}]},
    },
    "required": ["path"],
    "additionalProperties": False,
    "$defs": {
        "place": {"type": "object", "properties": {"line": {"const": 1}}, "additionalProperties": False}
    },
}


@pytest.mark.parametrize(
    ("refused", "refusal"),
    [
        (
            ("$schema", "additionalProperties"),
            "Invalid JSON payload received. Unknown name \"{}\" at 'tools[0].function_declarations[0].parameters': Cannot find field.",
        ),
        (("minLength", "minimum"), "Unsupported JSON schema fields: {{'{}'}}"),
        (("anyOf",), "Invalid schema for function 'read': '{}' is not permitted."),
        (("$ref", "$defs"), "tools[0].function.parameters: unsupported keyword {}"),
        (("title",), "tools.0.function.parameters.properties.path.{} : Extra inputs are not permitted in a schema"),
    ],
)  # fmt: skip
async def test_a_keyword_that_is_refused_is_left_out(
    provider_of: Any, ask: Any, refused: tuple[str, ...], refusal: str
) -> None:
    def choose(request: Received) -> Any:
        used = keywords_in(request.json["tools"][0]["function"]["parameters"])
        wrong = next((word for word in refused if word in used), None)
        return refuse(400, refusal.format(wrong)) if wrong else HELLO

    prompt = Prompt((user("x"),), tools=(Tool("read", "Reads.", SCHEMA),))
    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url)
        for _ in range(2):
            _, error = await ask(provider, "m", prompt)
            assert error is None
    assert len(host.requests) == len(refused) + 2
    sent = host.requests[-1].json["tools"][0]["function"]["parameters"]
    assert {"path", "title", "where", "when"} == sent["properties"].keys(), (
        "names of properties are no keywords"
    )
    assert sent["properties"]["when"].get("type") == "integer" or "anyOf" in sent["properties"]["when"]
    assert sent["properties"]["where"].get("type") == "object" or "$ref" in sent["properties"]["where"]


async def test_gemini_takes_no_schema_marks_by_fact(provider_of: Any, ask: Any) -> None:
    prompt = Prompt((user("x"),), tools=(Tool("read", "Reads.", SCHEMA),))
    async with FaultServer(HELLO) as host:
        await ask(provider_of(host.url, "gemini"), "gemini-2.5-flash", prompt)
    used = keywords_in(host.requests[0].json["tools"][0]["function"]["parameters"])
    assert not {"$schema", "additionalProperties", "$ref", "$defs", "const"} & used


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": "object", "description": "None."}])
def test_a_schema_of_an_object_has_properties(schema: dict[str, Any]) -> None:
    made = tool_schema(schema, {}, Learned())
    assert made["type"] == "object" and made["properties"] == {}


schemas = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "null"])}, optional={"const": st.integers()}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from(["const", "anyOf", "a"]), inner)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=3), "title": st.text(max_size=3)}),
        st.fixed_dictionaries({"items": inner, "$ref": st.sampled_from(["#", "#/properties/a", "#/$defs/x", "http://x"])}),
    ),
    max_leaves=8,
)  # fmt: skip


@given(schemas, st.sets(st.sampled_from(["const", "anyOf", "title", "$ref", "items"])))
def test_nothing_that_is_refused_is_left_whatever_the_schema(schema: dict[str, Any], drop: set[str]) -> None:
    made = tool_schema(schema, {}, Learned(schema_drop=drop))
    assert not drop & keywords_in(made)


async def test_a_tool_that_was_refused_for_its_name_is_not_asked_in_writing(
    provider_of: Any, ask: Any
) -> None:
    prompt = Prompt((user("x"),), tools=(Tool("re.ad", "Reads.", {}),))
    async with FaultServer(refuse(400, "tools.0.custom.name: String should match pattern")) as host:
        _, error = await ask(provider_of(host.url), "m", prompt)
    assert error is not None and getattr(error, "subject", "") is None and len(host.requests) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        refuse(404, "This model is only supported in v1/responses and not in v1/chat/completions.", param="model"),
        refuse(400, 'model "m" is not accessible via the /chat/completions endpoint', code="unsupported_api_for_model"),
        refuse(400, "Function tools with reasoning_effort are not supported in /v1/chat/completions. Please use /v1/responses instead."),
    ],
)  # fmt: skip
async def test_a_model_that_lives_at_responses_is_asked_there(
    provider_of: Any, ask: Any, refusal: Any
) -> None:
    def choose(request: Received) -> Any:
        return ANSWER if request.path == "/v1/responses" else refusal

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url)
        for requests in (2, 3):
            events, error = await ask(provider, "m", STOPPED)
            assert error is None and text_of(events) == "Hello"
            assert len(host.requests) == requests
    assert host.requests[-1].json["instructions"] == "Be brief."


async def test_a_model_that_does_not_live_at_responses_is_asked_for_a_chat(
    provider_of: Any, ask: Any
) -> None:
    def choose(request: Received) -> Any:
        refusal = refuse(400, "The requested model 'm' cannot be used with the Responses API.")
        return refusal if request.path == "/v1/responses" else HELLO

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url, kind="openai-responses")
        for requests in (2, 3):
            events, error = await ask(provider, "m", STOPPED)
            assert error is None and text_of(events) == "Hello"
            assert len(host.requests) == requests
