"""Model lists as hosts send them → `core.models.Model`.

    {"data": [...]}  {"success": true, "data": [...]}  {"models": [...]}  [...]

What an entry says of itself overrides what its name suggests (`facts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.errors import BadReply
from halley.core.models import Model, Price
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model

LARGEST_LIST = 20_000
CONTEXT = (
    "n_ctx",
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "inputTokenLimit",
    "max_input_tokens",
)
OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_output", "outputTokenLimit", "max_tokens")


def read_model_list(endpoint: Endpoint, said: Any) -> tuple[Model, ...]:
    """In the host's order, each name once. Raises BadReply when it is no list of models."""
    entries = model_entries(said)
    if entries is None:
        raise BadReply(
            f"{endpoint.label} answered with something that is not a list of models.",
            f"Check `{endpoint.setting('base_url')}`.",
            provider=endpoint.id,
            setting=endpoint.setting("base_url"),
        )
    models: dict[str, Model] = {}
    for entry in entries[:LARGEST_LIST]:
        name = _name(entry)
        if name and name not in models:
            models[name] = describe_model(endpoint, name, said_by(entry))
    return tuple(models.values())


def model_entries(said: Any) -> list[Any] | None:
    """The list in an answer, wherever it is."""
    while isinstance(said, Mapping):
        said = next((said[key] for key in ("data", "models", "result") if key in said), None)
    return said if isinstance(said, list) else None


def said_by(entry: Any) -> dict[str, Any]:
    """The facts in an entry, in the names of `catalog/models.toml`; None for what it does not say."""
    if not isinstance(entry, Mapping):
        return {}
    top, meta = _mapping(entry.get("top_provider")), _mapping(entry.get("meta"))
    abilities = _mapping(entry.get("capabilities"))
    inputs = _list(_mapping(entry.get("architecture")).get("input_modalities"))
    takes = _list(entry.get("supported_parameters"))
    label = (
        entry.get("display_name")
        or entry.get("displayName")
        or (entry.get("name") if entry.get("id") else None)
    )
    facts: dict[str, Any] = {
        "label": label if isinstance(label, str) else None,
        "owner": entry.get("owned_by") if isinstance(entry.get("owned_by"), str) else None,
        "context": next(filter(None, (_positive(said, *CONTEXT) for said in (meta, entry, top))), None),
        "max_output": _positive(entry, *OUTPUT) or _positive(top, *OUTPUT),
        "vision": True if "image" in inputs or abilities.get("vision") is True else None,
        "tools": True if "tools" in takes or abilities.get("function_calling") is True else None,
        "reasoning": True if "reasoning" in takes or abilities.get("reasoning") is True else None,
        "fim_trained": abilities.get("completion_fim")
        if isinstance(abilities.get("completion_fim"), bool)
        else None,
        "deprecated": True if entry.get("deprecation") or entry.get("deprecated") else None,
        "price": openrouter_price(_mapping(entry.get("pricing"))),
        "roles": _roles(entry, abilities),
    }
    return {key: value for key, value in facts.items() if value is not None}


def openrouter_price(pricing: Mapping[str, Any]) -> Price | None:
    """US dollars for one token, as text (OpenRouter): per million here. `-1` means it depends."""
    inputs, outputs = _money(pricing.get("prompt"), 1e6), _money(pricing.get("completion"), 1e6)
    if inputs is None or outputs is None:
        return None
    cached, request = _money(pricing.get("input_cache_read"), 1e6), _money(pricing.get("request"), 1)
    written = _money(pricing.get("input_cache_write"), 1e6)
    return Price(inputs, outputs, cached, request or None, source="provider", cache_write=written)


def _roles(entry: Mapping[str, Any], abilities: Mapping[str, Any]) -> tuple[str, ...] | None:
    kind = str(entry.get("type") or entry.get("task") or "").lower()
    if kind in ("embedding", "embeddings"):
        return ("embed",)
    outputs = _list(_mapping(entry.get("architecture")).get("output_modalities"))
    if outputs and "text" not in outputs:
        return ("image",) if "image" in outputs else ("embed",) if "embeddings" in outputs else ()
    if abilities.get("completion_chat") is False:
        return ("complete",) if abilities.get("completion_fim") else None
    return None


def _name(entry: Any) -> str:
    if isinstance(entry, str):
        return entry.strip()
    if not isinstance(entry, Mapping):
        return ""
    name = entry.get("id") or entry.get("name") or entry.get("model")
    return name.removeprefix("models/").strip() if isinstance(name, str) else ""


def _positive(said: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = said.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return int(value)
    return None


def _money(value: Any, scale: float) -> float | None:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return None
    return round(amount * scale, 9) if amount >= 0 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
