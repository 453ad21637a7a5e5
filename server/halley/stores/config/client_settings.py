"""The editor's settings (`initializationOptions.settings`, section `halley`) as a level of configuration.

Editors speak JSON: names may be camelCase or snake_case, nested or dotted, wrapped in `halley` or not, and null means
"not set". Many editors read settings from files of the repository too (`.helix/languages.toml`, `.zed/settings.json`),
so endpoints, keys and what an agent may do are refused here, unless the client says that it takes them from the user's
own settings only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halley.core.settings import ConfigProblem
from halley.stores.config.check import check, field_names
from halley.stores.config.layers import NOTHING, Layer, get_at, with_value, without
from halley.stores.config.toml_files import MOST_DEPTH, Reporter

NEVER = ("team", "daemon")
"""What no client can set: where usage is sent, with which key, and how long the process for all editors stays."""
OWN = {
    ("tools", "servers"): "tools.servers start programs",
    ("next_edit", "acp"): "next_edit.acp switches on a protocol that is a draft",
}
"""Single settings that no client can set, and why."""
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def parse_client_settings(
    settings: Any, last: Layer | None = None, *, keeps_machine_settings: bool = False
) -> Layer:
    """The level `client`. Anything may come in; what is wrong becomes problems.

    `keeps_machine_settings`: the client promises that `providers` and `agent` come from the user's own settings, never
    from a file of the repository.
    """
    report = Reporter()
    if settings is None:
        return Layer("client")
    if not isinstance(settings, Mapping):
        return Layer(
            "client", last.data if last else NOTHING, None, (report.whole("Settings must be an object."),)
        )
    data, problems = build_data(settings), list[ConfigProblem]()
    for section in ("providers", "agent", *NEVER):
        if section in data and (section in NEVER or not keeps_machine_settings):
            message = (
                f"{section} cannot be set in the editor's settings, which a repository may write: "
                "put it in config.toml (`halley doctor` prints its path)."
            )
            problems.append(report((section,), message))
            del data[section]
    for path, what in OWN.items():
        if get_at(data, path) is not None:
            message = (
                f"{what}, and editors' settings may come from a repository: "
                "set this in config.toml (`halley doctor` prints its path)."
            )
            problems.append(report(path, message))
            data = without(data, path)
    good, found = check(data, last.data if last else NOTHING, report)
    return Layer("client", good, None, tuple(replace(p, path=None) for p in (*problems, *found)))


def build_data(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables in snake_case, without nulls."""
    inner = settings.get("halley")
    if isinstance(inner, Mapping) and len(settings) == 1:
        settings = inner
    data: dict[str, Any] = {}
    for name, value in settings.items():
        keys = tuple(str(name).removeprefix("halley.").split("."))
        path = tuple(_known_name(keys[:i], key) for i, key in enumerate(keys))
        cleaned = _clean(path, value, 0)
        if cleaned is not None:
            data = with_value(data, path, _joined(get_at(data, path), cleaned))
    return data


def _joined(there: Any, value: Any) -> Any:
    both = isinstance(there, Mapping) and isinstance(value, Mapping)
    return {**there, **value} if both else value


def _clean(path: tuple[str, ...], value: Any, depth: int) -> Any:
    if isinstance(value, Mapping) and depth < MOST_DEPTH:
        pairs = ((_known_name(path, str(key)), inner) for key, inner in value.items())
        cleaned = {key: _clean((*path, key), inner, depth + 1) for key, inner in pairs}
        return {key: inner for key, inner in cleaned.items() if inner is not None}
    if isinstance(value, list):
        return [_clean(path, inner, depth + 1) for inner in value]
    return value


def _known_name(path: tuple[str, ...], key: str) -> str:
    """`debounceMs` as `debounce_ms` where that is a setting; names that people chose stay as they are."""
    names = field_names(path)
    snake = _CAMEL.sub(lambda match: f"_{match.group(1).lower()}", key)
    return snake if key not in names and snake in names else key
