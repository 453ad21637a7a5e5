"""What the ledger has: `halley usage` (tokens, cost, errors) and `halley log` (the calls that failed)."""

from __future__ import annotations

from typing import Any

import click

from halley.cli.output import print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.figures import dollars, milliseconds, money

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
@click.option("--team", "of_team", is_flag=True, help="Of the team; --by member groups by person too.")
@click.option("--no-quota", is_flag=True, help="Do not ask the providers what is left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def usage(
    desk: Desk,
    by: str,
    since: str | None,
    until: str | None,
    ahead: bool,
    of_team: bool,
    no_quota: bool,
    as_json: bool,
) -> None:
    """Show usage and costs. A cost with ~ is estimated from list prices; ? is not known."""
    from halley.features.report_tables import quota_text, usage_tables
    from halley.features.usage import report

    if ahead:
        await _show_forecast(desk, as_json)
        return

    dimensions: Any = [name.strip() for name in by.split(",") if name.strip()]
    if of_team:
        from halley.features.usage import report_team

        found = await report_team(desk.room, desk.settings, since=since, until=until, by=dimensions)
    else:
        found = await report(
            desk.room,
            desk.settings,
            desk.caller(),
            since=since,
            until=until,
            by=dimensions,
            quota=not no_quota,
        )
    if as_json:
        write_json(found)
        return
    for number, table in enumerate(usage_tables(found, dimensions)):
        if number:
            click.echo()
        print_table(table.columns, table.rows, right=table.right)
    for quota in found["quota"]:
        tell(quota_text(quota))


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
    of = f" of {dollars(limit)} (budget.monthly_usd)" if limit is not None else ""
    click.echo(f"the whole month      {_usd(found.month)}{of}")
    if found.unpriced:
        tell("Some calls have no known price, so the month will cost more.")


def _usd(amount: float) -> str:
    return money([{"amount": amount, "currency": "USD"}])


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
