"""Values to JSON and back, also those that orjson refuses: half characters, integers past 64 bits, many levels.

Where it is only a matter of our own plain values, orjson alone will do. The bounds on values from outside are here too,
those of TOML text among them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

import orjson

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS  # our values are snake_case: they are converted, never leaked


MOST_PARTS = 100
"""Of a dotted TOML key. The standard library's parser copies the key for each of its parts: time and memory grow with
the square of their number, and 256 KB of `a.a.a…` take 22 GB."""
_KEY_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(f"(?:{_KEY_PART}){{{MOST_PARTS}}}", re.ASCII)


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


def decode_json(text: bytes) -> Any:
    """The value of `text`, half characters as U+FFFD. Raises ValueError when it is not UTF-8 JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if b"\\ud" not in text and b"\\uD" not in text:
            raise
    try:
        return mend_surrogates(json.loads(text, parse_constant=_refuse_constant))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def has_nan(value: Any) -> bool:
    """Whether a number in `value` has no JSON form."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(has_nan, cast("dict[Any, Any]", value).values()))
    if isinstance(value, list | tuple):
        return any(map(has_nan, cast("list[Any]", value)))
    return False


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


def find_long_key(toml: str) -> int | None:
    """Where a dotted key of more than `MOST_PARTS` parts begins, to be asked before the text is parsed.

    A value that looks like one (a hundred words in a row, joined by dots) counts as well.
    """
    found = _LONG_KEY.search(toml)
    return found.start() if found else None


def depth_of(value: Any, most: int) -> int:
    """Levels of dicts and lists, a plain value being one; counted without recursion, and no further than `most + 1`.

    Values from outside, TOML's as well, are bounded by it before anything walks through them.
    """
    level: list[Any] = [value]
    depth = 0
    while level and depth <= most:
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        depth += 1
    return depth


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()
