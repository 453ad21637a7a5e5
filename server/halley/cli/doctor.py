"""`halley doctor`: the report for a bug report."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from halley.cli.output import clean, write_json
from halley.cli.running import Desk, with_desk

Json = dict[str, Any]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@partial(with_desk, reports_config=False)
async def doctor(desk: Desk, as_json: bool) -> int:
    """Versions, paths, providers, and what is wrong. Holds no keys, so it can be shown to others."""
    from halley.features.doctor import check

    report = await check(desk.shared, desk.settings, desk.caller(), desk.root)
    if as_json:
        write_json(report)
    else:
        for line in _lines(report):
            click.echo(clean(line))
    return 1 if report["problems"] else 0


def _lines(report: Json) -> list[str]:
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
    width = max(14, *map(len, environment))
    lines += ["", "Environment"]
    lines += [f"  {name:{width}} {_value_text(value)}" for name, value in environment.items()]
    lines += ["", "Editors"]
    lines += [f"  {name:14} {path}" for name, path in report["editors"].items()] or ["  none found"]
    lines += ["", "Problems"]
    lines += [_problem_text(problem) for problem in report["problems"]] or ["  none"]
    return lines


def _path_text(facts: Json) -> str:
    notes = [
        note
        for note, shown in (("not there yet", not facts["exists"]), ("NOT WRITABLE", not facts["writable"]))
        if shown
    ]
    return f"{facts['path']}{'  (' + ', '.join(notes) + ')' if notes else ''}"


def _provider_text(provider: Json) -> str:
    key = provider["key"]
    source = f" ({key['source']})" if key.get("source") else ""
    return f"  {provider['id']:14} {provider['kind']:16} {provider['baseUrl']}  key: {key['status']}{source}"


def _value_text(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def _problem_text(problem: Json) -> str:
    text = f"  {problem['message']}"
    return f"{text}\n    {problem['help']}" if problem.get("help") else text
