"""What the generators of client types share: the shapes of `halley/lsp/protocol/` as JSON Schema, and the walk
over one.

`Names` says how a language writes things; nothing here knows what a request means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic.json_schema import models_json_schema

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """`plain` maps JSON's types, `any` stands for what has none, `union` joins, `reference` and `table` wrap a type."""

    plain: Mapping[str, str]
    any: str
    union: str
    reference: Callable[[str], str]
    table: Callable[[str], str]


def load_definitions() -> dict[str, Json]:
    """Every shape of the protocol by name."""
    import halley.lsp.protocol.table  # the subjects' files, whose shapes are then known
    from halley.lsp.protocol.shape import Shape

    shapes = [shape for shape in _below(Shape) if shape.__module__.startswith(halley.lsp.protocol.__name__)]
    _, schema = models_json_schema([(shape, "validation") for shape in shapes], by_alias=True)
    return schema["$defs"]


def _below(shape: type[T]) -> Iterator[type[T]]:
    """The shapes that are made from it, those made from them included."""
    for made in shape.__subclasses__():
        yield made
        yield from _below(made)


def type_of(schema: Json, names: Names) -> str:
    """The type as the language writes it."""
    if "$ref" in schema:
        return names.reference(schema["$ref"].rsplit("/", 1)[-1])
    if "enum" in schema or "const" in schema:
        return names.union.join(_literal(value) for value in schema.get("enum", [schema.get("const")]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return names.union.join(dict.fromkeys(type_of(part, names) for part in schema[union]))
    return _composite(schema, names)


def _composite(schema: Json, names: Names) -> str:
    kind = schema.get("type")
    if kind == "array":
        inner = type_of(schema.get("items", {}), names)
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return names.table(type_of(values, names) if isinstance(values, dict) else names.any)
    return names.plain.get(str(kind), names.any)


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()
