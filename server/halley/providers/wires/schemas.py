"""A tool's JSON Schema as a host takes it: `tool_schema`.

Every host wants an object with `properties`. Which keywords one does not take is a fact of the catalogue
(`schema_drop`) or learned from a refusal; without them the schema still describes the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from halley.providers.hosts.learning import Learned

DEEPEST = 24
"""References within a schema are followed this far; one that holds itself would have no end."""
_SCHEMAS = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def tool_schema(parameters: Mapping[str, Any], facts: Mapping[str, Any], learned: Learned) -> dict[str, Any]:
    """The schema of an object, without what the host is known to refuse."""
    drop = {*facts.get("schema_drop", ()), *learned.schema_drop}
    schema = _without(dict(parameters), drop, parameters, 0) if drop else dict(parameters)
    schema.setdefault("type", "object")
    if schema["type"] == "object":
        schema.setdefault("properties", {})
    return schema


def keywords_in(schema: Any, deep: int = 0) -> set[str]:
    """Every keyword that a schema uses, at any depth; names of properties are none."""
    if not isinstance(schema, Mapping) or deep > DEEPEST:
        return set()
    found = set(schema)
    for inner in _inner(schema):
        found |= keywords_in(inner, deep + 1)
    return found


def _inner(schema: Mapping[str, Any]) -> list[Any]:
    lists = [inner for key in _LISTS if isinstance(schema.get(key), list) for inner in schema[key]]
    maps = [inner for key in _MAPS if isinstance(schema.get(key), Mapping) for inner in schema[key].values()]
    return [schema[key] for key in _SCHEMAS if key in schema] + lists + maps


def _without(schema: Any, drop: Set[str], root: Mapping[str, Any], deep: int) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    if deep > DEEPEST:
        return {}
    kept = dict(schema)
    for key in drop & kept.keys():
        _take_out(kept, key, root)
    for key, value in list(kept.items()):
        if key in _SCHEMAS:
            kept[key] = _without(value, drop, root, deep + 1)
        elif key in _LISTS and isinstance(value, list):
            kept[key] = [_without(inner, drop, root, deep + 1) for inner in value]
        elif key in _MAPS and isinstance(value, Mapping):
            kept[key] = {name: _without(inner, drop, root, deep + 1) for name, inner in value.items()}
    # what a reference or an alternative brought in may hold such keywords itself
    return _without(kept, drop, root, deep + 1) if drop & kept.keys() else kept


def _take_out(kept: dict[str, Any], key: str, root: Mapping[str, Any]) -> None:
    """Removes a keyword, with the nearest thing that says the same in its place."""
    value = kept.pop(key)
    if key == "const":
        kept.setdefault("enum", [value])
    elif key == "$ref":
        _lay_under(kept, _referred(str(value), root))
    elif key in ("anyOf", "oneOf") and isinstance(value, list):
        _lay_under(kept, next((one for one in value if not _is_null(one)), {}))
    elif key == "allOf" and isinstance(value, list):
        for one in value:
            _lay_under(kept, one)


def _lay_under(kept: dict[str, Any], other: Any) -> None:
    if not isinstance(other, Mapping):
        return
    for name, value in other.items():
        mine = kept.get(name)
        if name in ("properties",) and isinstance(mine, Mapping) and isinstance(value, Mapping):
            kept[name] = {**value, **mine}
        elif name == "required" and isinstance(mine, list) and isinstance(value, list):
            kept[name] = list(dict.fromkeys((*mine, *value)))
        else:
            kept.setdefault(name, value)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    """What `#/$defs/name` stands for; nothing for what lies outside of the schema."""
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if found is not root else None
