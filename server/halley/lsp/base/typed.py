"""The typed side: pygls and lsprotocol, for handlers that want their types.

Imported when the first typed handler is registered; a server of raw handlers never loads it (half a second and
27 MB). `typed_handler` wraps a function of lsprotocol's types into one of plain dicts.

One cattrs converter serves the process: making one takes 60 ms.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

import attrs
from cattrs import Converter, transform_error
from lsprotocol import types
from pygls.protocol import default_converter

from halley.lsp.base.rpc_errors import InvalidParams


@cache
def shared_converter() -> Converter:
    """The process's one converter between lsprotocol's types and dicts."""
    return default_converter()


def typed_handler(method: str, function: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    """`function` with its parameters made from a dict, and its result made into JSON values.

    Raises KeyError for methods that lsprotocol does not know.
    """
    params_type = params_type_of(method)

    async def handle_async(params: dict[str, Any]) -> Any:
        return to_json(await function(from_json(params, params_type)))

    def handle(params: dict[str, Any]) -> Any:
        return to_json(function(from_json(params, params_type)))

    return handle_async if inspect.iscoroutinefunction(function) else handle


def params_type_of(method: str) -> Any:
    """The lsprotocol type of a method's parameters; None where it has none."""
    message_type = types.METHOD_TO_TYPES[method][0]
    hint = typing.get_type_hints(message_type, dict(vars(types))).get("params")
    return None if hint is type(None) else hint


def from_json(value: Any, wanted: Any) -> Any:
    """A dict as lsprotocol's type. Raises InvalidParams naming the first wrong field."""
    if wanted is None:
        return None
    try:
        return shared_converter().structure(value, wanted)
    except Exception as error:
        raise _name_field(error) from None


def to_json(value: Any) -> Any:
    """lsprotocol's types as JSON values; JSON values as they are."""
    if attrs.has(type(value)) or isinstance(value, list | tuple):
        return shared_converter().unstructure(value)
    return value


def _name_field(error: Exception) -> InvalidParams:
    said = transform_error(error)[0]
    what, _, path = said.rpartition(" @ $")
    return InvalidParams(path.lstrip(".") or "params", (what or "invalid").replace("_", " "))
