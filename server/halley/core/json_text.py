"""Values to JSON, also those that orjson refuses: half characters, integers past 64 bits, many levels.

Where it is only a matter of our own plain values, orjson alone will do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import orjson

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS  # our values are snake_case: they are converted, never leaked


def encode_json(value: Any, encode_other: Callable[[Any], Any] | None = None) -> bytes:
    """The JSON of `value`, half characters as U+FFFD. Raises ValueError or TypeError when it has none.

    NaN is written as null.
    """
    try:
        return orjson.dumps(value, encode_other, _OPTIONS)
    except orjson.JSONEncodeError:
        return _encode_odd(mend_surrogates(value), encode_other)


def _encode_odd(value: Any, encode_other: Callable[[Any], Any] | None) -> bytes:
    try:
        return orjson.dumps(value, encode_other, _OPTIONS)
    except orjson.JSONEncodeError:
        pass
    try:
        text = json.dumps(
            value, default=encode_other, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return text.encode()


def mend_surrogates(value: Any) -> Any:
    """`value` with each half of a character replaced by U+FFFD, which is as long in UTF-16.

    Raises ValueError when it is nested too deeply.
    """
    try:
        return _mended(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return {_mended(key): _mended(inner) for key, inner in pairs}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in cast("list[Any]", value)]
    return value
