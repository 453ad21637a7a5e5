"""`halley team index`: what the members' search indexes share, and clearing it."""

from __future__ import annotations

import click

from halley.cli.output import clean, print_table, tell, write_json
from halley.cli.running import Desk, confirm, with_desk


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def index(context: click.Context, as_json: bool) -> None:
    """Show which vectors the team shares, their size, and how many were found there instead of paid for."""
    if context.invoked_subcommand is None:
        _show_index(as_json=as_json)


@with_desk
async def _show_index(desk: Desk, as_json: bool) -> None:
    from halley.stores.team import vectors

    found = await desk.room.joined_team(desk.settings).ask(vectors.describe_index)
    takes_part = desk.settings.team.share_index
    if as_json:
        write_json({"shares": takes_part} | found.to_json())
        return
    if found.models:
        rows = [(clean(one.model), f"{one.pieces:,}", one.dimensions) for one in found.models]
        print_table(("MODEL", "PIECES", "DIMENSIONS"), rows, right=("PIECES", "DIMENSIONS"))
        size = f"{found.size / 1_000_000:,.1f} MB"
        click.echo(f"\n{size}; members found {found.found:,} vectors there instead of paying for them.")
    else:
        tell("The team shares no vectors yet.")
    if not takes_part:
        tell("You do not take part: set `share_index = true` under [team] in config.toml.")


@index.command()
@click.option("--model", metavar="PROVIDER/NAME", help="Only the vectors of this model.")
@click.option("--member", metavar="NAME", help="Only those that this member shared.")
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
@with_desk
async def clear(desk: Desk, model: str | None, member: str | None, yes: bool) -> int:
    """Delete shared vectors. Members keep their own copies, and share them again with their next change."""
    from halley.stores.team import vectors

    which = "".join((f" of {model}" if model else "", f" by {member}" if member else ""))
    if not (yes or await confirm(f"Delete all shared vectors{which}?")):
        tell("Nothing was deleted. Without a terminal to ask on, add --yes.")
        return 1
    link = desk.room.joined_team(desk.settings)
    gone = await link.ask(lambda db: vectors.clear_vectors(db, model, member), limit_s=60)
    click.echo(f"{gone} vector{'' if gone == 1 else 's'} deleted.")
    return 0
