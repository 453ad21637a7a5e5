"""The parameters each endpoint knows: `params.toml` lists them.

Strict hosts answer 400 and name what they do not know; so does the simulator, unless it is set to be lenient. A
client that only ever met a lenient host meets the strict ones in production.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from halley.simulator.envelope import bad_request


def _read() -> dict[str, frozenset[str]]:
    rows = tomllib.loads((resources.files("halley.simulator") / "params.toml").read_text("utf-8"))
    return {path: frozenset(names.split()) for path, names in rows.items()}


KNOWN = _read()
KNOWN["/beta/completions"] = KNOWN["/v1/completions"]

NUMBERS: dict[str, tuple[float, float]] = {
    "temperature": (0, 2), "top_p": (0, 1), "presence_penalty": (-2, 2), "frequency_penalty": (-2, 2),
    "n": (1, 128), "max_tokens": (1, 10_000_000), "max_completion_tokens": (1, 10_000_000),
    "max_output_tokens": (16, 10_000_000), "top_logprobs": (0, 20),
}  # fmt: skip
"""Range of each number, both ends included."""

_WHOLE = ("n", "max_tokens", "max_completion_tokens", "max_output_tokens", "top_logprobs", "seed")


_MOST_STOPS = 16
"""OpenAI takes 4; hosts of models with fill-in-the-middle tokens take as many as such a model has."""


def check_params(path: str, body: Mapping[str, Any], strict: bool) -> None:
    """Raises ApiError (400) that names the first parameter which is unknown or out of its range."""
    unknown = sorted(set(body) - KNOWN[path])
    if strict and unknown:
        names = ", ".join(unknown)
        raise bad_request(f"Unrecognized request argument supplied: {names}", unknown[0], "unknown_parameter")
    for name, (low, high) in NUMBERS.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int if name in _WHOLE else (int, float)):
            raise bad_request(f"Invalid type for '{name}': expected a number.", name, "invalid_type")
        if not low <= value <= high:
            raise bad_request(
                f"Invalid '{name}': expected {low} to {high}, got {value}.", name, "invalid_value"
            )
    stop = body.get("stop")
    most = 4 if path == "/v1/chat/completions" else _MOST_STOPS
    if isinstance(stop, list) and (len(stop) > most or not all(isinstance(s, str) for s in stop)):
        raise bad_request(f"Invalid 'stop': expected up to {most} strings.", "stop", "invalid_value")
    if body.get("stream_options") and not body.get("stream"):
        raise bad_request(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
        )
