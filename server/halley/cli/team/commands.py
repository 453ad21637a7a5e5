"""`halley team`: setting a team's database up, joining it, leaving it, and how things stand."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from halley.cli.output import tell, write_json
from halley.cli.running import Desk, with_desk
from halley.cli.team.chats import chats
from halley.cli.team.index import index
from halley.cli.team.people import budget, members, prune
from halley.cli.team.sharing import policy, shared
from halley.cli.team.tables import print_budgets
from halley.core.errors import InvalidInput

Json = dict[str, Any]


@click.group()
def team() -> None:
    """One PostgreSQL for a team: spend and budgets across machines."""


@team.command()
@click.argument("url", required=False)
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@with_desk
async def init(desk: Desk, url: str | None, password_stdin: bool) -> None:
    """Set up or update a team's database at URL, and become its first admin.

    URL is postgresql://NAME@HOST/DATABASE. NAME must own the database and may create roles.
    """
    from halley.stores.team import server
    from halley.stores.team.migrations import migrate

    link = await _connect(desk, url, password_stdin)
    taken = await link.ask(migrate, limit_s=60)
    await link.ask(lambda db: server.set_member(db, link.address.user, True, None))
    await _keep(desk, link, url)
    click.echo(
        f"The database is ready ({taken} steps taken)." if taken else "The database was ready already."
    )
    tell(
        f"You are {link.address.user}, an admin. Add others with `halley team members add NAME`; "
        f"they join with `halley team join postgresql://NAME@{link.address.host}/{link.address.database}`."
    )


@team.command()
@click.argument("url")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@with_desk
async def join(desk: Desk, url: str, password_stdin: bool) -> None:
    """Join the team whose database is at URL. Asks for the password, and stores it bound to that host."""
    link = await _connect(desk, url, password_stdin)
    standing = await link.standing()
    await _keep(desk, link, url)
    await link.join()
    groups = f", in {', '.join(standing.groups)}" if standing.groups else ""
    click.echo(f"You joined the team as {standing.member}{groups}.")
    tell(
        "Calls from now on are counted there: model, tokens, cost and times, never text. See `halley team status`."
    )


@team.command()
@with_desk
async def leave(desk: Desk) -> None:
    """Leave the team: nothing is sent any more, and the password is forgotten. Your own ledger stays."""
    from halley.features.team import KEY_NAME
    from halley.stores.config.writer import save_team

    link = desk.room.joined_team(desk.settings)
    await link.spool.leave()
    save_team(desk.room.paths, {"url": None, "key": None})
    await desk.room.secrets.remove_key(KEY_NAME)
    click.echo("You left the team.")


@team.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_desk
async def status(desk: Desk, as_json: bool) -> int:
    """Show who you are in the team, its budgets and your gateway's that count here, and what waits to be sent."""
    from halley.features.report_tables import quota_text
    from halley.features.team import describe_team
    from halley.features.usage import find_quotas

    found, gateways = await asyncio.gather(
        describe_team(desk.room.joined_team(desk.settings), str(desk.root)),
        find_quotas(desk.room, desk.settings, desk.caller(), kind="litellm"),
    )
    found["gateways"] = gateways
    if as_json:
        write_json(found)
        return 0 if found["reachable"] else 1
    click.echo(f"database   {found['address']}")
    for gateway in gateways:
        click.echo(f"gateway    {quota_text(gateway)}")
    if not found["reachable"]:
        click.echo(f"waiting    {_rows(found['waiting'])}")
        tell(f"{found['problem']['message']}\n{found['problem']['help']}")
        return 1
    role = "admin" if found["admin"] else "member"
    groups = f" of {', '.join(found['groups'])}" if found["groups"] else ""
    click.echo(f"you        {found['member']}, {role}{groups}")
    click.echo(f"waiting    {_rows(found['waiting'])}")
    if found["budgets"]:
        click.echo()
        print_budgets(found["budgets"])
    return 0


def _rows(count: int) -> str:
    return "nothing" if not count else f"{count} row{'s' if count > 1 else ''} to send"


async def _connect(desk: Desk, url: str | None, password_stdin: bool) -> Any:
    """A link to `url`, or to the team that is configured; the password is asked for where one is needed."""
    from halley.features.team import KEY_NAME
    from halley.stores.team.address import read_address

    settings = desk.settings.team if url is None else desk.settings.team.model_copy(update={"url": url})
    if settings.url is None:
        raise InvalidInput(
            "No database was named.", "Write `halley team init postgresql://NAME@HOST/DATABASE`."
        )
    address = read_address(settings.url)
    if url is not None and settings.key is None and (password := await _password(address, password_stdin)):
        await desk.room.secrets.set_key(KEY_NAME, address.origin, password)
    return desk.room.team(settings)


async def _password(address: Any, from_stdin: bool) -> str:
    """Typed unseen or piped in; empty for a database that asks for none."""
    if from_stdin:
        return sys.stdin.read(64 * 1024).strip()
    if not sys.stdin.isatty():
        return ""
    try:
        return await asyncio.to_thread(
            click.prompt, f"Password of {address.user} (empty for none)", default="", show_default=False,
            hide_input=True, err=True,
        )  # fmt: skip
    except click.Abort:
        raise InvalidInput("No password was entered.", "Nothing was changed.") from None


async def _keep(desk: Desk, link: Any, url: str | None) -> None:
    from halley.stores.config.writer import save_team

    if url is not None:
        await asyncio.to_thread(save_team, desk.room.paths, {"url": url})


for _command in (members, budget, prune, policy, shared, index, chats):
    team.add_command(_command)
team.add_command(shared, "macros")
