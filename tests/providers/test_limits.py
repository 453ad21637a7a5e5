"""What hosts say of their own limits goes over what a model's name tells; and replies that only thought get room."""

from __future__ import annotations

from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Received
from wire_facts import text_of

from halley.core.calls import Prompt, user
from halley.core.events import Finish

LLAMA = {"data": [{"id": "gemma-3.gguf", "meta": {"n_ctx_train": 131072, "n_params": 1}}]}
HOSTS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "llamacpp": (
        {"/v1/models": LLAMA, "/props": {"default_generation_settings": {"n_ctx": 8192}}},
        {"gemma-3.gguf": 8192},
    ),
    "ollama": (
        {
            "/v1/models": {"data": [{"id": name} for name in ("loaded:7b", "told", "plain", "small")]},
            "/api/ps": {"models": [{"name": "loaded:7b", "context_length": 16384}]},
            "/api/show loaded:7b": {"model_info": {"llama.context_length": 131072}},
            "/api/show told": {"model_info": {"llama.context_length": 131072}, "parameters": "num_ctx 8192\nstop x"},
            "/api/show plain": {"model_info": {"llama.context_length": 131072}, "capabilities": ["tools"]},
            "/api/show small": {"model_info": {"llama.context_length": 2048}},
        },
        {"loaded:7b": 16384, "told": 8192, "plain": 4096, "small": 2048},
    ),
    "lmstudio": (
        {
            "/v1/models": {"data": [{"id": "qwen3"}, {"id": "other"}]},
            "/api/v0/models": {
                "data": [
                    {"id": "qwen3", "max_context_length": 131072, "loaded_context_length": 4096},
                    {"id": "other", "max_context_length": 32768},
                ]
            },
        },
        {"qwen3": 4096, "other": 32768},
    ),
    "litellm": (
        {
            "/v1/models": {"data": [{"id": "mine"}]},
            "/model/info": {
                "data": [{"model_name": "mine", "model_info": {"max_input_tokens": 2048, "max_output_tokens": 512}}]
            },
        },
        {"mine": 2048},
    ),
    "vllm": ({"/v1/models": {"data": [{"id": "m", "max_model_len": 2048}]}}, {"m": 2048}),
    "openrouter": (
        {"/v1/models": {"data": [{"id": "a/b", "context_length": 64000, "top_provider": {"context_length": 32000}}]}},
        {"a/b": 64000},
    ),
}  # fmt: skip


@pytest.mark.parametrize("preset", HOSTS)
async def test_the_host_knows_its_windows(provider_of: Any, preset: str) -> None:
    answers, windows = HOSTS[preset]

    def choose(request: Received) -> Any:
        path = request.path if not request.body else f"{request.path} {request.json['model']}"
        return [f.reply(200, answers[path])] if path in answers else [f.reply(404)]

    async with FaultServer(choose=choose) as host:
        models = await provider_of(host.url, preset).list_models()
    assert {model.ref.name: model.context for model in models} == windows


@pytest.mark.parametrize("preset", ["llamacpp", "ollama", "lmstudio", "litellm"])
async def test_a_host_that_tells_no_limits_still_lists_its_models(provider_of: Any, preset: str) -> None:
    def choose(request: Received) -> Any:
        return (
            [f.reply(200, {"data": [{"id": "m"}]})] if request.path == "/v1/models" else [f.reply(500, b"no")]
        )

    async with FaultServer(choose=choose) as host:
        models = await provider_of(host.url, preset).list_models()
    assert [model.ref.name for model in models] == ["m"]


async def test_what_the_proxy_reports_of_a_model(provider_of: Any) -> None:
    info = {"mode": "embedding", "supports_vision": True, "max_tokens": 1}

    def choose(request: Received) -> Any:
        listed = {"data": [{"id": "mine"}]}
        told = {"data": [{"model_name": "mine", "model_info": info}]}
        return [f.reply(200, listed if request.path == "/v1/models" else told)]

    async with FaultServer(choose=choose) as host:
        (model,) = await provider_of(host.url, "litellm").list_models()
    assert model.roles == {"embed"} and model.capabilities["vision"] is True


THOUGHT = {
    "openai": f.stream(
        {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    ),
    "openai-responses": f.stream(
        {"type": "response.reasoning_text.delta", "delta": "Hm."},
        {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}},
    ),
    "anthropic": f.stream(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "Hm."}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
        {"type": "message_stop"},
    ),
}  # fmt: skip
SAID = {
    "openai": f.stream({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "length"}]}),
    "openai-responses": f.stream(
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}},
    ),
    "anthropic": f.stream(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
        {"type": "message_stop"},
    ),
}  # fmt: skip
LIMITS = {"openai": "max_tokens", "openai-responses": "max_output_tokens", "anthropic": "max_tokens"}


@pytest.mark.parametrize("kind", THOUGHT)
async def test_a_limit_eaten_by_thinking_is_raised_from_then_on(
    provider_of: Any, ask: Any, kind: str
) -> None:
    async with FaultServer(THOUGHT[kind], THOUGHT[kind], SAID[kind], SAID[kind]) as host:
        provider = provider_of(host.url, kind=kind)
        for _ in range(4):
            events, _ = await ask(provider, "m", Prompt((user("Title?"),), max_tokens=200))
        limits = [request.json[LIMITS[kind]] for request in host.requests]
    assert limits[0] == 200 and 200 < limits[1] < limits[2], "more room after each reply that only thought"
    assert limits[3] == limits[2] and text_of(events) == "Hi" and isinstance(events[-1], Finish)
