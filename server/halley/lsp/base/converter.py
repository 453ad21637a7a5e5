"""Between JSON and lsprotocol's types: pygls' converter, made strict and shared.

`from_json` and `to_json` are for handlers; the protocol uses the same converter for messages.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from cattrs import Converter, transform_error
from cattrs.cols import is_sequence, list_structure_factory
from lsprotocol import types
from pygls.protocol import default_converter

from halley.core.json_text import encode_json, has_nan
from halley.lsp.base.rpc_errors import InvalidParams

T = TypeVar("T")


@cache
def shared_converter() -> Converter:
    """The process's one converter: making one takes 20 ms.

    Mends: cattrs takes an object or a string for an array, by iterating it. Diagnostics stay as another
    server made them, unknown fields and severities included: they are handed back unchanged (five would take 150 µs).
    """
    converter = default_converter()

    def strict(kind: Any, converter: Any) -> Any:
        structure = list_structure_factory(kind, converter)

        def array(value: Any, kind: Any) -> Any:
            if not isinstance(value, list | tuple):
                raise TypeError("an array is expected")
            return structure(value, kind)

        return array

    def diagnostic(value: Any, _: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("message"), str | dict):
            raise TypeError("a diagnostic is expected")
        converter.structure(value.get("range"), types.Range)
        return value

    converter.register_structure_hook_factory(is_sequence, strict)
    converter.register_structure_hook(types.Diagnostic, diagnostic)
    converter.register_unstructure_hook(
        types.Diagnostic,
        lambda value: value if isinstance(value, dict) else _plain_converter().unstructure(value),
    )
    return converter


@cache
def _plain_converter() -> Converter:
    """For a diagnostic that was made here, which is rare: what writes one takes 10 ms to make."""
    return default_converter()


def from_json(value: Any, kind: type[T]) -> T:
    """JSON values as one of lsprotocol's types. Raises InvalidParams naming the first wrong field."""
    try:
        return shared_converter().structure(value, kind)
    except Exception as error:
        said = transform_error(error)[0]
        what, _, path = said.rpartition(" @ $")
        field, expected = path.lstrip(".") or "params", (what or "invalid").replace("_", " ")
        raise InvalidParams(field, expected) from None


def to_json(value: Any) -> Any:
    """lsprotocol's types as JSON values."""
    return shared_converter().unstructure(value)


def encode_body(message: Any) -> bytes:
    """The JSON of `message`. Raises ValueError or TypeError when it has none (pygls sends the invalid `NaN`)."""
    body = encode_json(message, _encode_other)
    if b"null" in body and has_nan(message):
        raise ValueError("a number is NaN or infinite")
    return body


def _encode_other(value: Any) -> Any:
    """lsprotocol's types as LSP spells them, models of `lsp/protocol/` as Halley's protocol does.

    Mend: pygls sends any other object's `__dict__`.
    """
    if hasattr(value, "__attrs_attrs__"):
        return to_json(value)
    if (dump := getattr(value, "model_dump", None)) is None:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return dump(mode="json", by_alias=True, exclude_none=True)
