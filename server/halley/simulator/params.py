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

_TABLES: dict[str, Any] = tomllib.loads(
    (resources.files("halley.simulator") / "params.toml").read_text("utf-8")
)
KNOWN = {path: frozenset(names.split()) for path, names in _TABLES["known"].items()}
KNOWN["/beta/completions"] = KNOWN["/v1/completions"]
NUMBERS: dict[str, tuple[float, float]] = {name: tuple(ends) for name, ends in _TABLES["numbers"].items()}
"""Range of each number, both ends included."""
_WHOLE = frozenset(_TABLES["whole"])
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
            why = f"Invalid '{name}': expected {low} to {high}, got {value}."
            raise bad_request(why, name, "invalid_value")
    stop = body.get("stop")
    most = 4 if path == "/v1/chat/completions" else _MOST_STOPS
    if isinstance(stop, list) and (len(stop) > most or not all(isinstance(s, str) for s in stop)):
        raise bad_request(f"Invalid 'stop': expected up to {most} strings.", "stop", "invalid_value")
    if body.get("stream_options") and not body.get("stream"):
        why = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise bad_request(why, "stream_options")
