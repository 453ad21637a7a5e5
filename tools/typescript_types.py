"""TypeScript types of the custom requests, from `halley/lsp/protocol.py`.

`build_typescript()` is the whole file as text. Nothing here knows what a request means: it walks the pydantic models'
JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

Json = dict[str, Any]

TARGET = Path("clients/vscode/src/protocol.ts")
_HEAD = "// Generated from server/halley/lsp/protocol.py by tools/typescript_types.py: run `make generate`.\n"
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def build_typescript() -> str:
    """The file: one type per model, then the tables of requests and notifications."""
    from halley.lsp import protocol
    from halley.lsp.protocol import NOTIFICATIONS, REQUESTS

    shapes = [shape for shape in vars(protocol).values() if _is_shape(shape, protocol.Shape)]
    _, schema = models_json_schema([(shape, "validation") for shape in shapes], by_alias=True)
    definitions: dict[str, Json] = schema["$defs"]
    parts = [_HEAD, *(_interface(name, definitions[name]) for name in sorted(definitions))]
    parts.append(_requests("Requests", [(n, r) for n, r in REQUESTS.items() if not r.to_client]))
    parts.append(_requests("ClientRequests", [(n, r) for n, r in REQUESTS.items() if r.to_client]))
    parts.append(_notifications(NOTIFICATIONS.items()))
    return "\n".join(parts)


def _is_shape(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base) and value is not base


def build(root: Path) -> dict[Path, str]:
    """For `tools/generate.py`."""
    return {TARGET: build_typescript()}


def _interface(name: str, schema: Json) -> str:
    if "properties" not in schema:
        return f"{_doc(schema, '')}export type {name} = {_type(schema)};\n"
    required = set(schema.get("required", ()))
    rows = [
        f"{_doc(field, '  ')}  {key}{'' if key in required else '?'}: {_type(field)};"
        for key, field in schema["properties"].items()
    ]
    body = "\n".join(rows)
    return f"{_doc(schema, '')}export interface {name} {{\n{body}\n}}\n"


def _doc(schema: Json, indent: str) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    return f"{indent}/** {text} */\n" if text else ""


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if "enum" in schema or "const" in schema:
        return " | ".join(_literal(value) for value in schema.get("enum", [schema.get("const")]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type(part) for part in schema[union]))
    return _composite(schema)


def _composite(schema: Json) -> str:
    kind = schema.get("type")
    if kind == "array":
        inner = _type(schema.get("items", {}))
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    return _PLAIN.get(str(kind), "unknown")


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _requests(title: str, rows: list[tuple[str, Any]]) -> str:
    lines = [
        f"  /** {row.doc}{' Streams.' if row.streams else ''} */\n"
        f"  '{name}': {{ params: {row.params.__name__}; result: {row.result.__name__} }};"
        for name, row in rows
    ]
    return f"export interface {title} {{\n" + "\n".join(lines) + "\n}\n"


def _notifications(rows: Iterable[tuple[str, tuple[Any, str]]]) -> str:
    lines = [f"  /** {doc} */\n  '{name}': {params.__name__};" for name, (params, doc) in rows]
    return "export interface Notifications {\n" + "\n".join(lines) + "\n}\n"
