"""The simulator's models: `/v1/models`, the public catalogue with prices, and the quota."""

from __future__ import annotations

from dataclasses import dataclass
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


MODELS: dict[str, SimModel] = {
    model.id: model
    for model in (
        SimModel("sim-chat", "Simulated chat", features=("text-to-text", "tools", "vision")),
        SimModel(
            "sim-code",
            "Simulated coder",
            features=("text-to-text", "tools"),
            input_price=1.0,
            output_price=4.0,
        ),
        SimModel(
            "sim-fast",
            "Simulated small model",
            features=("text-to-text",),
            input_price=0.05,
            output_price=0.2,
        ),
        SimModel(
            "sim-reason",
            "Simulated thinker",
            features=("text-to-text", "tools", "thinking"),
            input_price=2.0,
            output_price=8.0,
        ),
        SimModel(
            "sim-fim",
            "Simulated completion",
            features=("fim",),
            context=32_000,
            input_price=0.1,
            output_price=0.3,
        ),
        SimModel("sim-embed", "Simulated embedding", "embedding", ("embedding",), 8_192, 0, 0.02, 0.0),
        SimModel("sim-embed-2", "Simulated embedding 2", "embedding", ("embedding",), 8_192, 0, 0.13, 0.0),
        SimModel("sim-image", "Simulated painter", "image", ("text-to-image",), 4_000, 0, 0.0, 0.0, 0.01),
        SimModel(
            "sim-image-chat",
            "Simulated talking painter",
            "image",
            ("text-to-image",),
            32_000,
            0,
            0.0,
            0.0,
            0.02,
        ),
        SimModel(
            "sim-midjourney", "Simulated grids of four", "image", ("text-to-image",), 4_000, 0, 0.0, 0.0, 0.05
        ),
        SimModel("sim-speech", "Simulated speaker", "speech", ("text-to-speech",), 4_096, 0, 15.0, 0.0),
        SimModel(
            "sim-transcribe",
            "Simulated listener",
            "transcribe",
            ("speech-to-text",),
            0,
            0,
            0.0,
            0.0,
            per_second=0.0001,
        ),
        SimModel(
            "sim-video", "Simulated camera", "video", ("text-to-video",), 4_000, 0, 0.0, 0.0, per_second=0.1
        ),
    )
}


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
    return {
        "id": model.id,
        "code": model.id,
        "name": model.label,
        "provider": "Halley simulator",
        "model_type": "audio" if model.type in ("speech", "transcribe") else model.type,
        "features": list(model.features),
        "description": "Computed on this machine; no model answers.",
        "context_length": model.context,
        "max_completion_tokens": model.max_output or None,
        "pricing": {
            "currency": "USD" if model.per_request or model.per_second else "USD / M Tokens",
            "input": model.input_price,
            "output": model.output_price,
            "per_request": model.per_request,
            "per_second": model.per_second,
        },
    }


def quota(requests: int, tokens: int) -> dict[str, Any]:
    """`GET /user/quota`, in US dollars of play money."""
    used = round(tokens * 2e-6, 6)
    return {
        "username": "simulated",
        "total_quota": round(100.0 - used, 6),
        "total_used_quota": used,
        "request_count": requests,
        "keys": [{"name": "simulated", "unlimited_quota": True, "used_quota": used, "status": 1}],
    }
