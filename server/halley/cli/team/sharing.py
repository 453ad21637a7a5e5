"""What a team agrees on: its policy, and macros and templates that are proposed, approved and taken.

Nothing of a team is taken over unseen: `take` shows the text, or its difference from what is there, and asks.
"""

from __future__ import annotations

import asyncio
import difflib
from typing import Any

import click

from halley.cli.output import clean, print_table, tell, write_json
from halley.cli.running import Desk, confirm, with_desk
from halley.core.errors import InvalidInput
from halley.core.team import SharedText

KINDS = click.Choice(["macro", "template"])

# -- policy


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def policy(context: click.Context, as_json: bool) -> None:
    """Show what the team allows, or set it."""
    if context.invoked_subcommand is None:
        _show_policy(as_json=as_json)


@with_desk
async def _show_policy(desk: Desk, as_json: bool) -> None:
    from halley.stores.team import server

    version, body, author = await desk.room.joined_team(desk.settings).ask(server.newest_policy)
    if as_json:
        write_json({"version": version, "author": author, "policy": body})
        return
    if not body:
        tell("The team has no policy: everything is allowed.")
        return
    click.echo(f"version {version}, by {clean(author)}")
    for name, value in sorted(body.items()):
        text = ", ".join(value) or "none" if isinstance(value, list) else str(value).lower()
        click.echo(f"  {clean(name):17} {clean(text)}")


@policy.command("set")
@click.argument("file", type=click.File("rb"))
@with_desk
async def set_policy(desk: Desk, file: Any) -> None:
    """Put FILE (TOML; - for stdin) in force for all members. An empty file allows everything."""
    import tomllib

    from halley.core.team import read_policy
    from halley.stores.team import server

    try:
        body = tomllib.loads(file.read().decode())
    except ValueError as error:
        raise InvalidInput(
            f"The policy is not TOML: {error}.", 'Write lines such as: models = ["comet/*"]'
        ) from None
    read_policy(body)
    link = desk.room.joined_team(desk.settings)
    version = await link.ask(lambda db: server.set_policy(db, body))
    await link.standing()
    click.echo(
        f"Version {version} of the policy is in force; members' Halleys see it within a minute of use."
    )


# -- macros and templates


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def shared(context: click.Context, as_json: bool) -> None:
    """List the team's macros and templates, or propose, approve, take and retract them. Also called `macros`."""
    if context.invoked_subcommand is None:
        _list_shared(as_json=as_json)


@with_desk
async def _list_shared(desk: Desk, as_json: bool) -> None:
    from halley.features.team_sharing import state_of

    texts = await _texts(desk)
    states = [state_of(desk.room, desk.settings, text) for text in texts]
    if as_json:
        write_json(
            [
                {
                    "kind": text.kind, "name": text.name, "version": text.version, "author": text.author,
                    "approvedBy": text.approved_by, "digest": text.digest, "state": state,
                }
                for text, state in zip(texts, states, strict=True)
            ]
        )  # fmt: skip
        return
    if not texts:
        tell("The team shares nothing yet. Propose a macro with `halley team shared propose macro NAME`.")
        return
    rows = [
        (text.kind, text.name, text.version, text.author, text.approved_by or "waits for approval", state)
        for text, state in zip(texts, states, strict=True)
    ]
    print_table(("KIND", "NAME", "VERSION", "BY", "APPROVED BY", "HERE"), rows)


@shared.command()
@click.argument("kind", type=KINDS)
@click.argument("name")
@with_desk
async def propose(desk: Desk, kind: str, name: str) -> None:
    """Propose your own macro or template NAME to the team. An admin reads and approves it."""
    from halley.features.team_sharing import own_text
    from halley.stores.team import server

    body = own_text(desk.room, desk.settings, kind, name)
    if body is None:
        raise InvalidInput(f"You have no {kind} {name}.", "`halley macros list` shows your macros.")
    version = await desk.room.joined_team(desk.settings).ask(lambda db: server.publish(db, kind, name, body))
    click.echo(
        f"Proposed {kind} {name} as version {version}. An admin approves it with `halley team shared approve`."
    )


@shared.command()
@click.argument("kind", type=KINDS)
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Approve without asking.")
@with_desk
async def approve(desk: Desk, kind: str, name: str, yes: bool) -> int:
    """Show the newest proposal of NAME, and offer exactly that text to all members."""
    from halley.stores.team import server

    texts = [text for text in await _texts(desk) if (text.kind, text.name) == (kind, name)]
    proposals = [text for text in texts if text.approved_by is None]
    if not proposals:
        tell(f"No {kind} {name} waits for approval.")
        return 1
    newest = proposals[-1]
    before = next((text.body for text in texts if text.approved_by is not None), "")
    _show_change(before, newest)
    if not (yes or await confirm(f"Approve version {newest.version} by {newest.author}?")):
        tell("Nothing was changed.")
        return 1
    link = desk.room.joined_team(desk.settings)
    await link.ask(lambda db: server.approve(db, kind, name, newest.digest))
    click.echo(f"{kind} {name} version {newest.version} is approved.")
    return 0


@shared.command()
@click.argument("kind", type=KINDS)
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Take it without asking.")
@with_desk
async def take(desk: Desk, kind: str, name: str, yes: bool) -> int:
    """Show what the team's NAME would change here, and take it over once you agree."""
    from halley.features.team_sharing import own_text, take_text

    texts = [t for t in await _texts(desk) if (t.kind, t.name) == (kind, name) and t.approved_by is not None]
    if not texts:
        raise InvalidInput(
            f"The team has no approved {kind} {name}.", "`halley team shared` lists what there is."
        )
    text = texts[-1]
    before = own_text(desk.room, desk.settings, kind, name)
    if before == text.body:
        tell(f"You have version {text.version} of {kind} {name} already.")
        return 0
    _show_change(before or "", text)
    if not (
        yes or await confirm(f"Take version {text.version} by {text.author}, approved by {text.approved_by}?")
    ):
        tell("Nothing was changed.")
        return 1
    await asyncio.to_thread(take_text, desk.room, text)
    click.echo(f"{kind} {name} is now version {text.version} of the team's.")
    return 0


@shared.command()
@click.argument("kind", type=KINDS)
@click.argument("name")
@with_desk
async def retract(desk: Desk, kind: str, name: str) -> int:
    """Stop offering NAME. Copies that members took stay theirs."""
    from halley.stores.team import server

    gone = await desk.room.joined_team(desk.settings).ask(lambda db: server.retract(db, kind, name))
    if not gone:
        tell(f"There is no {kind} {name} of yours. Admins can retract those of others.")
        return 1
    click.echo(f"{kind} {name} is no longer offered.")
    return 0


async def _texts(desk: Desk) -> tuple[SharedText, ...]:
    from halley.stores.team import server

    return await desk.room.joined_team(desk.settings).ask(server.list_shared)


def _show_change(before: str, text: SharedText) -> None:
    """Lines that would change, with nothing in them that a terminal obeys."""
    lines = difflib.unified_diff(
        before.splitlines(),
        text.body.splitlines(),
        "yours" if before else "nothing",
        f"version {text.version}",
        lineterm="",
    )
    for line in lines:
        click.echo(clean(line))
