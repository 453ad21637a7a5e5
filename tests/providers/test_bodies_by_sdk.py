"""Every request body is one by the types of the protocols' own SDKs, whatever was said before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError

from halley.core.calls import ImagePart, Message, Prompt, Tool, ToolCall, assistant, system, user
from halley.core.models import EFFORTS
from halley.providers.facts import known_facts
from halley.providers.hosts.learning import Learned, without
from halley.providers.presets import PRESETS, load_preset
from halley.providers.wires.anthropic import build_messages_body
from halley.providers.wires.requests import build_chat_body
from halley.providers.wires.responses import build_responses_body

Build = Callable[[str, Mapping[str, Any], Prompt, Learned], dict[str, Any]]
MODELS = (
    "m",
    "gpt-5-mini",
    "o1-mini",
    "o4-mini",
    "claude-sonnet-4-5",
    "gemini-2.5-flash",
    "deepseek-chat",
    "qwen3:8b",
)


def chat(name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned) -> dict[str, Any]:
    return build_chat_body(name, facts, prompt, learned)


def responses(name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned) -> dict[str, Any]:
    return without(build_responses_body(name, facts, prompt, learned), facts, learned)


def anthropic(name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned) -> dict[str, Any]:
    body = without(build_messages_body(name, prompt, learned, facts, 64_000), facts, learned)
    body.pop("temperature", None)  # the newest models and so the newest types have none; older models take it
    return body


BUILDERS: dict[str, Build] = {"chat": chat, "responses": responses, "anthropic": anthropic}


@cache
def types_of(kind: str) -> TypeAdapter[Any]:
    """What the SDK takes, and nothing beside it."""
    if kind == "chat":
        from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming as Params
    elif kind == "responses":
        from openai.types.responses.response_create_params import ResponseCreateParamsStreaming as Params
    else:
        from anthropic.types.message_create_params import MessageCreateParamsStreaming as Params
    return TypeAdapter(list[Params], config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))


def check(kind: str, body: dict[str, Any]) -> None:
    """As it goes over the wire; the SDK's lists are validated only as they are read."""
    read_all(types_of(kind).validate_python([orjson.loads(orjson.dumps(body))]))


def read_all(value: Any) -> None:
    if isinstance(value, Mapping):
        for inner in value.values():
            read_all(inner)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            read_all(inner)


words = st.text("ab é\n", max_size=6)
ids = st.text("abc_", min_size=1, max_size=5)
picture = st.builds(ImagePart, st.sampled_from(["image/png", "image/jpeg"]), st.binary(max_size=4))
messages = st.one_of(
    st.builds(system, words),
    st.builds(user, words, picture),
    st.builds(user, words),
    st.builds(assistant, words),
    st.builds(
        lambda text, ids: Message("assistant", (text,), tuple(ToolCall(i, "read", '{"a": 1}') for i in ids)),
        words,
        st.lists(ids, min_size=1, max_size=2),
    ),
    st.builds(lambda text, i: Message("tool", (text,), tool_call_id=i), words, ids),
)
tools = st.builds(
    Tool,
    st.sampled_from(["read", "list_files"]),
    words,
    st.sampled_from([{}, {"type": "object"}, {"type": "object", "properties": {"a": {"type": "string"}}}]),
)
prompts = st.builds(
    Prompt,
    st.lists(messages, min_size=1, max_size=8).map(tuple),
    max_tokens=st.none() | st.integers(1, 4000),
    temperature=st.none() | st.sampled_from([0.0, 0.2, 1.5]),
    stop=st.lists(st.sampled_from(["\n\n", "END"]), max_size=2).map(tuple),
    tools=st.lists(tools, max_size=2).map(tuple),
)
lessons = st.builds(Learned, alternate=st.booleans(), system_as_user=st.booleans())


@pytest.mark.parametrize("kind", BUILDERS)
@given(
    prompt=prompts,
    name=st.sampled_from(MODELS),
    learned=lessons,
    preset=st.sampled_from(["openai", "llamacpp", "gemini"]),
    effort=st.none() | st.sampled_from(EFFORTS),
)
def test_every_body_is_one_by_the_sdk(
    kind: str, prompt: Prompt, name: str, learned: Learned, preset: str, effort: Any
) -> None:
    facts = {**known_facts(preset, name), "asked_effort": effort}
    check(kind, BUILDERS[kind](name, facts, prompt, learned))


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize("preset", [name for name in PRESETS if load_preset(name)])
def test_a_tool_loop_with_every_preset(kind: str, preset: str) -> None:
    prompt = Prompt(
        (
            system("Be brief."),
            user("Read it."),
            Message("assistant", ("Yes.",), (ToolCall("call_1", "read", "{}"),)),
            Message("tool", ("text",), tool_call_id="call_1"),
            assistant("It says text."),
            user("Again?"),
        ),
        max_tokens=100,
        tools=(Tool("read", "Reads.", {"type": "object"}),),
    )
    check(kind, BUILDERS[kind]("m", known_facts(preset, "m"), prompt, Learned()))


def test_the_types_refuse_what_is_wrong() -> None:
    body = chat("m", {}, Prompt((user("x"),)), Learned())
    for wrong in (
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "nobody", "content": "x"}]},
        {"more": 1},
    ):
        with pytest.raises(ValidationError):
            check("chat", body | wrong)
