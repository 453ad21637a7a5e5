"""The levels of configuration as values, and how they become one `Settings`.

From weak to strong: defaults → config.toml → what was picked for the user → .halley.toml → the editor's settings → what
was picked for the workspace → the session's choice → the request. A key is taken from the strongest level that
names it, with these rules of their own:

    providers            key by key within each provider
    macros               each macro whole: mixing halves of two would give one that no user wrote
    context.exclude      adds up: no level can show a model what another one hides. A `!` takes back only what its own
                         level left out: such a level becomes one text of several lines (`stores/workspace/ignoring.py`)

Pure: no files here. `store.py` loads the levels, `check.py` validates them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from halley.core.models import Role, Route
from halley.core.settings import ConfigProblem, Settings

LayerName = Literal[
    "defaults", "config.toml", "user", ".halley.toml", "client", "workspace", "session", "request"
]
LAYERS: tuple[LayerName, ...] = get_args(LayerName)
"""From weak to strong."""

Data = Mapping[str, Any]
"""Nested tables in snake_case that hold only what the level sets."""
NOTHING: Data = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One level: its valid part, and what was wrong with the rest."""

    name: LayerName
    data: Data = field(default_factory=lambda: NOTHING)
    path: Path | None = None
    problems: tuple[ConfigProblem, ...] = ()
    usable: bool = True
    """False when the file could not be understood and nothing of it, new or old, is in force."""


def merge_settings(layers: Iterable[Layer]) -> Settings:
    """The settings in force. Levels may come in any order."""
    return Settings.model_validate(merge_data(layers))


def merge_data(layers: Iterable[Layer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in in_order(layers):
        for section, value in layer.data.items():
            merged[section] = _merge_section(section, merged.get(section), value)
    return merged


def in_order(layers: Iterable[Layer]) -> list[Layer]:
    return sorted(layers, key=lambda layer: LAYERS.index(layer.name))


def find_source(layers: Iterable[Layer], setting: str) -> Layer | None:
    """The level that decides `setting` (dotted, `roles.chat`); None where the default holds."""
    keys = setting.split(".")
    for layer in reversed(in_order(layers)):
        if get_at(layer.data, keys) is not None:
            return layer
    return None


def roles_layer(name: LayerName, routes: Mapping[Role, Route]) -> Layer:
    """Picked routes as a level."""
    roles = {role: tuple(str(model) for model in route) for role, route in routes.items() if route}
    return Layer(name, {"roles": roles} if roles else NOTHING)


def _merge_section(section: str, below: Any, above: Any) -> Any:
    if section == "context" and isinstance(above, Mapping) and "exclude" in above:
        above = {**above, "exclude": _as_one_level(above["exclude"])}
    if below is None or not isinstance(above, Mapping):
        return above
    merged = dict(below) | dict(above)
    if section == "providers":
        merged |= {id: {**below.get(id, {}), **fields} for id, fields in above.items()}
    # Joined, unlike every other list: what one level keeps from models, no stronger one may show by naming its own.
    if section == "context" and "exclude" in below and "exclude" in above:
        merged["exclude"] = tuple(dict.fromkeys((*below["exclude"], *above["exclude"])))
    return merged


def _as_one_level(patterns: Iterable[str]) -> tuple[str, ...]:
    patterns = tuple(patterns)
    if any("!" in pattern for pattern in patterns):
        return ("".join(f"{pattern}\n" for pattern in patterns),)
    return patterns


def get_at(data: Any, path: Iterable[Any]) -> Any:
    """The value at a path of keys; None where there is none."""
    for key in path:
        # Asking the abstract class takes longer than all else here.
        if not (type(data) is dict or isinstance(data, Mapping)) or key not in data:
            return None
        data = data[key]
    return data


def without(data: Data, path: tuple[Any, ...]) -> dict[str, Any]:
    """A copy that lacks what is at `path`."""
    return with_value(data, path, None)


def with_value(data: Data, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy that holds `value` at `path`; None takes it away."""
    copy = dict(data)
    key, rest = path[0], path[1:]
    if value is None and key not in copy:
        return copy
    if rest:
        inner = copy.get(key)
        copy[key] = with_value(inner if isinstance(inner, Mapping) else {}, rest, value)
    elif value is None:
        copy.pop(key, None)
    else:
        copy[key] = value
    return copy
