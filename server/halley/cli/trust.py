"""`halley trust`: what a workspace's files ask for, and the user's word for exactly that content."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from halley.cli.output import clean, tell, write_json
from halley.cli.running import Desk, find_root, with_desk

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", metavar="[DIR]", type=_FOLDER, required=False)
@click.option("-y", "--yes", is_flag=True, help="Trust without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print what it asks for as JSON, without trusting it.")
@with_desk
async def trust(desk: Desk, folder: Path | None, yes: bool, as_json: bool) -> int:
    """Show what the workspace's .halley.toml, AGENTS.md and skills ask for, and trust it until it changes."""
    root = find_root(folder.resolve()) if folder else desk.root
    request = desk.room.config.describe_request(root)
    if as_json:
        write_json(request.to_json())
        return 0
    click.echo(clean(f"{request.root}"))
    for line in request.asks:
        click.echo(f"  asks for   {line}")
    for line in request.refused:
        click.echo(f"  never gets {line}")
    if not request.asks:
        click.echo("  asks for nothing")
        return 0
    if not (yes or await _agreed()):
        tell("Nothing was changed.")
        return 1
    desk.room.trust.grant(request)
    click.echo("Trusted, until one of these files changes.")
    return 0


async def _agreed() -> bool:
    if not sys.stdin.isatty():
        tell("There is no terminal to ask on: add --yes to trust it.")
        return False
    try:
        return await asyncio.to_thread(click.confirm, "Trust exactly this?")
    except click.Abort:
        return False


@click.command()
@click.argument("folder", metavar="[DIR]", type=_FOLDER, required=False)
@with_desk
async def untrust(desk: Desk, folder: Path | None) -> int:
    """Take back the trust in a workspace."""
    root = find_root(folder.resolve()) if folder else desk.root
    if desk.room.trust.untrust(root):
        click.echo(f"{clean(str(root))} is no longer trusted.")
        return 0
    tell(f"{root} was not trusted.")
    return 1
