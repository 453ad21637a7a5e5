"""Tool calls as models write them: read strictly, shown whole, told apart by their shape.

What a user is shown is what is run: arguments are parsed once, and text that could be read in two ways (a name twice,
no object, numbers that are none) is not run at all.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from halley.core.json_text import depth_of
from halley.engine.markdown.inert import visible

MOST_ARGUMENTS = 200_000
"""Characters of one call."""
MOST_DEPTH = 64
"""Objects and lists within each other."""
MOST_NAME = 64
"""Characters of a tool's name that all hosts take."""


def read_arguments(text: str) -> dict[str, Any] | None:
    """The arguments of a call; None for what is not one JSON object with a single reading.

    Nor is one with numbers past a double's, half characters or more than `MOST_DEPTH` levels: no two programs
    read these alike, and files and databases cannot hold them.
    """
    if len(text) > MOST_ARGUMENTS:
        return None
    try:
        value: Any = json.loads(
            text.strip() or "{}",
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
        if not isinstance(value, dict) or depth_of(value, MOST_DEPTH) > MOST_DEPTH:
            return None
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("larger than a number can be")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def show_arguments(arguments: Mapping[str, Any]) -> str:
    """All of them as indented JSON, with invisible characters written out."""
    return visible(json.dumps(arguments, ensure_ascii=False, indent=2))


def shape_of(arguments: Mapping[str, Any]) -> str:
    """The names and kinds of arguments, which a permanent approval is given for: `path: text, deep: {on: yes/no}`."""
    rows: list[tuple[str, Any]] = sorted(arguments.items())
    return ", ".join(f"{visible(name)}: {_kind(value)}" for name, value in rows) or "no arguments"


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "yes/no"
        case int() | float():
            return "number"
        case str():
            return "text"
        case None:
            return "nothing"
        case Mapping():
            return f"{{{shape_of(cast('Mapping[str, Any]', value))}}}"
        case _:
            return f"[{', '.join(sorted({_kind(one) for one in value}))}]"


def wire_names(tools: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(server, tool) → the name a model calls it by: built-in tools by their own, the others as `server__tool`.

    Letters, digits, `_` and `-`, at most 64, each once, whatever servers call their tools.
    """
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for server, tool in tools:
        plain = tool if server == "halley" else f"{server}__{tool}"
        name = re.sub(r"[^A-Za-z0-9_-]", "_", plain)
        if name in taken or len(name) > MOST_NAME:
            digest = hashlib.sha256(f"{server}\0{tool}".encode()).hexdigest()[:8]
            name = f"{name[: MOST_NAME - 9]}_{digest}"
        taken.add(name)
        names[server, tool] = name
    return names
