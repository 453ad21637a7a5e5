"""Chats that members shared with their team, text and all. What is shared, and when, says `features/team_chats.py`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from halley.core.team import SharedChat
from halley.stores.team.migrations import require_step

if TYPE_CHECKING:
    import psycopg

STEP = 4
"""The step of the schema that brought them."""
MOST_TEXT = 1_000_000
"""Characters of a chat; the database refuses more."""
_NAMES = uuid.UUID("5f0a3c2e-6d0e-4b57-9a37-3f0d4f4f1c7a")


def id_of(chat: str) -> uuid.UUID:
    """A shared chat's id: of the local one's, which is random, so that sharing it again replaces it."""
    return uuid.uuid5(_NAMES, chat)


def share_chat(db: psycopg.Connection[Any], id: uuid.UUID, title: str, workspace: str, body: str) -> None:
    require_step(db, STEP)
    # PostgreSQL's text has no NUL.
    db.execute(
        "SELECT halley.share_chat(%s, %s, %s, %s)",
        (id, title.replace("\0", ""), workspace, body.replace("\0", "")),
    )


def revoke_chat(db: psycopg.Connection[Any], id: uuid.UUID) -> bool:
    """False where there is none of this user's; an admin may revoke any."""
    require_step(db, STEP)
    row = db.execute("SELECT halley.revoke_chat(%s)", (id,)).fetchone()
    return bool(row and row[0])


def list_chats(db: psycopg.Connection[Any]) -> tuple[SharedChat, ...]:
    """All that members may read, the newest first."""
    require_step(db, STEP)
    rows = db.execute(
        "SELECT id, member, title, workspace, length(body), shared FROM halley.chats ORDER BY shared DESC, id"
    )
    return tuple(
        SharedChat(str(id), member, title, workspace, size, shared.timestamp())
        for id, member, title, workspace, size, shared in rows
    )


def read_chat(db: psycopg.Connection[Any], id: str) -> str | None:
    """A chat's Markdown, as its author's Halley wrote it; None where it is gone."""
    require_step(db, STEP)
    row = db.execute("SELECT body FROM halley.chats WHERE id = %s::uuid", (id,)).fetchone()
    return row[0] if row else None


def prune_chats(db: psycopg.Connection[Any], older_than: float) -> int:
    """Deletes chats shared before a moment (seconds since the epoch); none where the database has no chats yet."""
    from halley.stores.team.migrations import known_steps

    if known_steps(db) < STEP:
        return 0
    row = db.execute("SELECT halley.prune_chats(to_timestamp(%s))", (older_than,)).fetchone()
    return int(row[0]) if row else 0
