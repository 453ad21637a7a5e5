"""Token counts as hosts report them → `core.models.Usage`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.models import Usage


def usage_of(said: Any) -> Usage | None:
    """From an OpenAI-like `usage` object (chat completions or responses), None where it says nothing."""
    if not isinstance(said, Mapping) or not said:
        return None
    inputs = _number(said, "prompt_tokens", "input_tokens")
    outputs = _number(said, "completion_tokens", "output_tokens")
    if inputs is None and outputs is None:
        return None
    cost = _cost(said)
    inputs, outputs = inputs or 0, outputs or 0
    cached = (
        _number(_part(said, "prompt_tokens_details", "input_tokens_details"), "cached_tokens")
        or _number(said, "prompt_cache_hit_tokens", "cached_tokens")
        or 0
    )
    reasoning = (
        _number(_part(said, "completion_tokens_details", "output_tokens_details"), "reasoning_tokens")
        or _number(said, "reasoning_tokens")
        or 0
    )
    written = _number(_part(said, "prompt_tokens_details", "input_tokens_details"), "cache_write_tokens")
    beside = max(0, (_number(said, "total_tokens") or 0) - inputs - outputs)
    if cached > inputs and beside >= cached:  # what was cached is counted apart
        inputs, beside = inputs + cached, beside - cached
    return Usage(
        input_tokens=inputs,
        output_tokens=outputs + beside,  # xAI and Gemini count thinking in the total only
        cached_tokens=cached,
        reasoning_tokens=reasoning or beside,
        cost_usd=cost,
        cost_source="unknown" if cost is None else "provider",
        written_tokens=written or _number(said, "cache_creation_input_tokens") or 0,
    )


def later_usage(before: Any, said: Any) -> Any:
    """What is known after another report: a zero or nothing does not replace a count."""
    if not isinstance(said, Mapping):
        return before
    merged: dict[str, Any] = dict(before) if isinstance(before, Mapping) else {}
    for name, value in said.items():
        if isinstance(value, Mapping):
            merged[name] = later_usage(merged.get(name), value)
        elif value or not merged.get(name):
            merged[name] = value
    return merged


def anthropic_usage(said: Mapping[str, Any]) -> Usage:
    """From the `usage` of `/v1/messages`, where `input_tokens` leaves out what was read from or written to
    the cache.
    """
    read = _number(said, "cache_read_input_tokens") or 0
    written = _number(said, "cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=(_number(said, "input_tokens") or 0) + read + written,
        output_tokens=_number(said, "output_tokens") or 0,
        cached_tokens=read,
        written_tokens=written,
    )


def _cost(said: Mapping[str, Any]) -> float | None:
    """`usage.cost` in US dollars (OpenRouter), or `usage.cost.total_cost` (Perplexity)."""
    cost = said.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    return float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0 else None


def _part(said: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return next((part for name in names if isinstance(part := said.get(name), Mapping)), {})


def _number(said: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = said.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12:
            return int(value)
    return None
