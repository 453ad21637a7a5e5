"""JSON Schema for `config.toml` and `.halley.toml`, from `halley/core/settings.py`.

The second holds only what a repository may set. Editors with a TOML language server check and complete against them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FOLDER = Path("server/halley/stores/schema")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OURS = ("scope", "prompt")
"""What settings say about themselves that is no JSON Schema."""


def build(root: Path) -> dict[Path, str]:
    return {
        FOLDER / "config.schema.json": _to_text(config_schema()),
        FOLDER / "workspace.schema.json": _to_text(workspace_schema()),
    }


def config_schema() -> Json:
    """Everything the user may set."""
    about = "Halley's config.toml: every setting. docs/reference/settings.md says more."
    return {"$schema": DIALECT, "title": "config.toml", "description": about} | _plain(_settings_schema())


def workspace_schema() -> Json:
    """What `.halley.toml` may set."""
    schema = _settings_schema()
    _keep_shared(schema)
    for definition in schema["$defs"].values():
        _keep_shared(definition)
    about = "A repository's .halley.toml: the settings that a repository may make. Prompts apply once it is trusted."
    named = {"$schema": DIALECT, "title": ".halley.toml", "description": about}
    return _without_unused(named | _plain(schema))


def _settings_schema() -> Json:
    from halley.core.settings import Settings

    schema = Settings.model_json_schema(by_alias=True)
    for role in schema["$defs"]["RoleSettings"]["properties"].values():
        role |= {
            "anyOf": [{"type": "array", "items": role["items"]}, role["items"]]
        }  # one model needs no brackets
        del role["type"], role["items"]
    for field in (
        field for owner in (schema, *schema["$defs"].values()) for field in owner["properties"].values()
    ):
        if "patternProperties" in field:  # a name that does not match is no name at all
            field["additionalProperties"] = False
    for name in ("title", "description"):
        schema.pop(name, None)
    return schema


def _keep_shared(schema: Json) -> None:
    """Drops the fields that say they are not a repository's; models whose fields say nothing stay whole."""
    fields = schema.get("properties", {})
    schema["properties"] = {n: f for n, f in fields.items() if f.get("scope", "workspace") == "workspace"}


def _plain(schema: Any) -> Any:
    """Without our own keywords and pydantic's titles."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    noise = {key for key in schema if key in _OURS or (key == "title" and isinstance(schema[key], str))}
    return {
        key: _fields(value) if key == "properties" else _plain(value)
        for key, value in schema.items()
        if key not in noise
    }


def _fields(fields: Json) -> Json:
    """Names of settings are not keywords, whatever they are called."""
    return {name: _plain(field) for name, field in fields.items()}


def _without_unused(schema: Json) -> Json:
    text = json.dumps(schema)
    while unused := [n for n in schema["$defs"] if f'"#/$defs/{n}"' not in text]:
        for name in unused:
            del schema["$defs"][name]
        text = json.dumps(schema)
    return schema


def _to_text(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
