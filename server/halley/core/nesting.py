"""How deep values of JSON or TOML nest. Values from outside are bounded by it before anything walks through them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast


def depth_of(value: Any, most: int) -> int:
    """Levels of dicts and lists, a plain value being one; counted without recursion, and no further than `most + 1`."""
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
