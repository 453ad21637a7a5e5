"""What the ledger has: `halley usage` (tokens, cost, errors) and `halley log` (the calls that failed)."""

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
@click.option("--forecast", "ahead", is_flag=True, help="Show what the month will cost at this rate.")
@click.option("--no-quota", is_flag=True, help="Do not ask the providers what is left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def usage(
    desk: Desk, by: str, since: str | None, until: str | None, ahead: bool, no_quota: bool, as_json: bool
) -> None:
    """Show usage and costs. A cost with ~ is estimated from list prices; ? is not known."""
    from halley.features.usage import report

    if ahead:
        await _show_forecast(desk, as_json)
        return

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


async def _show_forecast(desk: Desk, as_json: bool) -> None:
    from halley.routing.forecast import forecast

    found = await forecast(desk.room.ledger, desk.room.clock.now())
    if as_json:
        write_json(found.to_json() if found else None)
        return
    if found is None:
        tell("Nothing with a known price was used in the last seven days, so there is no rate.")
        return
    click.echo(f"spent this month     {_usd(found.spent)}")
    click.echo(f"a day, at this rate  {_usd(found.per_day)}")
    limit = desk.settings.budget.monthly_usd
    of = f" of ${limit:,.2f} (budget.monthly_usd)" if limit is not None else ""
    click.echo(f"the whole month      {_usd(found.month)}{of}")
    if found.unpriced:
        tell("Some calls have no known price, so the month will cost more.")


def _usd(amount: float) -> str:
    return money([{"amount": amount, "currency": "USD"}])


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


@click.command()
@click.option(
    "-n",
    "most",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="The most calls to list.",
)
@click.option("--since", metavar="D", help="From this moment: 7d, 24h, today, month, 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def log(desk: Desk, most: int, since: str | None, as_json: bool) -> None:
    """List failed calls, newest first. Give a request id to the provider's support."""
    from halley.features.log import failed_calls

    found = await failed_calls(desk.room, desk.settings, since, most)
    if as_json:
        write_json(found)
        return
    if not found:
        tell("No call has failed.")
        return
    print_table(_FAILED, map(_failed_row, found), right=("HTTP", "TOOK"))
    pages = {call["model"].partition("/")[0]: call["page"] for call in found if call["page"]}
    for provider, page in sorted(pages.items()):
        tell(f"{provider} shows your requests at {page}")


_FAILED = ("TIME", "MODEL", "FEATURE", "PROBLEM", "HTTP", "TOOK", "REQUEST ID")


def _failed_row(call: Json) -> tuple[Any, ...]:
    return (
        call["time"][:19].replace("T", " "),
        call["model"],
        call["feature"],
        call["problem"] or call["status"],
        call["httpStatus"] or "",
        milliseconds(call["totalMs"]),
        call["requestId"] or "",
    )
