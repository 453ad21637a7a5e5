"""The simulator's models, which `models.toml` lists: `/v1/models`, the public catalogue with prices, and the quota."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

MADE = 1_760_000_000
"""`created` of every model."""


@dataclass(frozen=True, slots=True)
class SimModel:
    id: str
    label: str
    type: str = "text"
    features: tuple[str, ...] = ()
    context: int = 128_000
    max_output: int = 16_384
    input_price: float = 0.5
    """US dollars for a million tokens, of play money."""
    output_price: float = 2.0
    per_request: float | None = None
    per_second: float | None = None


_ROWS = tomllib.loads((resources.files("halley.simulator") / "models.toml").read_text("utf-8"))
MODELS = {id: SimModel(id, **row) for id, row in _ROWS.items()}


def model_list() -> dict[str, Any]:
    """`GET /v1/models`."""
    return {"object": "list", "data": [model_object(model) for model in MODELS.values()]}


def model_object(model: SimModel) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": MADE, "owned_by": "halley-simulator"}


def public_catalogue() -> dict[str, Any]:
    """`GET /api/models`, in CometAPI's shape: list prices for a million tokens."""
    rows = [_row(model) for model in MODELS.values()]
    return {"success": True, "page": 1, "page_size": len(rows), "total": len(rows), "data": rows}


def _row(model: SimModel) -> dict[str, Any]:
    prices = {
        "currency": "USD" if model.per_request or model.per_second else "USD / M Tokens", "input": model.input_price,
        "output": model.output_price, "per_request": model.per_request, "per_second": model.per_second,
    }  # fmt: skip
    return {
        "id": model.id, "code": model.id, "name": model.label, "provider": "Halley simulator",
        "model_type": "audio" if model.type in ("speech", "transcribe") else model.type,
        "features": list(model.features), "description": "Computed on this machine; no model answers.",
        "context_length": model.context, "max_completion_tokens": model.max_output or None, "pricing": prices,
    }  # fmt: skip


def quota(requests: int, tokens: int) -> dict[str, Any]:
    """`GET /user/quota`, in US dollars of play money."""
    used = round(tokens * 2e-6, 6)
    return {
        "username": "simulated", "total_quota": round(100.0 - used, 6), "total_used_quota": used, "request_count": requests,
        "keys": [{"name": "simulated", "unlimited_quota": True, "used_quota": used, "status": 1}],
    }  # fmt: skip
