"""`halley team chats`: chats that members shared; sharing one's own, reading others', and taking one back."""

from __future__ import annotations

from datetime import datetime

import click

from halley.cli.output import clean, print_table, tell, write_json
from halley.cli.running import Desk, confirm, with_desk
from halley.core.errors import InvalidInput
from halley.core.team import SharedChat


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def chats(context: click.Context, as_json: bool) -> None:
    """List the chats that members shared with the team, or share, show and revoke one."""
    if context.invoked_subcommand is None:
        _list_shared(as_json=as_json)


@with_desk
async def _list_shared(desk: Desk, as_json: bool) -> None:
    found = await _all(desk)
    if as_json:
        write_json([chat.to_json() for chat in found])
        return
    if not found:
        tell("No chat is shared with the team.")
        return
    rows = [
        (
            chat.id[:8],
            clean(chat.title)[:60],
            clean(chat.member),
            clean(chat.workspace),
            datetime.fromtimestamp(chat.shared).strftime("%Y-%m-%d"),
            f"{max(1, chat.size // 1000):,} kB",
        )
        for chat in found
    ]
    print_table(("ID", "TITLE", "BY", "WORKSPACE", "SHARED", "SIZE"), rows, right=("SIZE",))


@chats.command()
@click.argument("chat", required=False)
@click.option("-y", "--yes", is_flag=True, help="Share it without asking.")
@with_desk
async def share(desk: Desk, chat: str | None, yes: bool) -> int:
    """Store one of your chats for the team, text and all.

    CHAT is an id of `halley chat --list`; without it, the newest chat of this workspace.
    """
    from halley.cli.conversation.chat import desk_of, newest
    from halley.features.team_chats import prepare_share, send_share

    sharing = await prepare_share(
        desk.room, desk.settings, chat or await newest(desk_of(desk)), str(desk.root)
    )
    if not yes:
        click.echo(clean(sharing.body))
    if not (yes or await confirm(f"Let all members of the team read this chat ({sharing.size})?")):
        tell("Nothing was shared. Without a terminal to ask on, add --yes.")
        return 1
    id = await send_share(desk.room, desk.settings, sharing)
    click.echo(
        f"Shared as {id[:8]}. Later turns are not; `halley team chats revoke {id[:8]}` deletes the team's copy."
    )
    return 0


@chats.command()
@click.argument("chat")
@with_desk
async def show(desk: Desk, chat: str) -> None:
    """Show a shared chat as Markdown. CHAT is its id, or the beginning of it."""
    from halley.stores.team.chats import read_chat

    found = _named(await _all(desk), chat)
    body = await desk.room.joined_team(desk.settings).ask(lambda db: read_chat(db, found.id))
    click.echo(clean(body or ""))


@chats.command()
@click.argument("chat")
@with_desk
async def revoke(desk: Desk, chat: str) -> int:
    """Delete the team's copy of a chat of yours; an admin may delete any. The chat itself stays yours."""
    from uuid import UUID

    from halley.stores.team.chats import revoke_chat

    found = _named(await _all(desk), chat)
    if not await desk.room.joined_team(desk.settings).ask(lambda db: revoke_chat(db, UUID(found.id))):
        tell(f"The chat {found.id[:8]} is {clean(found.member)}'s. Its author and admins can revoke it.")
        return 1
    click.echo(f"The team's copy of {found.id[:8]} is deleted.")
    return 0


async def _all(desk: Desk) -> tuple[SharedChat, ...]:
    from halley.stores.team.chats import list_chats

    return await desk.room.joined_team(desk.settings).ask(list_chats)


def _named(chats: tuple[SharedChat, ...], id: str) -> SharedChat:
    found = [chat for chat in chats if chat.id.startswith(id.lower())] if id else []
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"{len(found)} shared chats begin with {id}.", "Write more of the id.")
    raise InvalidInput(f"The team has no chat {id}.", "`halley team chats` lists them.")
