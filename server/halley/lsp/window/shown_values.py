"""What a command answered, as Markdown for a user: nested values as sections, lists of like things as tables."""

from __future__ import annotations

import re
from typing import Any

from halley.features.report_tables import (
    Table,
    models_table,
    problem_lines,
    quota_text,
    state_lines,
    usage_tables,
    verified_lines,
)

Json = dict[str, Any]
_ROWS = 500
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def answer_markdown(command: str, asked: Json, result: Any) -> str:
    """What a command answered: the reports as the command line prints them, anything else as `value_markdown`."""
    if command == "halley.usage":
        return _usage(result, asked.get("by") or ["model"])
    if command == "halley.doctor":
        return _doctor(result)
    if command == "halley.models.list":
        return _models(result)
    if command == "halley.providers.verify":
        return _text_block(["ok" if result["ok"] else "FAILED", *verified_lines(result)])
    return value_markdown(result)


def _usage(report: Json, dimensions: list[str]) -> str:
    tables = usage_tables(report, dimensions)
    return "\n\n".join((*map(_table, tables), *map(quota_text, report["quota"])))


def _doctor(report: Json) -> str:
    """What is wrong comes first: the rest is longer than a screen."""
    wrong = "\n".join(problem_lines(report)) if report["problems"] else "Nothing is wrong."
    parts = (["Problems", "", wrong, ""] if report["problems"] else [wrong, ""], state_lines(report))
    return _text_block([line for part in parts for line in part])


def _models(found: Json) -> str:
    parts = [_table(models_table(found["models"]))] if found["models"] else []
    parts += [f"{one['message']} {one['help']}".strip() for one in found["problems"]]
    return "\n\n".join(parts) or "Nothing."


def _text_block(lines: list[str]) -> str:
    text = "\n".join(lines).replace("```", "``").strip("\n")
    return f"```text\n{text}\n```"


def _table(table: Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    return _aligned(list(table.columns), rows, [name in table.right for name in table.columns])


def _aligned(head: list[str], rows: list[list[str]], numbers: list[bool]) -> str:
    """A table of Markdown whose columns stand below each other as plain text too, as most editors show it."""
    widths = [max(3, *(len(row[at]) for row in (head, *rows))) for at in range(len(head))]
    marks = [
        "-" * (width - 1) + ":" if right else "-" * width
        for width, right in zip(widths, numbers, strict=True)
    ]
    padded = (
        [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numbers, strict=True)
        ]
        for row in (head, marks, *rows)
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def value_markdown(result: Any, level: int = 2) -> str:
    """Markdown for a JSON value. The `text` of a chat and the `message` of a commit are that already."""
    if isinstance(result, dict):
        for name in ("text", "message"):
            if isinstance(result.get(name), str):
                return result[name]
        return _sections(result, level)
    if isinstance(result, list):
        return _list(result, level)
    return _cell(result)


def selection_line(result: Json, role: str) -> str:
    """What holds for a role after a choice, in a sentence."""
    chosen = result.get("roles", {}).get(role)
    if not chosen:
        return f"No model is chosen for {role} now."
    return f"{role} asks {', then '.join(chosen['route'])} (chosen for: {chosen['scope']})."


def _sections(value: Json, level: int) -> str:
    """Plain fields as a list, then what is nested, each under its name."""
    plain = [
        f"- {_words(name)}: {_cell(one)}" for name, one in value.items() if not isinstance(one, dict | list)
    ]
    nested = [
        f"{'#' * min(level, 6)} {_words(name)}\n\n{value_markdown(one, level + 1)}"
        for name, one in value.items()
        if isinstance(one, dict | list) and one
    ]
    return "\n\n".join(["\n".join(plain), *nested] if plain else nested) or "Nothing."


def _list(values: list[Any], level: int) -> str:
    if not values:
        return "Nothing."
    if not all(isinstance(one, dict) for one in values):
        return "\n".join(f"- {_cell(one)}" for one in values)
    columns = list(dict.fromkeys(name for one in values for name in one))
    shown = [name for name in columns if any(one.get(name) not in (None, "", [], {}) for one in values)]
    rows = [[_cell(one.get(name)) for name in shown] for one in values[:_ROWS]]
    more = f"\n\n… and {len(values) - _ROWS} more" if len(values) > _ROWS else ""
    return _aligned([_words(name) for name in shown], rows, [False] * len(shown)) + more


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case dict():
            parts = {name: _cell(one) for name, one in value.items()}
            return ", ".join(
                f"{_words(name)} {text}" for name, text in parts.items() if text and text != "no"
            )
        case list():
            return ", ".join(_cell(one) for one in value)
        case _:
            return str(value).replace("|", "\\|").replace("\n", " ")


def _words(name: str) -> str:
    return _WORD.sub(" ", name).lower()
