"""The context windows that a host itself works with: they override what a model's name suggests.

    llamacpp   /props           the window of each slot, whatever the model was trained for
    ollama     /api/ps          the window of a model that is loaded; else /api/show, else its default
    lmstudio   /api/v0/models   the window a model was loaded with, else the largest it takes
    litellm    /model/info      the limits, prices and abilities configured in the proxy

A host that does not answer here costs the limits, never the list.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from halley.core.errors import HalleyError
from halley.core.models import Model
from halley.providers.facts import describe_model
from halley.providers.hosts.host import Host
from halley.providers.hosts.model_list import model_entries

LIMITS_S = 4.0
MOST_SHOWN = 40
"""How many of Ollama's models are asked about, each in a request of its own."""
OLLAMA_WINDOW = 4096
"""What Ollama cuts prompts to unless configured otherwise (https://docs.ollama.com/context-length)."""
Facts = dict[str, Any]
"""Facts in the names of `catalog/models.toml`."""


async def with_limits(host: Host, models: tuple[Model, ...]) -> tuple[Model, ...]:
    """The models with what their host says of their limits."""
    ask = SOURCES.get(host.endpoint.quirks.limits)
    if ask is None or not models:
        return models
    try:
        async with asyncio.timeout(LIMITS_S):
            said = await ask(host, [model.ref.name for model in models])
    except (HalleyError, TimeoutError):
        return models
    return tuple(_with(host, model, said.get(model.ref.name)) for model in models)


def _with(host: Host, model: Model, said: Facts | None) -> Model:
    if not said:
        return model
    if said.keys() <= {"context", "max_output"}:
        return replace(model, **said)
    listed = {
        "context": model.context,
        "max_output": model.max_output,
        "price": model.price,
        "label": model.label,
    }
    return describe_model(host.endpoint, model.ref.name, listed | said)


async def _llamacpp(host: Host, names: list[str]) -> dict[str, Facts]:
    props = await _get(host, "/props")
    window = _positive(_mapping(props.get("default_generation_settings")).get("n_ctx"))
    return {name: {"context": window} for name in names} if window else {}


async def _ollama(host: Host, names: list[str]) -> dict[str, Facts]:
    running = model_entries(await _get(host, "/api/ps")) or []
    loaded = {
        str(_mapping(row).get("name")): _positive(_mapping(row).get("context_length")) for row in running
    }
    shown = await asyncio.gather(*(_shown(host, name) for name in names[:MOST_SHOWN]))
    said = dict(zip(names, shown, strict=False))
    for name, facts in said.items():
        if window := loaded.get(name) or loaded.get(f"{name}:latest"):
            facts["context"] = window
    return said


async def _shown(host: Host, name: str) -> Facts:
    """`/api/show` of one model; https://docs.ollama.com/api-reference/show-model-details."""
    try:
        shown = _mapping(await host.send_for_json(host.endpoint.root_url("/api/show"), {"model": name}))
    except HalleyError:
        return {}
    told = re.search(r"^num_ctx\s+(\d+)", str(shown.get("parameters") or ""), re.MULTILINE)
    info = _mapping(shown.get("model_info"))
    trained = next((_positive(size) for key, size in info.items() if key.endswith(".context_length")), None)
    able = shown.get("capabilities")
    facts: Facts = {"context": int(told[1]) if told else min(trained or OLLAMA_WINDOW, OLLAMA_WINDOW)}
    if isinstance(able, list):
        facts |= {fact: True for fact, name in ABLE.items() if name in able}
        if "embedding" in able:
            facts["roles"] = ("embed",)
        elif "insert" in able:
            facts["fim_trained"] = True
    return facts


ABLE = {"tools": "tools", "vision": "vision", "reasoning": "thinking"}
"""Our facts, and Ollama's words for them."""


async def _lmstudio(host: Host, names: list[str]) -> dict[str, Facts]:
    said: dict[str, Facts] = {}
    for row in model_entries(await _get(host, "/api/v0/models")) or []:
        row = _mapping(row)
        window = _positive(row.get("loaded_context_length")) or _positive(row.get("max_context_length"))
        if window:
            said[str(row.get("id"))] = {"context": window}
    return said


async def _litellm(host: Host, names: list[str]) -> dict[str, Facts]:
    said: dict[str, Facts] = {}
    for row in model_entries(await _get(host, "/model/info")) or []:
        info = _mapping(_mapping(row).get("model_info"))
        facts = {
            "context": _positive(info.get("max_input_tokens")),
            "max_output": _positive(info.get("max_output_tokens")),
            "vision": info.get("supports_vision") or None,
            "tools": info.get("supports_function_calling") or None,
            "reasoning": info.get("supports_reasoning") or None,
            "roles": ROLES.get(str(info.get("mode") or "")),
        }
        said[str(_mapping(row).get("model_name"))] = {k: v for k, v in facts.items() if v is not None}
    return said


ROLES: Mapping[str, tuple[str, ...]] = {
    "embedding": ("embed",), "image_generation": ("image",), "audio_speech": ("speech",),
    "audio_transcription": ("transcribe",), "rerank": (), "moderation": (),
}  # fmt: skip
"""LiteLLM's modes other than chat."""
SOURCES: Mapping[str, Callable[[Host, list[str]], Awaitable[dict[str, Facts]]]] = {
    "llamacpp": _llamacpp,
    "ollama": _ollama,
    "lmstudio": _lmstudio,
    "litellm": _litellm,
}


async def _get(host: Host, path: str) -> Mapping[str, Any]:
    return _mapping(await host.send_for_json(host.endpoint.root_url(path)))


def _positive(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < 1e9 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
