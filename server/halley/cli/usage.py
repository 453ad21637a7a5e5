"""`halley usage`: tokens, cost, errors."""

from __future__ import annotations

from typing import Any

import click

from halley.cli.output import count, milliseconds, money, print_table, tell, write_json
from halley.cli.running import Desk, with_desk

Json = dict[str, Any]


@click.command()
@click.option(
    "--by",
    default="model",
    show_default=True,
    metavar="day,model,…",
    help="Group by any of day, month, model, provider, workspace, feature, role, status, problem.",
)
@click.option("--since", metavar="D", help="From this moment: 7d, 24h, today, month, 2026-11-01.")
@click.option("--until", metavar="D", help="Up to this moment.")
@click.option("--no-quota", is_flag=True, help="Do not ask the providers what is left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def usage(
    desk: Desk, by: str, since: str | None, until: str | None, no_quota: bool, as_json: bool
) -> None:
    """Show usage and costs. A cost with ~ is estimated from list prices; ? is not known."""
    from halley.features.usage import report

    dimensions: Any = [name.strip() for name in by.split(",") if name.strip()]
    found = await report(
        desk.room, desk.settings, desk.caller(), since=since, until=until, by=dimensions, quota=not no_quota
    )
    if as_json:
        write_json(found)
        return
    chosen = any(row.get("compared") for row in found["rows"])
    shown = (*_COLUMNS, "CHOSEN") if chosen else _COLUMNS
    columns = (*(name.upper() for name in dimensions), *shown)
    totals = {**dict.fromkeys(dimensions, ""), **found["totals"]}
    if dimensions:
        totals[dimensions[0]] = "total"
    rows = [
        (*_row(row, dimensions), *((_choices(row),) if chosen else ())) for row in (*found["rows"], totals)
    ]
    print_table(columns, rows, right=shown)
    if found["completions"]:
        click.echo()
        print_table(_GHOST, [_ghost_row(row) for row in found["completions"]], right=_GHOST[2:])
    for quota in found["quota"]:
        tell(_quota_text(quota))


_COLUMNS = ("REQUESTS", "CALLS", "ERRORS", "IN", "CACHED", "OUT", "COST", "FIRST TOKEN")


def _row(row: Json, dimensions: list[str]) -> tuple[Any, ...]:
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


def _cost(row: Json) -> str:
    if not row["cost"]:
        return "?" if row["unpricedCalls"] else ""
    estimated = "~" if row["estimatedCalls"] else ""
    return f"{estimated}{money(row['cost'])}{' + ?' if row['unpricedCalls'] else ''}"


def _quota_text(quota: Json) -> str:
    if problem := quota.get("problem"):
        return f"{quota['provider']}: {problem['message']}"
    known = {name: value for name, value in quota.items() if name != "provider" and value is not None}
    return f"{quota['provider']}: " + ", ".join(f"{name} {value}" for name, value in known.items())
