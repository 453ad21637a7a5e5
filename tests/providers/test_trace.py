"""Which key an attempt was sent with, and when it was answered, is carried with it: not by the task that runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, get_args

import fault_server as f
import pytest
from fault_server import FaultServer

from halley.core.calls import Prompt, Trace, user
from halley.core.errors import AuthFailed
from halley.core.settings import WireKind
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model
from halley.providers.http.client import Http
from halley.providers.wires.table import WIRES, build_provider

PROMPT = Prompt((user("x"),))
SAID: dict[str, list[Any]] = {
    "openai": [{"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}],
    "openai-responses": [{"type": "response.output_text.delta", "delta": "Hi"}],
    "anthropic": [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}],
}


def test_each_kind_has_its_wire() -> None:
    assert set(WIRES) == set(get_args(WireKind)) == set(SAID)


@pytest.mark.parametrize("kind", SAID)
async def test_two_attempts_in_one_task_keep_apart(
    http: Http, endpoint_of: Callable[..., Endpoint], kind: str
) -> None:
    keys = iter(["sk-first-key", "sk-second-key", "sk-third-key"])

    async def get_key() -> str:
        return next(keys)

    refused = [f.reply(401, {"error": {"message": "no"}})]
    async with FaultServer(f.stream(*SAID[kind]), f.stream(*SAID[kind]), refused) as host:
        provider = build_provider(endpoint_of(host.url, kind=kind), http, get_key)
        model = describe_model(provider.endpoint, "m")  # type: ignore[attr-defined]
        before, traces = time.monotonic(), [Trace(), Trace(), Trace()]
        streams = [provider.stream(model, PROMPT, trace) for trace in traces]
        async with aclosing(streams[0]), aclosing(streams[1]):
            await anext(streams[0])
            await anext(streams[1])
            with pytest.raises(AuthFailed):
                await anext(streams[2])
    assert [trace.key for trace in traces] == ["sk-first-key", "sk-second-key", "sk-third-key"]
    first, second, third = (trace.answered_at or 0.0 for trace in traces)
    assert before <= first <= second <= third <= time.monotonic()
    assert "sk-" not in repr(traces)
