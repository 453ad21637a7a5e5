"""The official anthropic SDK believes the simulator."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from halley.simulator import KEY, Simulator

ASK: list[Any] = [{"role": "user", "content": "Explain:\n\n```python\ndef half(x):\n    return x / 2\n```"}]
TOOL: Any = {
    "name": "read_file",
    "description": "Reads a file",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
}


async def test_message(anthropic_client: AsyncAnthropic):
    made = await anthropic_client.messages.create(
        model="sim-chat", max_tokens=2000, messages=ASK, system="Be short."
    )
    assert made.content[0].type == "text" and "half(x)" in made.content[0].text
    assert made.stop_reason == "end_turn" and made.usage.output_tokens > 10


async def test_stream_adds_up_to_the_message(anthropic_client: AsyncAnthropic):
    whole = await anthropic_client.messages.create(model="sim-reason", max_tokens=2000, messages=ASK)
    async with anthropic_client.messages.stream(model="sim-reason", max_tokens=2000, messages=ASK) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert [b.model_dump() for b in final.content] == [b.model_dump() for b in whole.content]
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert text == final.content[-1].text  # type: ignore[union-attr]


async def test_tools(anthropic_client: AsyncAnthropic):
    messages: list[Any] = [{"role": "user", "content": "read file src/main.py please"}]
    async with anthropic_client.messages.stream(
        model="sim-chat", max_tokens=500, messages=messages, tools=[TOOL]
    ) as stream:
        final = await stream.get_final_message()
    assert final.stop_reason == "tool_use"
    block: Any = final.content[0]
    assert (block.name, block.input) == ("read_file", {"path": "src/main.py"})
    messages += [{"role": "assistant", "content": [block.model_dump(exclude_none=True)]}]
    messages += [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": block.id, "content": "print(1)"}]}
    ]
    answered = await anthropic_client.messages.create(
        model="sim-chat", max_tokens=500, messages=messages, tools=[TOOL]
    )
    assert "print(1)" in answered.content[0].text  # type: ignore[union-attr]


async def test_types_accept_every_event(sim: Simulator):
    body = {"model": "sim-reason", "max_tokens": 300, "messages": ASK}
    async with httpx2.AsyncClient(headers={"x-api-key": KEY}) as client:
        made = (await client.post(f"{sim.base_url}/messages", json=body)).json()
        assert not Message.model_validate(made).model_extra
        streamed = (await client.post(f"{sim.base_url}/messages", json=body | {"stream": True})).text
    reader = TypeAdapter[Any](RawMessageStreamEvent)
    for line in streamed.split("\n"):
        if line.startswith("data: ") and '"ping"' not in line:
            reader.validate_python(json.loads(line[6:]))


async def test_limits_and_errors(anthropic_client: AsyncAnthropic, sim: Simulator):
    short = await anthropic_client.messages.create(model="sim-chat", max_tokens=5, messages=ASK)
    assert short.stop_reason == "max_tokens" and short.usage.output_tokens == 5
    with pytest.raises(anthropic.NotFoundError) as caught:
        await anthropic_client.messages.create(model="claude-x", max_tokens=5, messages=ASK)
    assert caught.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    sim.set_faults("429:retry_after=2")
    with pytest.raises(anthropic.RateLimitError) as limited:
        await anthropic_client.messages.create(model="sim-chat", max_tokens=5, messages=ASK)
    assert limited.value.response.headers["retry-after"] == "2"
