"""The VS Code manifest's settings, from `halley/core/settings.py`.

The client's `package.json` is written by hand but for two places, which are made here: the second section of
`contributes.configuration` (the first holds the client's own settings) and the list of settings that an untrusted
workspace may not set, which is all of them. Descriptions go to `package.nls.json`;
`package.nls.es.json` is translated by hand, and
`untranslated()` names what it lacks.

`build_manifest(package)` and `build_nls(nls)` are pure.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FOLDER = Path("clients/vscode")
PREFIX = "halley"
_KEY = "settings"
"""Settings' keys in the nls files start with this."""
_MACHINE = {"providers", "log", "budget", "tools", "agent"}
"""Top-level settings that no workspace sets in VS Code: endpoints and keys, programs, limits on spending."""
_NOWHERE = {("tools", "servers"), ("team", ""), ("daemon", ""), ("next_edit", "acp")}
"""What no editor may set: `config.toml` alone. Without a name, the whole section."""
_OWN = ("path", "sharedDaemon")
"""The client's own settings that are restricted too."""


def build_manifest(package: Json) -> Json:
    """`package.json` with its generated parts made again."""
    made = json.loads(json.dumps(package))
    own = made["contributes"]["configuration"][0]
    rows = build_settings()
    made["contributes"]["configuration"] = [
        own,
        {"title": "%configuration.daemon%", "order": 2, "properties": rows},
    ]
    made["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [
        *(f"{PREFIX}.{name}" for name in _OWN),
        *rows,  # also `roles`, which choose who gets prompts, and `edits`, which decide what is asked
    ]
    return made


def build_settings() -> dict[str, Json]:
    """One row for each leaf of `Settings`: `halley.completion.debounceMs` and so on."""
    from halley.core.settings import Settings

    schema = Settings.model_json_schema(by_alias=True)
    rows: dict[str, Json] = {}
    for top, field in schema["properties"].items():
        section = _resolve(field, schema)
        if "properties" in section:
            for name, leaf in section["properties"].items():
                if _is_nowhere(top, name):
                    continue
                rows[f"{PREFIX}.{to_camel(top)}.{to_camel(name)}"] = _row(top, name, leaf, schema)
        else:
            rows[f"{PREFIX}.{to_camel(top)}"] = _row(top, "", field, schema)
    return rows


def build_nls(nls: dict[str, str]) -> dict[str, str]:
    """`package.nls.json` with current descriptions of the settings; everything else is unchanged."""
    kept = {key: text for key, text in nls.items() if not key.startswith(f"{_KEY}.")}
    return kept | descriptions()


def descriptions() -> dict[str, str]:
    """nls key → English description, for every setting."""
    from halley.core.settings import Settings

    schema = Settings.model_json_schema(by_alias=True)
    texts: dict[str, str] = {}
    for top, field in schema["properties"].items():
        section = _resolve(field, schema)
        if "properties" not in section:
            texts[_nls_key(top, "")] = _in_camel_case(field.get("description", ""))
        for name, leaf in section.get("properties", {}).items():
            if not _is_nowhere(top, name):
                texts[_nls_key(top, name)] = _in_camel_case(leaf.get("description", ""))
    return texts


def _is_nowhere(top: str, name: str) -> bool:
    return (top, name) in _NOWHERE or (top, "") in _NOWHERE


def _in_camel_case(description: str) -> str:
    """Settings that a description names, by the names they have in VS Code: `context.maxTokens`."""
    return re.sub(r"`[a-z][a-z_.]*`", lambda match: to_camel(match[0]), description)


def untranslated(nls: dict[str, str], translated: dict[str, str]) -> list[str]:
    """Keys that the translation lacks, or has too many."""
    return sorted(set(nls) ^ set(translated))


def to_camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def build(root: Path) -> dict[Path, str]:
    """For `tools/generate.py`: both files whole, with what was written by hand in them."""
    makers = {"package.json": build_manifest, "package.nls.json": build_nls}
    return {
        FOLDER / name: to_text(make(json.loads((root / FOLDER / name).read_text("utf-8"))))
        for name, make in makers.items()
    }


def to_text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _nls_key(top: str, name: str) -> str:
    return ".".join(part for part in (_KEY, to_camel(top), to_camel(name)) if part)


def _row(top: str, name: str, field: Json, schema: Json) -> Json:
    row = _inline(field, schema)
    row.pop("scope", None)
    row.pop("title", None)
    row.pop("description", None)
    row["scope"] = "machine" if top in _MACHINE else "resource"
    row["markdownDescription"] = f"%{_nls_key(top, name)}%"
    return _without_null(row)


def _without_null(row: Json) -> Json:
    """VS Code shows a plain field for `string`, and only "edit in settings.json" for a union."""
    options = row.get("anyOf")
    plain = [option for option in options or () if option.get("type") != "null"]
    if options and len(plain) == 1:
        rest = {key: value for key, value in row.items() if key != "anyOf"}
        kind = plain[0].get("type")
        return rest | plain[0] | ({"type": [kind, "null"]} if isinstance(kind, str) else {})
    return row


def _inline(node: Any, schema: Json) -> Any:
    """`node` with every `$ref` replaced: VS Code reads no definitions in a setting."""
    if isinstance(node, list):
        return [_inline(item, schema) for item in node]
    if not isinstance(node, dict):
        return node
    resolved = _resolve(node, schema)
    inlined = {
        key: _inline(value, schema) for key, value in resolved.items() if key not in ("title", "scope")
    }
    if isinstance(inlined.get("description"), str):
        inlined["description"] = _in_camel_case(inlined["description"])
    if isinstance(named := inlined.get("properties"), dict) and inlined.get("type") == "object":
        inlined["properties"] = {to_camel(name): value for name, value in named.items()}
    return inlined


def _resolve(node: Json, schema: Json) -> Json:
    if "$ref" not in node:
        return node
    target = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return target | {key: value for key, value in node.items() if key != "$ref"}
