"""`halley commit`: a commit message from the diff, to stdout."""

from __future__ import annotations

from pathlib import Path

import click

from halley.cli.running import Desk, with_desk


@click.command()
@click.option(
    "--staged/--all",
    default=True,
    help="Use only staged changes (all changes if nothing is staged), or all changes.",
)
@with_desk
async def commit(desk: Desk, staged: bool) -> None:
    """Write a commit message for the changes in this folder. Nothing is committed."""
    from halley.cli.output import write
    from halley.features.commit import commit_message

    workspace = desk.room.config.workspace(desk.root).workspace
    write(await commit_message(desk.line(), Path.cwd(), staged=staged, guidance=workspace.guidance))
