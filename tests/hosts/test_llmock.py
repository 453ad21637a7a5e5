"""A mock of many makers (llmock): each of its dialects, and the faults it is made for."""

from __future__ import annotations

from typing import Any

import pytest

from halley.core.calls import Prompt, Tool, user
from halley.core.errors import HalleyError
from halley.core.events import Finish, TextDelta, ToolCallDelta
from halley.providers.facts import describe_model

DIALECTS = {
    "openai": ("/v1", "openai", {}),
    "responses": ("/v1", "openai", {"kind": "openai-responses"}),
    "anthropic": ("/anthropic", "anthropic", {}),
    "mistral": ("/v1", "mistral", {}),
    "groq": ("/v1", "groq", {}),
    "deepseek": ("/v1", "deepseek", {}),
}
TOOL = Tool("read", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
FAULTS = {
    "429=1": "rate_limited",
    "500=1": "provider_unavailable",
    "503=1": "provider_unavailable",
    "401=1": "auth_failed",
}


async def run(provider: Any, prompt: Prompt) -> list[Any]:
    name = "claude-sonnet-4-5" if provider.endpoint.kind == "anthropic" else "gpt-4o"
    return [event async for event in provider.stream(describe_model(provider.endpoint, name), prompt)]


async def test_every_dialect_and_its_tools(llmock: Any, host_of: Any) -> None:
    with llmock() as origin:
        for path, preset, settings in DIALECTS.values():
            provider = host_of(origin + path, preset, **settings)
            events = await run(provider, Prompt((user("Hello"),), max_tokens=50))
            assert isinstance(events[-1], Finish), preset
            assert any(isinstance(event, TextDelta) for event in events), preset
            events = await run(provider, Prompt((user("Read it"),), max_tokens=50, tools=(TOOL,)))
            assert any(isinstance(event, ToolCallDelta) and event.name == "read" for event in events), preset


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_are_reported_in_every_dialect(llmock: Any, host_of: Any, fault: str) -> None:
    with llmock("--error-rate", fault) as origin:
        for path, preset, settings in DIALECTS.values():
            with pytest.raises(HalleyError) as raised:
                await run(host_of(origin + path, preset, **settings), Prompt((user("Hello"),), max_tokens=50))
            assert raised.value.problem.code == FAULTS[fault], preset
