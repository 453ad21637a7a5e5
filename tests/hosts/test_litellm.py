"""LiteLLM's proxy with a master key, before a host of OpenAI's kind: what it lists, what it passes on, what it refuses.

Half a gigabyte, so it is not installed by itself: `make litellm` does, and these tests run from then on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from halley.core.calls import Message, Prompt, Tool, ToolCall, system, user
from halley.core.errors import AuthFailed, HalleyError
from halley.core.events import Finish, TextDelta, ToolCallDelta
from halley.providers.facts import describe_model
from hosts.conftest import free_port, running
from hosts.home import CannotHave, python_with_litellm

KEY = "sk-nothing-secret"
"""What `host_of` gives as the key."""
START_S = 600.0
"""It imports half a gigabyte, on a busy machine for minutes."""
TOOL = Tool(
    "read", "Reads a file.", {"$schema": "x", "type": "object", "properties": {"path": {"type": "string"}}}
)


class Upstream(BaseHTTPRequestHandler):
    """Calls a tool where it is given one and has no result yet; else says hello."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        has_result = any(message["role"] == "tool" for message in body["messages"])
        if body.get("tools") and not has_result:
            call = {
                "index": 0,
                "id": "c1",
                "type": "function",
                "function": {"name": "read", "arguments": '{"path":"a"}'},
            }
            deltas, reason = [{"role": "assistant", "tool_calls": [call]}], "tool_calls"
        else:
            deltas, reason = [{"role": "assistant", "content": "Hel"}, {"content": "lo"}], "stop"
        chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        chunks.append({"index": 0, "delta": {}, "finish_reason": reason})
        common = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        lines = [{**common, "choices": [chunk]} for chunk in chunks]
        usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
        lines.append({**common, "choices": [], "usage": usage})
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for line in lines:
            self.wfile.write(b"data: " + json.dumps(line).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        pass


CONFIG = """\
model_list:
  - model_name: gpt-5-mini
    litellm_params: {{model: hosted_vllm/sim-chat, api_base: "{url}/v1", api_key: sk-upstream}}
    model_info: {{max_input_tokens: 9000, max_output_tokens: 700}}
  - model_name: vectors
    litellm_params: {{model: openai/text-embedding-3-small, api_base: "{url}/v1", api_key: sk-upstream}}
    model_info: {{mode: embedding}}
general_settings: {{master_key: {key}}}
"""


@pytest.fixture(scope="module")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        python = python_with_litellm()
    except CannotHave as error:
        pytest.skip(f"LITELLM'S PROXY IS NOT TESTED: {error}")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    config: Path = tmp_path_factory.mktemp("litellm") / "config.yaml"
    config.write_text(CONFIG.format(url=f"http://127.0.0.1:{upstream.server_port}", key=KEY))
    program = str(python.parent / "litellm")
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(free_port())]
    with running([str(python), *command], r"Uvicorn running on (http://[\d.:]+)", START_S) as origin:
        yield origin
    upstream.shutdown()
    upstream.server_close()


async def run(provider: Any, *messages: Message, tools: tuple[Tool, ...] = ()) -> list[Any]:
    prompt = Prompt(messages, max_tokens=200, temperature=0.5, tools=tools)
    return [e async for e in provider.stream(describe_model(provider.endpoint, "gpt-5-mini"), prompt)]


async def test_what_it_says_of_its_models(litellm: str, host_of: Any) -> None:
    models = {m.ref.name: m for m in await host_of(litellm, "litellm").list_models()}
    assert (models["gpt-5-mini"].context, models["gpt-5-mini"].max_output) == (9000, 700)
    assert models["vectors"].roles == {"embed"}


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_each_protocol_and_a_tool_loop(litellm: str, host_of: Any, kind: str) -> None:
    provider = host_of(litellm, "litellm", kind=kind)
    events = await run(provider, system("Be brief."), user("Hello"))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello"
    assert isinstance(events[-1], Finish) and events[-1].usage is not None
    assert (events[-1].usage.input_tokens, events[-1].usage.output_tokens) == (12, 3)
    events = await run(provider, user("Read it"), tools=(TOOL,))
    (call,) = {
        event.index: event for event in events if isinstance(event, ToolCallDelta) and event.name
    }.values()
    assert call.name == "read" and events[-1].reason == "tool_calls"
    turn = Message("assistant", ("",), (ToolCall(call.id, "read", '{"path":"a"}'),))
    result = Message("tool", ("text",), tool_call_id=call.id)
    events = await run(provider, user("Read it"), turn, result, tools=(TOOL,))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello"


@pytest.mark.parametrize("kind", ["openai", "openai-responses", "anthropic"])
async def test_a_wrong_key_is_a_wrong_key(litellm: str, host_of: Any, kind: str) -> None:
    """Without a database it says "No connected db." with status 400."""
    provider = host_of(litellm, "litellm", kind=kind)

    async def wrong() -> str:
        return "sk-wrong"

    provider.host._get_key = wrong
    with pytest.raises(AuthFailed):
        await run(provider, user("Hello"))


async def test_a_model_that_it_does_not_have(litellm: str, host_of: Any) -> None:
    provider = host_of(litellm, "litellm")
    with pytest.raises(HalleyError) as raised:
        async for _ in provider.stream(describe_model(provider.endpoint, "nope"), Prompt((user("Hello"),))):
            pass
    assert raised.value.problem.code == "model_not_found"
