"""Changing config.toml for a user, as they would: their comments, order and spacing stay.

Every change is made under a lock, checked before it is written, written in one step, and refused when the file has a
mistake of its own (a program should not write into a text it cannot read) or when the result would not read back as
exactly what was meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from halley.core.errors import InvalidInput, StoreFailed
from halley.stores.config.check import check
from halley.stores.config.layers import NOTHING, get_at, with_value
from halley.stores.config.toml_files import Reporter, parse_toml
from halley.stores.disk.files import locked, read_regular, save_private
from halley.stores.disk.making import store_failed
from halley.stores.disk.paths import Paths

MOST_BYTES = 4 << 20


def save_provider(paths: Paths, provider: str, fields: Mapping[str, Any]) -> None:
    """Sets fields of `[providers.<provider>]` (snake_case, as in the file); a field that is None is taken out.

    Raises InvalidInput when a value is wrong, StoreFailed when the file cannot be changed.
    """
    changes = {("providers", provider, name): _plain(value) for name, value in fields.items()}
    _change(paths, changes or {("providers", provider): {}})


def remove_provider(paths: Paths, provider: str) -> bool:
    """False when it was not there."""
    return _change(paths, {("providers", provider): None})


def save_team(paths: Paths, fields: Mapping[str, Any]) -> None:
    """Sets fields of `[team]`; a field that is None is taken out. Raises as `save_provider`."""
    _change(paths, {("team", name): _plain(value) for name, value in fields.items()})


def save_macro(paths: Paths, name: str, macro: Mapping[str, Any]) -> None:
    """Sets `[macros.<name>]` as a whole. Raises as `save_provider`."""
    _change(paths, {("macros", name): _plain(macro)})


def remove_macro(paths: Paths, name: str) -> bool:
    """False when it was not there."""
    return _change(paths, {("macros", name): None})


class ConfigMacros:
    """Implements `core.ports.MacroLibrary` by the user's config.toml."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def save(self, name: str, macro: Mapping[str, Any]) -> None:
        save_macro(self._paths, name, macro)

    def remove(self, name: str) -> bool:
        return remove_macro(self._paths, name)


def _plain(value: Any) -> Any:
    """Only what TOML knows, without Nones."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _change(paths: Paths, changes: Mapping[tuple[str, ...], Any]) -> bool:
    """Makes all changes or none; False when there was nothing to change."""
    path = paths.config_file
    with locked(paths.state / "config.toml"):
        text = _load(path)
        before, _, problems = parse_toml(text.encode(), path)
        if before is None:
            raise StoreFailed(
                f"{path} has an error in line {problems[0].line + 1}, so it was not changed.",
                f"Fix it first: {problems[0].message}",
            )
        after = before
        for keys, value in changes.items():
            after = with_value(after, keys, value)
        if after == before:
            return False
        _refuse_wrong(after, changes)
        save_private(path, _edited(text, changes, after, path))
    return True


def _load(path: Path) -> str:
    try:
        return read_regular(path, MOST_BYTES).decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise StoreFailed(f"{path} is not UTF-8, so it was not changed.", "Save it as UTF-8 first.") from None
    except OSError as error:
        raise store_failed(path, error) from None


def _refuse_wrong(after: dict[str, Any], changes: Mapping[tuple[str, ...], Any]) -> None:
    """Only what is being written has to be right; other mistakes in the file are the user's own."""
    written: dict[str, Any] = {}
    for keys, value in changes.items():
        if value is not None:
            unit = keys[:2]
            written = with_value(written, unit, get_at(after, unit))
    _, problems = check(written, NOTHING, Reporter(), loading=False)
    for problem in problems:
        keys = tuple(problem.setting.split("."))
        if any(keys[: len(change)] == change or change[: len(keys)] == keys for change in changes):
            raise InvalidInput(problem.message, "Nothing was written.", setting=problem.setting)


def _edited(text: str, changes: Mapping[tuple[str, ...], Any], after: Any, path: Path) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        for keys, value in changes.items():
            _put(document, keys, value)
        edited = tomlkit.dumps(document)
        # Read back by the other parser: an editing library that keeps comments has more ways to go wrong than one that
        # only reads, and this is the file with the user's providers.
        if _pruned(tomllib.loads(edited)) == _pruned(after):
            return edited
    except (TOMLKitError, ValueError, KeyError, TypeError):
        pass
    name = ".".join(next(iter(changes)))
    raise StoreFailed(
        f"{name} could not be changed in {path} without affecting the rest of the file.",
        "Change it there by hand.",
    )


def _pruned(data: Any) -> Any:
    """Without empty tables, which say nothing."""
    if not isinstance(data, dict):
        return data
    inner = {key: _pruned(value) for key, value in data.items()}
    return {key: value for key, value in inner.items() if value != {}}


def _put(document: Any, keys: tuple[str, ...], value: Any) -> None:
    import tomlkit

    table, name = document, keys[-1]
    whole = len(keys) == 2
    for depth, key in enumerate(keys[:-1]):
        if key not in table:
            if value is None:
                return
            table[key] = tomlkit.table(is_super_table=depth == 0 and not whole)
        table = table[key]
    if value is None:
        table.pop(name, None)
    elif whole and isinstance(value, dict) and isinstance(table.get(name), dict):
        _replace(table[name], value)
    else:
        table[name] = _item(value, top=whole)


def _replace(table: Any, value: dict[str, Any]) -> None:
    """Makes an existing table hold exactly `value`, touching only what differs."""
    for key in [key for key in table if key not in value]:
        del table[key]
    for key, inner in value.items():
        if key not in table or table[key] != inner:
            table[key] = _item(inner)


def _item(value: Any, top: bool = False) -> Any:
    """Tables as `[headers]` at the top, `{ inline }` further in; steps one on a line."""
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.table() if top else tomlkit.inline_table()
        for key, inner in value.items():
            table[key] = _item(inner)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for inner in value:
            array.append(_item(inner))
        return array.multiline(any(isinstance(inner, dict) for inner in value))
    return tomlkit.string(value, multiline=True) if isinstance(value, str) and _reads_well(value) else value


def _reads_well(text: str) -> bool:
    """Whether it can stand between triple quotes as it is (TOML drops a newline right after the opening ones)."""
    return "\n" in text and not text.startswith("\n") and not text.endswith('"') and '"""' not in text
