"""Chats shared with the team: `/share` in a chat, `halley team chats` on a terminal.

Off unless the user's own `team.share_chats` allows it, and then only the chats that they name, as they are at that
moment. What goes is the chat's export as Markdown: what was asked and answered, and what tools returned, with keys
masked. Pictures and the text of attached excerpts stay here.
"""

from __future__ import annotations

from dataclasses import dataclass

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.stores.workspace.naming import workspace_name


@dataclass(frozen=True, slots=True)
class Sharing:
    """What would be stored for the team."""

    chat: str
    title: str
    workspace: str
    turns: int
    body: str

    @property
    def size(self) -> str:
        return f"{self.turns} turn{'' if self.turns == 1 else 's'}, {max(1, len(self.body) // 1000):,} kB"


async def prepare_share(room: EngineRoom, settings: Settings, chat_id: str, folder: str | None) -> Sharing:
    """Raises InvalidInput, BlockedByPolicy and NotConfigured where this chat may not be shared."""
    from halley.engine.guards.secrecy import mask_secrets
    from halley.features.chat.markdown import render_chat
    from halley.stores.team.chats import MOST_TEXT

    room.joined_team(settings)
    if not settings.team.share_chats:
        raise InvalidInput(
            "Sharing chats with your team is switched off.",
            "Set `share_chats = true` under [team] in your config.toml; then only the chats you name are shared.",
            setting="team.share_chats",
        )
    policy = room.policy(settings)
    if policy.no_prompt_storage:
        raise BlockedByPolicy(
            f"Your team's policy (version {policy.version}) forbids storing prompts.",
            "Export the chat instead, and give it to whom you choose.",
            setting="team.url",
        )
    chat = await room.chats.get(chat_id)
    body = mask_secrets(render_chat(chat))
    if len(body) > MOST_TEXT:
        raise InvalidInput(
            f"This chat is too long to be shared ({len(body):,} characters; {MOST_TEXT:,} at most).",
            "Export it to a file, or fork it from an earlier turn.",
        )
    turns = sum(not turn.undone for turn in chat.turns)
    return Sharing(chat.id, mask_secrets(chat.title), workspace_name(folder), turns, body)


async def send_share(room: EngineRoom, settings: Settings, sharing: Sharing) -> str:
    """Stores it for the team; its id there. Raises as `TeamLink.ask`."""
    from halley.stores.team import chats

    id = chats.id_of(sharing.chat)
    await room.joined_team(settings).ask(
        lambda db: chats.share_chat(db, id, sharing.title, sharing.workspace, sharing.body)
    )
    return str(id)


async def revoke_share(room: EngineRoom, settings: Settings, chat_id: str) -> bool:
    """Deletes the team's copy of a chat; False where there is none. Works whatever `team.share_chats` says."""
    from halley.stores.team import chats

    id = chats.id_of(chat_id)
    return await room.joined_team(settings).ask(lambda db: chats.revoke_chat(db, id))


async def share_or_revoke(
    room: EngineRoom, settings: Settings, chat_id: str, folder: str | None, *, stop: bool
) -> str:
    """`/share` and `/share stop`: what was done, in a sentence."""
    if stop:
        gone = await revoke_share(room, settings, chat_id)
        return (
            "The team's copy of this chat is deleted." if gone else "This chat is not shared with your team."
        )
    sharing = await prepare_share(room, settings, chat_id, folder)
    id = await send_share(room, settings, sharing)
    return (
        f"This chat is shared with your team as it is now ({sharing.size}): members read it with "
        f"`halley team chats show {id[:8]}`. Type /share again to share later turns, "
        "/share stop to delete the team's copy."
    )
