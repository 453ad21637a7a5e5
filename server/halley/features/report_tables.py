"""Reports as tables: what the command line prints, and what editors without a plugin of ours show.

models_table(models)               `halley models`: a row for each model of the catalogue
usage_tables(report, ("model",))   the ledger's sums, then the ghost text, each with its columns
verified_lines(result)             `halley verify`: the steps of the test of one provider
doctor_lines(report)               the report of `halley doctor`, line by line: `state_lines`, then `problem_lines`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from halley.core.figures import count, milliseconds, money

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    right: tuple[str, ...]
    """The columns of numbers."""


def models_table(models: Sequence[Json]) -> Table:
    """`models` as `features/models.py` lists them; a price with ~ is the catalogue's, not the provider's own."""
    return Table(_MODELS, [_model_row(model) for model in models], ("CONTEXT", "$/M IN", "$/M OUT"))


_MODELS = ("MODEL", "GROUP", "CONTEXT", "$/M IN", "$/M OUT", "ROLES", "ABILITIES")


def _model_row(model: Json) -> tuple[Any, ...]:
    price = model.get("price") or {}
    estimated = "~" if price.get("source") == "catalog" else ""
    abilities = [name for name in ("tools", "vision", "reasoning", "fim") if model["capabilities"].get(name)]
    abilities += [name for name in ("deprecated", "favourite", "recent") if model.get(name)]
    return (
        model["id"],
        model["group"],
        count(model.get("context")),
        _price(price.get("input"), estimated),
        _price(price.get("output"), estimated)
        or _price(price.get("perRequest"), estimated, "/call")
        or _price(price.get("perSecond"), estimated, "/s"),
        " ".join(model["roles"]),
        " ".join(abilities),
    )


def _price(amount: float | None, estimated: str, per: str = "") -> str:
    return "" if amount is None else f"{estimated}{amount:g}{per}"


def verified_lines(result: Json) -> list[str]:
    """`result` as `features/verify.py` makes it: a line for each step, then what is wrong and how to mend it."""
    lines: list[str] = []
    for step in result["steps"]:
        about = f" ({result['model']})" if step["name"] == "first token" and result["model"] else ""
        lines.append(
            f"  {'ok    ' if step['ok'] else 'FAILED'} {step['name']}{about}  {milliseconds(step['ms'])}"
        )
        if problem := step.get("problem"):
            lines += [f"         {text}" for text in (problem["message"], problem["help"]) if text]
    return lines


def usage_tables(report: Json, dimensions: Sequence[str]) -> list[Table]:
    """`report` as `features/usage.py` makes it; a cost with ~ is estimated, ? is not known."""
    every = (*report["rows"], report["totals"])
    extra = [name for name, (has, _) in _EXTRA.items() if any(map(has, every))]
    shown = (*_COLUMNS, *extra)
    totals = {**dict.fromkeys(dimensions, ""), **report["totals"]}
    if dimensions:
        totals[dimensions[0]] = "total"
    rows = [
        (*_row(row, dimensions), *(_EXTRA[name][1](row) for name in extra))
        for row in (*report["rows"], totals)
    ]
    found = [Table((*(name.upper() for name in dimensions), *shown), rows, shown)]
    if report["completions"]:
        found.append(Table(_GHOST, [_ghost_row(row) for row in report["completions"]], _GHOST[2:]))
    if report.get("nextEdits"):
        found.append(Table(_NEXT, [_next_row(row) for row in report["nextEdits"]], _NEXT[2:]))
    return found


_COLUMNS = ("REQUESTS", "CALLS", "ERRORS", "IN", "CACHED", "OUT", "COST", "FIRST TOKEN")


def _row(row: Json, dimensions: Sequence[str]) -> tuple[Any, ...]:
    return (
        *(row.get(name) or "-" for name in dimensions),
        count(row["requests"]),
        count(row["calls"]),
        count(row["errors"]),
        count(row["inputTokens"]),
        count(row["cachedTokens"]),
        count(row["outputTokens"]),
        _cost(row),
        milliseconds(row["firstTokenMs"]),
    )


def _choices(row: Json) -> str:
    """How often its reply was kept, of the times it answered beside other models."""
    return f"{row['chosen']} of {row['compared']}" if row.get("compared") else ""


def _saved(row: Json) -> str:
    return money(row["saved"]) if row.get("saved") else ""


_EXTRA: dict[str, tuple[Callable[[Json], Any], Callable[[Json], str]]] = {
    "CACHE WRITES": (lambda row: row.get("cacheWriteTokens"), lambda row: count(row["cacheWriteTokens"])),
    "SAVED": (lambda row: row.get("saved"), _saved),
    "CHOSEN": (lambda row: row.get("compared"), _choices),
}
"""Columns for what only some rows have: whether a row has it, and what is shown."""

_GHOST = ("GHOST TEXT OF", "LANGUAGE", "SHOWN", "ACCEPTED", "IN PART", "CHARACTERS", "RATE")


def _ghost_row(row: Json) -> tuple[Any, ...]:
    return (
        row["model"],
        row["language"],
        count(row["shown"]),
        count(row["accepted"]),
        count(row["partlyAccepted"]),
        count(row["acceptedCharacters"]),
        "?" if row["rate"] is None else f"{row['rate']:.0%}",
    )


_NEXT = ("NEXT EDITS OF", "LANGUAGE", "SHOWN", "ACCEPTED", "REJECTED", "IGNORED", "RATE")


def _next_row(row: Json) -> tuple[Any, ...]:
    return (
        row["model"],
        row["language"],
        *(count(row[name]) for name in ("shown", "accepted", "rejected", "ignored")),
        "?" if row["rate"] is None else f"{row['rate']:.0%}",
    )


def _cost(row: Json) -> str:
    if not row["cost"]:
        return "?" if row["unpricedCalls"] else ""
    text = money(row["cost"])
    estimated = "~" if row["estimatedCalls"] and not text.startswith("<") else ""
    return f"{estimated}{text}{' + ?' if row['unpricedCalls'] else ''}"


def quota_text(quota: Json) -> str:
    """`gateway: $2.50 of $10.00 used, $7.50 left, resets 2026-12-01`."""
    if problem := quota.get("problem"):
        return f"{quota['provider']}: {problem['message']}"
    currency = quota["currency"]

    def amount(name: str) -> str:
        return money([{"amount": quota[name], "currency": currency}])

    parts = [f"{amount('used')}{' of ' + amount('total') if 'total' in quota else ''} used"]
    parts += [f"{amount('left')} left"] if "left" in quota else []
    parts += [f"{count(quota['requests'])} requests"] if "requests" in quota else []
    parts += [f"resets {quota['resets']}"] if "resets" in quota else []
    return f"{quota['provider']}: {', '.join(parts)}"


def doctor_lines(report: Json) -> list[str]:
    return [*state_lines(report), "", "Problems", *problem_lines(report)]


def problem_lines(report: Json) -> list[str]:
    return [_problem_text(problem) for problem in report["problems"]] or ["  none"]


def state_lines(report: Json) -> list[str]:
    lines = [f"Halley {report['version']}", ""]
    lines += [f"  {name:14} {value}" for name, value in report["versions"].items()]
    lines += ["", "Paths"]
    lines += [f"  {name:14} {_path_text(facts)}" for name, facts in report["paths"].items()]
    lines += ["", "Providers"]
    lines += [_provider_text(provider) for provider in report["providers"]] or ["  none"]
    lines += ["", "Models"]
    lines += [
        f"  {role:14} {', '.join(chosen['route'])}  ({chosen['source']})"
        for role, chosen in report["roles"].items()
    ] or ["  none"]
    environment = dict(report["environment"])
    environment |= {"keys in": environment.pop("keysIn", []), "keyring": report["keyring"]}
    environment |= {"shared daemon": report["sharedDaemon"], "sandbox": report["sandbox"]}
    width = max(14, *map(len, environment))
    lines += ["", "Environment"]
    lines += [f"  {name:{width}} {_value_text(value)}" for name, value in environment.items()]
    lines += ["", "Editors"]
    lines += [f"  {name:14} {path}" for name, path in report["editors"].items()] or ["  none found"]
    return lines


def _path_text(facts: Json) -> str:
    notes = [
        note
        for note, shown in (("not there yet", not facts["exists"]), ("NOT WRITABLE", not facts["writable"]))
        if shown
    ]
    return f"{facts['path']}{'  (' + ', '.join(notes) + ')' if notes else ''}"


_KEY_WORDS = {"notNeeded": "not needed", "otherOrigin": "entered for another address"}


def _provider_text(provider: Json) -> str:
    key = provider["key"]
    status = _KEY_WORDS.get(key["status"], key["status"])
    source = f" ({key['source']})" if key.get("source") else ""
    return f"  {provider['id']:14} {provider['kind']:16} {provider['baseUrl']}  key: {status}{source}"


def _value_text(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def _problem_text(problem: Json) -> str:
    text = f"  {problem['message']}"
    return f"{text}\n    {problem['help']}" if problem.get("help") else text
