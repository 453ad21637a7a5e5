"""docs/reference/protocol.md, from `halley/lsp/protocol/`: the custom requests, for authors of clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

Json = dict[str, Any]
TARGET = Path("docs/reference/protocol.md")


def build(root: Path) -> dict[Path, str]:
    return {TARGET: protocol_page()}


def protocol_page() -> str:
    from halley.lsp.protocol.table import NOTIFICATIONS, REQUESTS

    to_server = [row for row in REQUESTS.items() if not row[1].to_client]
    to_client = [row for row in REQUESTS.items() if row[1].to_client]
    notifications = [
        f"| `{n}` | {_link(kind.__name__)} | {doc} |" for n, (kind, doc) in NOTIFICATIONS.items()
    ]
    parts = [
        _HEAD,
        "## Requests to the server\n\n" + _requests(to_server),
        "## Requests to the client\n\n" + _requests(to_client),
        "## Notifications to the client\n\n| notification | params | |\n|---|---|---|\n"
        + "\n".join(notifications)
        + "\n",
        "## Types\n",
        *_types(),
    ]
    return "\n".join(parts)


_HEAD = """\
<!-- Generated from server/halley/lsp/protocol/. Do not edit: run `make generate`. -->
# Custom requests

Halley extends LSP with these requests. The server announces them in `capabilities.experimental.halley =
{version, protocol}`. A client declares what it supports in `experimental.halley = {secrets?, proposals?, chat?, media?,
tools?, questions?}`. `questions` means that its `window/showMessageRequest` does not take the keyboard focus, so the
server may send one at any time.

JSON is camelCase; absent fields do not apply; unknown fields are ignored. Positions use the negotiated
position encoding. Requests that *stream* take a `partialResultToken`: each `$/progress` value for it is an array of
events, in order. Every request can be cancelled; it then fails with `-32800`, and partial output is saved.

A failed request has the error code `-32803` and a [Problem](#problem) as its `data`.
"""


def _requests(rows: list[tuple[str, Any]]) -> str:
    lines = ["| request | params | result | |", "|---|---|---|---|"]
    for name, row in rows:
        streams = " *Streams.*" if row.streams else ""
        lines.append(
            f"| `{name}` | {_link(row.params.__name__)} | {_link(row.result.__name__)} | {row.doc}{streams} |"
        )
    return "\n".join(lines) + "\n"


def _types() -> list[str]:
    from halley.lsp.protocol.table import NOTIFICATIONS, REQUESTS

    models = [model for row in REQUESTS.values() for model in (row.params, row.result)]
    models += [params for params, _ in NOTIFICATIONS.values()]
    unique = list(dict.fromkeys(models))
    _, schema = models_json_schema([(model, "validation") for model in unique], by_alias=True)
    return [_type_section(name, schema["$defs"][name]) for name in sorted(schema["$defs"]) if name != "Empty"]


def _type_section(name: str, schema: Json) -> str:
    about = " ".join(str(schema.get("description", "")).split())
    head = f"### {name}\n" + (f"\n{about}\n" if about else "")
    required = set(schema.get("required", ()))
    rows = ["| field | type | |", "|---|---|---|"]
    for field, kind in schema.get("properties", {}).items():
        optional = "" if field in required else "?"
        rows.append(f"| `{field}{optional}` | {_kind(kind)} | {kind.get('description', '')} |")
    return head + ("\n" + "\n".join(rows) + "\n" if len(rows) > 2 else "")


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        return _link(schema["$ref"].rsplit("/", 1)[-1])
    if "enum" in schema or "const" in schema:
        return ", ".join(f'`"{value}"`' for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"] if part.get("type") != "null")
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "any JSON"))


def _link(name: str) -> str:
    return "–" if name == "Empty" else f"[{name}](#{name.lower()})"
