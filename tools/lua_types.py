"""Lua types of the custom requests (LuaCATS), from `halley/lsp/protocol/`.

`build_lua()` is the whole file as text. As in `typescript_types.py`, nothing here knows what a request means: it walks
the pydantic models' JSON Schema.
"""

from __future__ import annotations

from pathlib import Path

from protocol_types import Json, Names, load_definitions, type_of

TARGET = Path("clients/neovim/lua/halley/protocol.lua")
_HEAD = (
    "---@meta\n-- Generated from server/halley/lsp/protocol/ by tools/lua_types.py: run `make generate`.\n"
)
_NAMES = Names(
    {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"},
    "any",
    "|",
    lambda name: f"halley.{name}",
    lambda values: f"table<string, {values}>",
)


def build_lua() -> str:
    """One class per model. Fields that are not required, or may be null, may be nil."""

    definitions = load_definitions()
    return "\n".join([_HEAD, *(_class(name, definitions[name]) for name in sorted(definitions))])


def build(root: Path) -> dict[Path, str]:
    """For `tools/generate.py`."""
    return {TARGET: build_lua()}


def _class(name: str, schema: Json) -> str:
    if "properties" not in schema:
        return f"---@alias halley.{name} {type_of(schema, _NAMES)}\n"
    required = set(schema.get("required", ()))
    rows = [_field(key, field, key in required) for key, field in schema["properties"].items()]
    return "\n".join([*_doc(schema), f"---@class halley.{name}", *rows, ""])


def _field(key: str, schema: Json, required: bool) -> str:
    kinds = type_of(schema, _NAMES).split("|")
    optional = "" if required and "nil" not in kinds else "?"
    said = " ".join(_text(schema))
    kind = "|".join(kind for kind in kinds if kind != "nil") or "any"
    return f"---@field {key}{optional} {kind}{' ' + said if said else ''}"


def _doc(schema: Json) -> list[str]:
    text = " ".join(_text(schema))
    return [f"--- {text}"] if text else []


def _text(schema: Json) -> list[str]:
    return str(schema.get("description", "")).split()
