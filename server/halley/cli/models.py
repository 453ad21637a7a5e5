"""`halley models`: the catalogue."""

from __future__ import annotations

from typing import Any

import click

from halley.cli.output import print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.models import ROLES, Role


@click.command()
@click.option("--role", type=click.Choice(ROLES), help="Only models for this role.")
@click.option("--provider", metavar="NAME", help="Only this provider's.")
@click.option("--refresh", is_flag=True, help="Refresh the list from the providers instead of the cache.")
@click.option("--favourite", metavar="MODEL", help="Mark this model as a favourite; favourites come first.")
@click.option("--no-favourite", "unmark", metavar="MODEL", help="Remove the favourite mark.")
@click.option("--compare", metavar="NAME", help="List the providers of one model, the cheapest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("search", required=False)
@with_desk
async def models(
    desk: Desk,
    role: Role | None,
    provider: str | None,
    refresh: bool,
    favourite: str | None,
    unmark: str | None,
    compare: str | None,
    as_json: bool,
    search: str | None,
) -> int:
    """List models with context, prices (US dollars for a million tokens) and abilities. SEARCH filters by name.

    Favourites come first, then those chosen for something lately.
    """
    from halley.features.models import list_models
    from halley.features.report_tables import models_table
    from halley.routing.selection import nothing_configured

    if favourite or unmark:
        return await _mark(desk, favourite, unmark, as_json)
    found = await list_models(
        desk.room, desk.settings, desk.caller(), role=role, provider=provider, refresh=refresh
    )
    if compare:
        from halley.features.compare_prices import same_model

        found["models"] = same_model(found["models"], compare)
    if search:
        found["models"] = [model for model in found["models"] if _matches(model, search)]
    if as_json:
        write_json(found)
    elif found["models"]:
        table = models_table(found["models"])
        print_table(table.columns, table.rows, right=table.right)
    for problem in found["problems"]:
        tell(f"{problem['message']}\n{problem['help']}".strip())
    if found["models"]:
        return 0
    if not found["problems"]:
        if not provider and not desk.room.registry.bindings(desk.settings):
            raise nothing_configured("chat")
        tell(_nothing_found(compare, bool(search or role)))
    return 1


def _nothing_found(compare: str | None, filtered: bool) -> str:
    if compare:
        return f"No provider lists `{compare}`. `halley models {compare}` finds parts of names."
    return "No model matches." if filtered else "The provider lists no models."


async def _mark(desk: Desk, favourite: str | None, unmark: str | None, as_json: bool) -> int:
    from halley.core.models import ModelRef
    from halley.features.models import mark_favourite

    found: dict[str, Any] = {}
    for name, marked in ((unmark, False), (favourite, True)):
        if name:
            ref = ModelRef.parse(name)
            found = await mark_favourite(desk.room, ref, marked, settings=desk.settings, caller=desk.caller())
    if as_json:
        write_json(found)
    else:
        click.echo(f"favourites: {', '.join(found['favourites']) or 'none'}")
    return 0


def _matches(model: dict[str, Any], search: str) -> bool:
    text = f"{model['id']} {model['label']} {model['group']}".casefold()
    return all(word in text for word in search.casefold().split())
