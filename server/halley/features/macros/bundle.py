"""Macros as one file, for export and import: TOML, as it would be in `config.toml`.

What comes from elsewhere is read like everything that is not ours: bounded, checked, and only its macros are taken.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from halley.core.errors import InvalidInput
from halley.core.json_text import MOST_PARTS, find_long_key
from halley.core.settings import MacroSettings, Settings
from halley.engine.pipelines import needs_of, steps_of

MOST_CHARACTERS = 1_000_000
MOST_MACROS = 500


def export_macros(settings: Settings, names: Iterable[str] = ()) -> str:
    """The file's text; without names, all macros in force. Raises InvalidInput for one there is none of."""
    import tomlkit

    chosen = list(names) or list(settings.macros)
    if unknown := [name for name in chosen if name not in settings.macros]:
        raise InvalidInput(
            f"There is no macro '{unknown[0]}'.", f"Macros here: {', '.join(settings.macros) or 'none'}."
        )
    document = tomlkit.document()
    document.add(tomlkit.comment("Macros for Halley. Import them with `halley macros import FILE`."))
    document["macros"] = {name: definition(settings.macros[name]) for name in chosen}
    return tomlkit.dumps(document)


def definition(macro: MacroSettings) -> dict[str, Any]:
    """The table as it would be in `config.toml`."""
    return macro.model_dump(mode="json", exclude_defaults=True, exclude_none=True, by_alias=True)


def read_macros(text: str) -> dict[str, MacroSettings]:
    """The macros of such a file. Raises InvalidInput, naming the macro and what is wrong with it."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput("The file is too large.", "Import a file of at most 1 MB.")
    if find_long_key(text) is not None:
        raise InvalidInput(f"A key in the file has more than {MOST_PARTS} parts.", "Shorten it.")
    try:
        tables = tomllib.loads(text).get("macros")
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The file is not TOML: {error}.", "Export it again, or fix it.") from None
    if not isinstance(tables, dict) or not tables:
        raise InvalidInput("There are no macros in the file.", "Macros are tables named [macros.NAME].")
    if len(tables) > MOST_MACROS:
        raise InvalidInput(f"The file has {len(tables):,} macros.", f"Import at most {MOST_MACROS} macros.")
    return _checked(tables)


def _checked(tables: Mapping[str, Any]) -> dict[str, MacroSettings]:
    try:
        found = Settings.model_validate({"macros": tables}).macros
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{place}: {first['msg']}.", "Nothing was imported.", setting=place) from None
    for name, macro in found.items():
        try:
            needs_of(steps_of(macro))
        except InvalidInput as error:
            raise error.about(setting=f"macros.{name}") from None
    return found


def new_macros(
    found: Mapping[str, MacroSettings], known: Iterable[str], *, replace: bool
) -> dict[str, dict[str, Any]]:
    """The tables to write. Raises InvalidInput for names that are taken, unless they may be replaced."""
    taken = sorted(found.keys() & set(known))
    if taken and not replace:
        raise InvalidInput(
            f"There is already a macro '{taken[0]}'{' (and others)' if len(taken) > 1 else ''}.",
            "Replace it (--replace), or rename it in the file.",
        )
    return {name: definition(macro) for name, macro in found.items()}
