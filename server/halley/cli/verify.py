"""`halley verify`: is the connection to a provider sound?"""

from __future__ import annotations

from typing import Any

import click

from halley.cli.output import clean, is_watched, print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.figures import milliseconds

Json = dict[str, Any]


@click.command()
@click.argument("providers", metavar="[PROVIDER]…", nargs=-1)
@click.option("-m", "--model", metavar="NAME", help="Ask this model for the first token.")
@click.option("--all-models", is_flag=True, help="Ask every model of the provider, a few at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def verify(
    desk: Desk, providers: tuple[str, ...], model: str | None, all_models: bool, as_json: bool
) -> int:
    """Test key, catalogue and first token of each PROVIDER (by default all). Exit code 1 if any failed."""
    from halley.routing.selection import nothing_configured

    provider, slash, name = model.partition("/") if model else ("", "", "")
    if slash and not providers and desk.room.registry.knows(provider, desk.settings):
        providers, model = (provider,), name
    names = providers or tuple(binding.endpoint.id for binding in desk.room.registry.bindings(desk.settings))
    if not names:
        found = await desk.room.registry.find_local_servers(desk.settings)
        names = tuple(binding.endpoint.id for binding in found)
    if not names:
        raise nothing_configured("chat")
    test = _test_models if all_models else _test
    results = [await test(desk, name, model, as_json) for name in names]
    if as_json:
        write_json(results)
    await desk.room.catalogue.settled()  # with their prices, the lists are there for the next process
    return 0 if all(result["ok"] for result in results) else 1


async def _test(desk: Desk, provider: str, model: str | None, as_json: bool) -> Json:
    from halley.features.report_tables import verified_lines
    from halley.features.verify import verify as verify_provider

    found = await verify_provider(desk.room, desk.settings, desk.caller(), provider, model)
    if not as_json:
        click.echo(f"{provider}: {'ok' if found['ok'] else 'FAILED'}")
        for line in verified_lines(found):
            click.echo(clean(line))
    return {"provider": provider, **found}


async def _test_models(desk: Desk, provider: str, model: str | None, as_json: bool) -> Json:
    from halley.features.verify import verify_all_models

    rows = await verify_all_models(desk.room, desk.settings, desk.caller(), provider, _progress())
    ok = bool(rows) and all(row["ok"] for row in rows)
    if not as_json:
        ordered = sorted(rows, key=lambda row: (not row["ok"], row.get("firstTokenMs", 0), row["model"]))
        print_table(("MODEL", "FIRST TOKEN", "PROBLEM"), map(_model_row, ordered), right=("FIRST TOKEN",))
        tell(f"{sum(row['ok'] for row in rows)} of {len(rows)} models of {provider} answered.")
    return {"provider": provider, "ok": ok, "models": rows}


def _model_row(row: Json) -> tuple[Any, ...]:
    problem = row.get("problem") or {}
    return row["model"], milliseconds(row.get("firstTokenMs")), problem.get("message", "")


def _progress() -> Any:
    done = 0

    def show(row: Json) -> None:
        nonlocal done
        done += 1
        if is_watched():
            tell(f"{done}: {row['model']} {'ok' if row['ok'] else row['problem']['code']}")

    return show
