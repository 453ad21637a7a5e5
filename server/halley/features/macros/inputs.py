"""The values a user enters for a macro: each of the kind that the macro asks for, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.errors import InvalidInput
from halley.core.settings import MacroInput, MacroSettings

_YES, _NO = ("true", "yes", "y", "on", "1"), ("false", "no", "n", "off", "0", "")


def read_inputs(name: str, macro: MacroSettings, given: Mapping[str, Any]) -> dict[str, str]:
    """Every input's value as prompts take it: numbers as written, yes as `true`, no as nothing (so that
    `{{#name}}` and `when` work on it). `instruction` is always allowed.

    Raises InvalidInput for a value that is missing, unknown or of another kind.
    """
    if unknown := sorted(given.keys() - macro.inputs.keys() - {"instruction"}):
        known = ", ".join(macro.inputs) or "none"
        raise InvalidInput(
            f"The macro '{name}' has no input '{unknown[0]}'.",
            f"Its inputs: {known}.",
            setting=f"macros.{name}.inputs",
        )
    return {key: _read(name, key, wanted, given.get(key)) for key, wanted in macro.inputs.items()}


def missing_inputs(macro: MacroSettings) -> tuple[str, ...]:
    """Those without a default: a user has to be asked."""
    return tuple(key for key, wanted in macro.inputs.items() if wanted.default is None)


def _read(name: str, key: str, wanted: MacroInput, value: Any) -> str:
    value = wanted.default if value is None else value
    if value is None:
        raise _wrong(name, key, "is needed", wanted.description or f"It is a {wanted.type}.")
    match wanted.type:
        case "boolean":
            return _boolean(name, key, value)
        case "number":
            return _number(name, key, value)
        case "choice":
            if str(value) not in wanted.choices:
                raise _wrong(name, key, f"cannot be '{value}'", f"Choose one of {', '.join(wanted.choices)}.")
            return str(value)
        case _:
            return str(value)


def _boolean(name: str, key: str, value: Any) -> str:
    word = str(value).strip().lower()
    if word in _YES:
        return "true"
    if word in _NO:
        return ""
    raise _wrong(name, key, f"is yes or no, not '{value}'", "Write true or false.")


def _number(name: str, key: str, value: Any) -> str:
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None or number != number or number in (float("inf"), float("-inf")):
        raise _wrong(name, key, f"is a number, not '{value}'", "Write digits, for example 3 or 0.5.")
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)


def _wrong(name: str, key: str, what: str, help: str) -> InvalidInput:
    return InvalidInput(
        f"The input '{key}' of the macro '{name}' {what}.", help, setting=f"macros.{name}.inputs.{key}"
    )
