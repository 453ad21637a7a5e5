"""JSON in and out: the only place where message bodies become values and values become bodies.

orjson does the work. What it does not do, or does silently, is mended here: lone surrogates (editors written
in JavaScript can hold half a character; pygls passes them on and fails when it sends them back), and NaN (which
orjson writes as null and pygls as the invalid `NaN`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import orjson

from halley.core.json_text import encode_json, mend_surrogates


def decode_body(body: bytes) -> Any:
    """The value of a message body. Raises ValueError when it is not UTF-8 JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\ud" not in body and b"\\uD" not in body:
            raise
    try:
        return mend_surrogates(json.loads(body, parse_constant=_refuse_constant))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def encode_body(message: Any, encode_other: Callable[[Any], Any] | None = None) -> bytes:
    """The JSON of `message`. Raises ValueError or TypeError when it has none."""
    body = encode_json(message, encode_other or encode_model)
    if b"null" in body and has_nan(message):
        raise ValueError("a number is NaN or infinite")
    return body


def has_nan(value: Any) -> bool:
    """Whether a number in `value` has no JSON form."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_nan, value))
    return False


def encode_model(value: Any) -> Any:
    """Models of `lsp/protocol/` are sent as the protocol spells them."""
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return dump(mode="json", by_alias=True, exclude_none=True)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
