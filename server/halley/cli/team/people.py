"""What admins of a team do: members, budgets, and deleting old rows. The database decides who is an admin."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import click

from halley.cli.output import print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.cli.team.tables import print_budgets
from halley.core.errors import InvalidInput

SCOPES = ("team", "member", "group", "workspace")


# -- members


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def members(context: click.Context, as_json: bool) -> None:
    """List the members, or add and remove them."""
    if context.invoked_subcommand is None:
        _list_members(as_json=as_json)


@with_desk
async def _list_members(desk: Desk, as_json: bool) -> None:
    from halley.stores.team import server

    found = await desk.room.joined_team(desk.settings).ask(server.list_members)
    if as_json:
        write_json([member.to_json() for member in found])
        return
    rows = [
        (
            one.name,
            "admin" if one.is_admin else "",
            ", ".join(one.groups),
            _day(one.last_seen),
            one.client or "",
        )
        for one in found
    ]
    print_table(("MEMBER", "", "GROUPS", "LAST SEEN", "HALLEY"), rows)


def _day(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d") if seconds else "never"


@members.command("add")
@click.argument("name")
@click.option("--admin/--no-admin", default=None, help="Whether they may change members and budgets.")
@click.option("--group", "groups", multiple=True, help="A group they are in; repeat it for several.")
@click.option("--create", is_flag=True, help="Create their login on the server; its password is asked for.")
@with_desk
async def add_member(
    desk: Desk, name: str, admin: bool | None, groups: tuple[str, ...], create: bool
) -> None:
    """Add NAME, a login of the database server, or change what they are."""
    from halley.stores.team import server

    link = desk.room.joined_team(desk.settings)
    if create:
        password = await asyncio.to_thread(_new_password, name)
        await link.ask(lambda db: server.create_login(db, name, password))
    await link.ask(lambda db: server.set_member(db, name, admin, groups or None))
    click.echo(f"{name} is a member{' and admin' if admin else ''}.")
    where = link.address
    tell(f"They join with `halley team join postgresql://{name}@{where.host}:{where.port}/{where.database}`.")


def _new_password(name: str) -> str:
    """Typed twice unseen, or piped in: an argument could be seen by other users of this machine."""
    if not sys.stdin.isatty():
        password = sys.stdin.read(64 * 1024).strip()
    else:
        try:
            password = click.prompt(
                f"New password of {name}", hide_input=True, confirmation_prompt=True, err=True
            )
        except click.Abort:
            password = ""
    if not password:
        raise InvalidInput("No password was entered.", "Nothing was changed.")
    return password


@members.command("remove")
@click.argument("name")
@with_desk
async def remove_member(desk: Desk, name: str) -> int:
    """Remove NAME. Their rows stay; their login on the server is the server's."""
    from halley.stores.team import server

    if await desk.room.joined_team(desk.settings).ask(lambda db: server.remove_member(db, name)):
        click.echo(f"{name} is no longer a member.")
        return 0
    tell(f"{name} was not a member.")
    return 1


# -- budgets


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def budget(context: click.Context, as_json: bool) -> None:
    """Show the budgets that count for you here, or set and remove them."""
    if context.invoked_subcommand is None:
        _list_budgets(as_json=as_json)


@with_desk
async def _list_budgets(desk: Desk, as_json: bool) -> None:
    from halley.features.team import list_states

    states = [
        state.to_json() for state in await list_states(desk.room.joined_team(desk.settings), str(desk.root))
    ]
    if as_json:
        write_json(states)
    elif not states:
        tell("No budget counts for you here.")
    else:
        print_budgets(states)


@budget.command("set")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("name", required=False)
@click.option("--per", type=click.Choice(["day", "month"]), default="month", show_default=True)
@click.option("--usd", type=click.FloatRange(min=0), required=True, help="The limit in US dollars.")
@with_desk
async def set_budget(desk: Desk, scope: str, name: str | None, per: str, usd: float) -> None:
    """Limit what may be spent: of the team, or of the member, group or workspace NAME.

    NAME may be * for each of them. A workspace is named as `halley usage --team --by workspace` shows it.
    """
    from halley.stores.team import server

    subject = _subject(scope, name)
    await desk.room.joined_team(desk.settings).ask(lambda db: server.set_budget(db, scope, subject, per, usd))
    click.echo(f"The {_whose(scope, subject)} may spend ${usd:.2f} a {per}.")


@budget.command("remove")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("name", required=False)
@click.option("--per", type=click.Choice(["day", "month"]), default="month", show_default=True)
@with_desk
async def remove_budget(desk: Desk, scope: str, name: str | None, per: str) -> int:
    """Remove a limit."""
    from halley.stores.team import server

    subject = _subject(scope, name)
    if await desk.room.joined_team(desk.settings).ask(
        lambda db: server.set_budget(db, scope, subject, per, None)
    ):
        click.echo(f"The {_whose(scope, subject)} has no limit per {per} now.")
        return 0
    tell("There was no such limit.")
    return 1


def _subject(scope: str, name: str | None) -> str:
    if scope == "team":
        if name:
            raise InvalidInput("A budget of the whole team has no name.", "Leave the name out.")
        return ""
    if not name:
        raise InvalidInput(f"Which {scope}?", f"Name it, or write * for each {scope}.")
    return name


def _whose(scope: str, subject: str) -> str:
    if scope == "team":
        return "team"
    return f"{scope} {subject}" if subject != "*" else f"{scope}s, each"


@click.command()
@click.option("--before", metavar="D", required=True, help="From before this moment: 365d, 2026-01-01.")
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
@with_desk
async def prune(desk: Desk, before: str, yes: bool) -> int:
    """Delete rows of old calls, and chats shared before then, for good.

    This month's rows stay: budgets are counted by them.
    """
    from halley.cli.running import confirm
    from halley.features.usage import read_moment
    from halley.stores.team import chats, server

    moment = read_moment(before, desk.room.clock.now())
    assert moment is not None
    day = datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")
    if not (yes or await confirm(f"Delete all rows of calls and shared chats from before {day}?")):
        tell("Nothing was deleted. Without a terminal to ask on, add --yes.")
        return 1
    link = desk.room.joined_team(desk.settings)
    gone = await link.ask(lambda db: server.prune(db, moment), 60)
    shared = await link.ask(lambda db: chats.prune_chats(db, moment), 60)
    click.echo(f"{gone} rows and {shared} shared chats were deleted.")
    return 0
