"""`halley use`: which model does what."""

from __future__ import annotations

from pathlib import Path

import click

from halley.cli.output import print_table, tell
from halley.cli.running import Desk, find_root, with_desk
from halley.core.models import ROLES, Role, Route


@click.command(epilog=f"Roles: {', '.join(ROLES)}.")
@click.argument("role", type=click.Choice(ROLES), metavar="ROLE", required=False)
@click.argument("route", metavar="MODEL[,FALLBACK…]", required=False)
@click.option(
    "--workspace",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Choose for this workspace; by default the one you are in.",
)
@click.option(
    "--user", "for_user", is_flag=True, help="Choose for all workspaces that make no choice of their own."
)
@click.option("--forget", is_flag=True, help="Take the choice back.")
@click.option("--force", is_flag=True, help="Also a model that its provider does not list.")
@with_desk
async def use(
    desk: Desk,
    role: Role | None,
    route: str | None,
    workspace: Path | None,
    for_user: bool,
    forget: bool,
    force: bool,
) -> None:
    """Choose the model of a ROLE, with fallbacks after commas. Without arguments, show what is chosen and why."""
    if workspace and for_user:
        raise click.UsageError("Choose one of --workspace and --user.")
    if role and not (route or forget):
        raise click.UsageError(f"Name a model: halley use {role} PROVIDER/MODEL.")
    if workspace:
        desk.root = find_root(workspace.resolve())
    if role is None:
        await _show(desk)
        return
    from halley.features.models import select
    from halley.routing.selection import parse_route

    names = () if forget else parse_route([name.strip() for name in (route or "").split(",") if name.strip()])
    scope = "user" if for_user else "workspace"
    await select(
        desk.room,
        role,
        names,
        scope,
        settings=desk.settings,
        caller=desk.caller(),
        root=desk.root,
        force=force,
    )
    _tell_outcome(desk, role, scope)
    _tell_what_stays(desk, role)
    await _tell_missing_keys(desk, names)


async def _show(desk: Desk) -> None:
    """Raises NotConfigured, which says what to do, where neither a choice nor a local server is found."""
    await desk.room.prepare_route("chat", desk.settings, desk.layers)
    roles = desk.room.selection(desk.settings, desk.layers)
    rows = [(role, ", ".join(chosen["route"]), chosen["source"]) for role, chosen in roles.items()]
    print_table(("ROLE", "MODELS", "CHOSEN BY"), rows)


def _tell_outcome(desk: Desk, role: Role, scope: str) -> None:
    """What is in force now, which need not be what was just chosen."""
    chosen = desk.room.route(role, desk.settings, desk.layers)
    models = ", ".join(map(str, chosen.route))
    click.echo(f"{role}: {models} ({chosen.source})")
    if chosen.scope != scope and chosen.scope != "default":
        tell(f"This still holds: it goes before a choice for the {scope}.")


def _tell_what_stays(desk: Desk, role: Role) -> None:
    """A choice for chat leaves ghost text and small tasks where they were."""
    kept: tuple[Role, ...] = ("complete", "fast") if role == "chat" else ()
    for other in kept:
        chosen = desk.room.route(other, desk.settings, desk.layers)
        if chosen.scope == "default":
            click.echo(f"{other}: {', '.join(map(str, chosen.route))} ({chosen.source})")


async def _tell_missing_keys(desk: Desk, route: Route) -> None:
    """A choice may come before its key, but then it should be known that it does nothing yet."""
    from halley.features.models import provider_to_json

    for provider in dict.fromkeys(ref.provider for ref in route):
        found = await provider_to_json(
            desk.room, desk.room.registry.binding(provider, desk.settings), desk.caller()
        )
        if found["key"]["status"] in ("missing", "otherOrigin"):
            tell(f"There is no key for {provider} yet: halley key set {provider}.")
