"""Lua types of the custom requests (LuaCATS), from `halley/lsp/protocol.py`.

`build_lua()` is the whole file as text. As in `typescript_types.py`, nothing here knows what a request means: it walks
the pydantic models' JSON Schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

Json = dict[str, Any]

TARGET = Path("clients/neovim/lua/halley/protocol.lua")
_HEAD = (
    "---@meta\n-- Generated from server/halley/lsp/protocol.py by tools/lua_types.py: run `make generate`.\n"
)
_PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"}


def build_lua() -> str:
    """One class per model. Fields that are not required, or may be null, may be nil."""
    from halley.lsp import protocol

    shapes = [shape for shape in vars(protocol).values() if _is_shape(shape, protocol.Shape)]
    _, schema = models_json_schema([(shape, "validation") for shape in shapes], by_alias=True)
    definitions: dict[str, Json] = schema["$defs"]
    return "\n".join([_HEAD, *(_class(name, definitions[name]) for name in sorted(definitions))])


def build(root: Path) -> dict[Path, str]:
    """For `tools/generate.py`."""
    return {TARGET: build_lua()}


def _is_shape(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base) and value is not base


def _class(name: str, schema: Json) -> str:
    if "properties" not in schema:
        return f"---@alias halley.{name} {_type(schema)}\n"
    required = set(schema.get("required", ()))
    rows = [_field(key, field, key in required) for key, field in schema["properties"].items()]
    return "\n".join([*_doc(schema), f"---@class halley.{name}", *rows, ""])


def _field(key: str, schema: Json, required: bool) -> str:
    kinds = _type(schema).split("|")
    optional = "" if required and "nil" not in kinds else "?"
    said = " ".join(_text(schema))
    kind = "|".join(kind for kind in kinds if kind != "nil") or "any"
    return f"---@field {key}{optional} {kind}{' ' + said if said else ''}"


def _doc(schema: Json) -> list[str]:
    text = " ".join(_text(schema))
    return [f"--- {text}"] if text else []


def _text(schema: Json) -> list[str]:
    return str(schema.get("description", "")).split()


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return f"halley.{schema['$ref'].rsplit('/', 1)[-1]}"
    if "enum" in schema or "const" in schema:
        return "|".join(_literal(value) for value in schema.get("enum", [schema.get("const")]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return "|".join(dict.fromkeys(_type(part) for part in schema[union]))
    return _composite(schema)


def _composite(schema: Json) -> str:
    kind = schema.get("type")
    if kind == "array":
        inner = _type(schema.get("items", {}))
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"table<string, {_type(values) if isinstance(values, dict) else 'any'}>"
    return _PLAIN.get(str(kind), "any")


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()
