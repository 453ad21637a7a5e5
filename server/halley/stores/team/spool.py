"""Rows of the local ledger on their way to the team: marked by triggers, sent in batches, unmarked once they are there.

A row is named by this installation and its number, so that it is one row in the team's database however often it is
sent; its mark's number is the revision, so that an older state never replaces a newer one. Whatever is killed between
sending and unmarking, the row is sent again and changes nothing.

Rows hold counts. Prompts, replies, paths and messages of errors are not in the ledger, so they cannot be sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from halley.stores.sqlite.database import Database
from halley.stores.team.server import TeamServer, put

if TYPE_CHECKING:
    import sqlite3

BATCH = 200
NameOf = Callable[[str | None], str]
"""The name of a workspace within the team, from its path; empty where there is none."""

_COLUMNS = (
    "feature role provider model attempt status problem input_tokens output_tokens cached_tokens written_tokens "
    "reasoning_tokens tokens_estimated cost currency cost_source saved first_token_ms tokens_per_s"
).split()


@dataclass(frozen=True, slots=True)
class Batch:
    rows: list[dict[str, Any]]
    marks: list[int]
    released: list[str]
    """Reservations of calls that have ended, whose rows are in this batch or were sent before."""


class Spool:
    """What waits in one database for one team's server."""

    def __init__(self, database: Database, server: TeamServer, name_of: NameOf) -> None:
        self._database, self._server, self._name_of = database, server, name_of

    async def join(self) -> None:
        """From now on settled rows are marked. Rows from before belong to no team."""
        await self._database.run(
            lambda db: db.execute("INSERT INTO team SELECT ? WHERE NOT EXISTS (SELECT 1 FROM team)", (1,))
        )

    async def leave(self) -> None:
        """Marks nothing any more, and forgets what was not sent."""
        await self._database.run(_leave)

    async def release(self, reservation: str) -> None:
        """Notes that a call has ended. Its rows are settled by then, so they are sent before or with this."""
        await self._database.run_later(
            lambda db: db.execute("INSERT OR IGNORE INTO team_releases VALUES (?)", (reservation,))
        )

    async def count(self) -> int:
        """Rows that wait."""
        return await self._database.read(
            lambda db: db.execute("SELECT count(*) FROM team_spool").fetchone()[0]
        )

    async def send(self) -> int:
        """Sends everything that waits; the number of rows sent. Raises as `TeamServer.call`."""
        sent = 0
        while True:
            batch = await self._database.read(lambda db: _read(db, self._name_of))
            if not batch.rows and not batch.released:
                return sent
            released = [uuid.UUID(id) for id in batch.released]
            await self._server.call(lambda db, batch=batch, released=released: put(db, batch.rows, released))
            await self._database.run(lambda db, batch=batch: _forget(db, batch))
            sent += len(batch.rows)


def _leave(db: sqlite3.Connection) -> None:
    for table in ("team", "team_spool", "team_releases"):
        db.execute(f"DELETE FROM {table}")


def _read(db: sqlite3.Connection, name_of: NameOf) -> Batch:
    """The oldest marks. Reservations only when all rows are in it: freed before its row is counted, money could be
    spent twice."""
    home = uuid.UUID(db.execute("SELECT id FROM installation").fetchone()[0])
    found = db.execute(
        f"SELECT s.seq, s.call, c.started, c.workspace, {', '.join(f'c.{name}' for name in _COLUMNS)} "
        "FROM team_spool s JOIN calls c ON c.id = s.call ORDER BY s.seq LIMIT ?",
        (BATCH,),
    ).fetchall()
    released = (
        []
        if len(found) == BATCH
        else [row[0] for row in db.execute("SELECT id FROM team_releases LIMIT 1000")]
    )
    return Batch([_row(home, row, name_of) for row in found], [row["seq"] for row in found], released)


def _row(home: uuid.UUID, row: sqlite3.Row, name_of: NameOf) -> dict[str, Any]:
    started = row["started"]
    facts: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    return facts | {
        # With its moment: a home folder copied to another machine counts on from the same number.
        "id": str(uuid.uuid5(home, f"{row['call']} {started!r}")),
        "revision": row["seq"],
        "started": datetime.fromtimestamp(started, UTC).isoformat(),
        "workspace": name_of(row["workspace"]),
        "tokens_estimated": bool(row["tokens_estimated"]),
    }


def _forget(db: sqlite3.Connection, batch: Batch) -> None:
    """A row that changed meanwhile has a new mark, which stays."""
    db.executemany("DELETE FROM team_spool WHERE seq = ?", [(mark,) for mark in batch.marks])
    db.executemany("DELETE FROM team_releases WHERE id = ?", [(id,) for id in batch.released])
