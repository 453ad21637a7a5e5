"""TypeScript types of the custom requests, from `halley/lsp/protocol/`.

`build_typescript()` is the whole file as text. Nothing here knows what a request means: it walks the pydantic models'
JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from protocol_types import Json, Names, load_definitions, type_of

TARGET = Path("clients/vscode/src/protocol.ts")
_HEAD = "// Generated from server/halley/lsp/protocol/ by tools/typescript_types.py: run `make generate`.\n"
_NAMES = Names(
    {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"},
    "unknown",
    " | ",
    lambda name: name,
    lambda values: f"Record<string, {values}>",
)


def build_typescript() -> str:
    """The file: one type per model, then the tables of requests and notifications."""
    from halley.lsp.protocol.table import NOTIFICATIONS, REQUESTS

    definitions = load_definitions()
    parts = [_HEAD, *(_interface(name, definitions[name]) for name in sorted(definitions))]
    parts.append(_requests("Requests", [(n, r) for n, r in REQUESTS.items() if not r.to_client]))
    parts.append(_requests("ClientRequests", [(n, r) for n, r in REQUESTS.items() if r.to_client]))
    parts.append(_notifications(NOTIFICATIONS.items()))
    return "\n".join(parts)


def build(root: Path) -> dict[Path, str]:
    """For `tools/generate.py`."""
    return {TARGET: build_typescript()}


def _interface(name: str, schema: Json) -> str:
    if "properties" not in schema:
        return f"{_doc(schema, '')}export type {name} = {type_of(schema, _NAMES)};\n"
    required = set(schema.get("required", ()))
    rows = [
        f"{_doc(field, '  ')}  {key}{'' if key in required else '?'}: {type_of(field, _NAMES)};"
        for key, field in schema["properties"].items()
    ]
    body = "\n".join(rows)
    return f"{_doc(schema, '')}export interface {name} {{\n{body}\n}}\n"


def _doc(schema: Json, indent: str) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    return f"{indent}/** {text} */\n" if text else ""


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
