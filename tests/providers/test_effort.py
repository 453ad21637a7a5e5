"""How much a model should think: one pick, in each protocol's words, and never for models that take none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer
from hypothesis import given
from hypothesis import strategies as st

from halley.core.calls import Caller, Prompt, user
from halley.core.errors import HalleyError
from halley.core.models import EFFORTS, ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.providers.facts import describe_model

PROMPT = Prompt((user("x"),), max_tokens=100, temperature=0.2)


@given(st.sampled_from(EFFORTS), st.sampled_from(["gpt-5", "qwen3:8b", "meta/llama-4:free", "a:b:c"]))
def test_an_effort_at_the_end_is_no_part_of_the_name(effort: str, name: str) -> None:
    ref = ModelRef.parse(f"p/{name}:{effort}")
    assert (ref.name, ref.effort) == (name, effort)
    assert ModelRef.parse(str(ref)) == ref and ref.plain == ModelRef("p", name)


@pytest.mark.parametrize(
    "name", ["qwen3:8b", "gpt-oss:20b", "x:free", "x:thinking", "high", ":high", "x:highest", "x:High"]
)
def test_names_with_colons_stay_names(name: str) -> None:
    assert ModelRef.parse(f"p/{name}") == ModelRef("p", name)


@pytest.mark.parametrize(
    ("preset", "kind", "name", "sent"),
    [
        ("openai", "openai", "gpt-5-mini", {"reasoning_effort": "high"}),
        ("ollama", "openai", "gpt-oss:20b", {"reasoning_effort": "high"}),
        ("gemini", "openai", "gemini-2.5-flash", {"reasoning_effort": "high"}),
        ("openai", "openai-responses", "o4-mini", {"reasoning": {"summary": "auto", "effort": "high"}}),
        ("openrouter", "openai", "openai/gpt-5-mini", {"reasoning": {"effort": "high"}}),
        ("openrouter", "openai", "anthropic/claude-sonnet-4.5", {"reasoning": {"effort": "high"}}),
        ("anthropic", "anthropic", "claude-sonnet-4-5", {"thinking": {"type": "enabled", "budget_tokens": 24_576}}),
        ("openai", "openai", "gpt-4o", {}),
        ("openai", "openai", "some-model", {}),
        ("openrouter", "openai", "some/model", {}),
        ("anthropic", "anthropic", "claude-3-haiku-20240307", {}),
        ("comet", "openai", "claude-sonnet-4-5", {}),
    ],
)  # fmt: skip
async def test_each_wire_says_it_in_its_own_words(
    provider_of: Any, preset: str, kind: str, name: str, sent: dict[str, Any]
) -> None:
    async with FaultServer([f.reply(500)]) as host:
        provider = provider_of(host.url, preset, kind=kind)
        model = describe_model(provider.endpoint, name)
        model = replace(model, ref=replace(model.ref, effort="high"))
        with pytest.raises(HalleyError):
            async for _ in provider.stream(model, PROMPT):
                pass
        body = host.requests[0].json
    assert body["model"] == name
    named = {key: body[key] for key in ("reasoning_effort", "reasoning", "thinking") if key in body}
    assert named == sent
    if "thinking" in sent:
        assert body["max_tokens"] == 24_576 + 100 and "temperature" not in body


async def test_a_host_that_refuses_the_effort_is_asked_without_it(provider_of: Any) -> None:
    hello = f.stream({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})
    refusal = {"error": {"message": "Unsupported parameter: reasoning_effort", "param": "reasoning_effort"}}
    async with FaultServer([f.reply(400, refusal)], hello) as host:
        provider = provider_of(host.url)
        model = describe_model(provider.endpoint, "gpt-5-mini")
        model = replace(model, ref=replace(model.ref, effort="high"))
        assert [event async for event in provider.stream(model, PROMPT)]
    assert "reasoning_effort" not in host.requests[1].json


async def test_the_pick_goes_before_the_role_and_a_listed_name_before_both() -> None:
    room = EngineRoom.open()
    settings = Settings.model_validate({"reasoning": {"chat": "low"}})
    find = room.registry.find_target

    def effort(name: str, role: Any = None) -> str:
        return str(find(ModelRef.parse(name), settings, Caller(), role).model.ref)

    assert effort("openai/gpt-5-mini") == "openai/gpt-5-mini"
    assert effort("openai/gpt-5-mini", "chat") == "openai/gpt-5-mini:low"
    assert effort("openai/gpt-5-mini:high", "chat") == "openai/gpt-5-mini:high"
    assert effort("openai/gpt-5-mini", "fast") == "openai/gpt-5-mini"
    assert effort("openai/gpt-4o:high", "chat") == "openai/gpt-4o", "it takes none, so none is shown"
    await room.aclose()
