"""Rows for calls that other agents made and wrote down themselves (`stores/agent_logs`). Each ID is taken once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from halley.core.models import ModelRef
from halley.core.usage import LoggedCall
from halley.stores.ledger.usage import day_of

if TYPE_CHECKING:
    import sqlite3

    from halley.stores.ledger.intents import Row

Insert = Callable[["sqlite3.Connection", "Row"], int]
Settle = Callable[["sqlite3.Connection", int, LoggedCall], None]


def insert_logged(
    db: sqlite3.Connection,
    feature: str,
    workspace: str | None,
    provider: str,
    calls: Iterable[LoggedCall],
    insert: Insert,
    settle: Settle,
) -> int:
    """How many were new. `insert` makes an open row and `settle` writes how it ended, as for calls of our own: what
    was spent, and what a team sees, hang on both."""
    added = 0
    for call in calls:
        if not db.execute("INSERT OR IGNORE INTO logged_calls VALUES (?)", (call.id,)).rowcount:
            continue
        at = min(call.at, time.time())
        ref = ModelRef(provider, call.model)
        row = (at, day_of(at), feature, "chat", workspace, ref.provider, ref.name, 1, None)
        settle(db, insert(db, row), call)
        added += 1
    return added
