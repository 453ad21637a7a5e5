"""docs/reference/settings.md, from `halley/core/settings.py`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
TARGET = Path("docs/reference/settings.md")
_WHO = {"machine": "you", "personal": "you, editor", "workspace": "you, editor, repository"}


def build(root: Path) -> dict[Path, str]:
    return {TARGET: settings_page()}


def settings_page() -> str:
    """One table for each section of the settings."""
    from halley.core.settings import Settings

    schema = Settings.model_json_schema(by_alias=True)
    return "\n".join([_HEAD, *_sections(schema)])


_HEAD = """\
<!-- Generated from server/halley/core/settings.py. Do not edit: run `make generate`. -->
# Settings

Settings come from four places; later ones override earlier ones: the defaults, your `config.toml`, a repository's
`.halley.toml`, and your editor's settings (in camelCase there: `completion.debounceMs`). A model picked for a
workspace, a session or a single request overrides all of them. Changes take effect immediately. An invalid value is
reported, and the last valid one stays in effect.

`halley doctor` prints the folder of `config.toml`. JSON Schemas for both files are in
[server/halley/stores/schema](../../server/halley/stores/schema).

*Who* shows where a setting may be set: *you* means `config.toml`, *editor* the editor's settings, *repository*
`.halley.toml`. **Trusted** means that a repository's value applies only after `halley trust`. A repository may
name models only of providers that you have configured, and may only lower your budget.
"""


def _sections(schema: Json) -> Iterator[str]:
    for name, field in schema["properties"].items():
        section, path = _resolve(field, schema), name
        for named in section.get("patternProperties", {}).values():
            section, path = _resolve(named, schema), f"{name}.<name>"
        yield f"## `[{path}]`\n\n{field.get('description') or _first_paragraph(section)}\n"
        yield _table(section, schema, field)
        for inner, definition in _all_inner_tables(section, schema, set()):
            yield f"### `{path}.{inner}`\n\n{_first_paragraph(definition)}\n".replace("\n\n\n", "\n")
            yield _table(definition, schema, field)


def _table(section: Json, schema: Json, parent: Json) -> str:
    rows = ["| setting | value | default | who | |", "|---|---|---|---|---|"]
    for name, field in section["properties"].items():
        scope = field.get("scope") or parent.get("scope", "machine")
        trusted = field.get("prompt") or parent.get("prompt")
        who = _WHO[scope] + (" (**trusted**)" if trusted and scope == "workspace" else "")
        cells = [
            f"`{name}`",
            _kind(field, schema),
            _default(field, section),
            who,
            field.get("description", ""),
        ]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _all_inner_tables(section: Json, schema: Json, seen: set[str]) -> Iterator[tuple[str, Json]]:
    """Also those of tables within tables; each shape once."""
    for name, definition in _inner_tables(section, schema):
        if definition["title"] not in seen:
            seen.add(definition["title"])
            yield name, definition
            for inner, more in _all_inner_tables(definition, schema, seen):
                yield f"{name}.{inner}", more


def _inner_tables(section: Json, schema: Json) -> Iterator[tuple[str, Json]]:
    """The settings of a section that are tables themselves, with a shape of their own."""
    for name, field in section["properties"].items():
        for definition in _definitions(field, schema):
            if "properties" in definition:
                yield name, definition
                break


def _definitions(field: Json, schema: Json) -> Iterator[Json]:
    if "$ref" in field:
        yield _resolve(field, schema)
    named = field.get("patternProperties", {}).values()
    for part in (*field.get("anyOf", []), *named, field.get("items")):
        if isinstance(part, dict):
            yield from _definitions(part, schema)


def _resolve(field: Json, schema: Json) -> Json:
    return schema["$defs"][field["$ref"].rsplit("/", 1)[-1]] if "$ref" in field else field


def _kind(field: Json, schema: Json) -> str:
    """What may be written, in a few words."""
    if "enum" in field or "const" in field:
        return ", ".join(f"`{_toml(value)}`" for value in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        kinds = [_kind(part, schema) for part in field["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in field:
        return "table"
    if field.get("type") == "array":
        return f"list of {_plural(_kind(field.get('items', {}), schema))}"
    if field.get("type") == "object":
        return "table"
    return _limited(field)


def _plural(kind: str) -> str:
    return kind if kind.startswith("`") or kind.endswith("s") else f"{kind}s"


def _limited(field: Json) -> str:
    words = {"string": "text", "integer": "number", "number": "number", "boolean": "`true`, `false`"}
    kind = words.get(str(field.get("type")), "value")
    if str(field.get("pattern", "")).endswith("/\\S+$"):
        return "`provider/name`"
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if "exclusiveMinimum" in field:
        return f"above {field['exclusiveMinimum']}"
    return f"{kind} ≥ {low}" if low is not None else kind


def _default(field: Json, section: Json) -> str:
    value = field.get("default")
    return "" if value in (None, "", [], {}) else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    assert tomllib.loads(f"x = {text}")["x"] == value
    return text


def _first_paragraph(definition: Json) -> str:
    return " ".join(str(definition.get("description", "")).split("\n\n")[0].split())
