"""Texts of files as they were before and after an agent changed them, so that it can be taken back.

    checkpoints       one for each turn of an agent, and for each restore
    checkpoint_steps  what it did to each file, in order: the texts before and after, by the names of their blobs in
                      `data/checkpoints/`

A text is stored once, whatever turns share it. The oldest checkpoints are forgotten past `MOST_BYTES` and `MOST_KEPT`.
Nothing of this is in the user's version control. What is restored is `features/agent/checkpoints.py`'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import InvalidInput
from halley.stores.sqlite.blobs import delete_blob, load_blob, save_blob
from halley.stores.sqlite.database import Database

if TYPE_CHECKING:
    import sqlite3

MOST_BYTES = 256 << 20
MOST_KEPT = 2000
"""Checkpoints."""


@dataclass(frozen=True, slots=True)
class Touched:
    """One step of a checkpoint: a file's text before and after, None where there was no file. `path` is in the
    workspace. Steps of one file where the text before is not the last one's after have something else between them.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`turn` is empty for a restore. Times are seconds since the epoch."""

    id: str
    chat: str
    turn: str
    label: str
    created: float
    paths: tuple[str, ...]


class CheckpointStore:
    """Raises StoreFailed."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    @staticmethod
    def new_id() -> str:
        return f"k-{secrets.token_hex(8)}"

    async def keep(
        self, id: str, chat: str, turn: str, label: str, file: Touched, step: int = 0, *, last: bool = False
    ) -> None:
        """Sets a step of a file (from 0) in a checkpoint, which is made with its first one.

        `last`: the file has no later steps.
        """
        before, after = await asyncio.to_thread(self._save, file)
        size = sum(len(text.encode()) for text in (file.before, file.after) if text is not None)

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (id, chat, turn, label, time.time()),
            )
            db.execute(
                "INSERT OR REPLACE INTO checkpoint_steps VALUES (?, ?, ?, ?, ?, ?)",
                (id, file.path, step, before, after, size),
            )
            if last:
                db.execute(
                    "DELETE FROM checkpoint_steps WHERE checkpoint = ? AND path = ? AND step > ?",
                    (id, file.path, step),
                )

        await self._database.run(write)
        await self._forget(await self._database.run(_drop_old))

    async def of_chat(self, chat: str) -> tuple[Checkpoint, ...]:
        """The oldest first."""

        def read(db: sqlite3.Connection) -> tuple[Checkpoint, ...]:
            rows = db.execute(
                "SELECT rowid, * FROM checkpoints WHERE chat = ? ORDER BY rowid", (chat,)
            ).fetchall()
            return tuple(
                Checkpoint(
                    row["id"], row["chat"], row["turn"], row["label"], row["created"],
                    tuple(
                        file["path"]
                        for file in db.execute(
                            "SELECT DISTINCT path FROM checkpoint_steps WHERE checkpoint = ? ORDER BY path",
                            (row["id"],),
                        )
                    ),
                )
                for row in rows
            )  # fmt: skip

        return await self._database.read(read)

    async def chat_of(self, id: str) -> str:
        """Raises InvalidInput where there is no such checkpoint."""
        found = await self._database.read(
            lambda db: db.execute("SELECT chat FROM checkpoints WHERE id = ?", (id,)).fetchone()
        )
        if found is None:
            raise InvalidInput("There is no such checkpoint.", "It may be too old: only the newest are kept.")
        return str(found["chat"])

    async def files(self, id: str) -> tuple[Touched, ...]:
        """What a checkpoint did: by path, then in order. Raises InvalidInput where a text is gone."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT path, before, after FROM checkpoint_steps WHERE checkpoint = ? ORDER BY path, step",
                (id,),
            ).fetchall()
        )
        return await asyncio.to_thread(
            lambda: tuple(Touched(r["path"], self._load(r["before"]), self._load(r["after"])) for r in rows)
        )

    async def drop_chat(self, chat: str) -> None:
        def write(db: sqlite3.Connection) -> list[str]:
            ids = [row["id"] for row in db.execute("SELECT id FROM checkpoints WHERE chat = ?", (chat,))]
            return _drop(db, ids)

        await self._forget(await self._database.run(write))

    def _save(self, file: Touched) -> tuple[str | None, str | None]:
        before, after = (
            None if text is None else save_blob(self._folder, text.encode("utf-8", "surrogatepass"))
            for text in (file.before, file.after)
        )
        return before, after

    def _load(self, blob: str | None) -> str | None:
        if blob is None:
            return None
        data = load_blob(self._folder, blob)
        if data is None:
            raise InvalidInput("A text of this checkpoint is gone from the disk.", "It cannot be restored.")
        return data.decode("utf-8", "surrogatepass")

    async def _forget(self, blobs: list[str]) -> None:
        for blob in blobs:
            await asyncio.to_thread(delete_blob, self._folder, blob)


def blob_of(text: str) -> str:
    """The name of a text's blob."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _drop_old(db: sqlite3.Connection) -> list[str]:
    """Forgets the oldest that are too many or too large; the blobs that nothing needs any more."""
    rows = db.execute(
        "SELECT c.id, coalesce(sum(f.size), 0) AS size FROM checkpoints c "
        "LEFT JOIN checkpoint_steps f ON f.checkpoint = c.id GROUP BY c.id ORDER BY c.rowid DESC"
    ).fetchall()
    total, gone = 0, list[str]()
    for number, row in enumerate(rows):
        total += row["size"]
        if number and (total > MOST_BYTES or number >= MOST_KEPT):
            gone.append(row["id"])
    return _drop(db, gone)


def _drop(db: sqlite3.Connection, ids: list[str]) -> list[str]:
    blobs = set[str]()
    for id in ids:
        for row in db.execute("SELECT before, after FROM checkpoint_steps WHERE checkpoint = ?", (id,)):
            blobs |= {blob for blob in row if blob}
        db.execute("DELETE FROM checkpoint_steps WHERE checkpoint = ?", (id,))
        db.execute("DELETE FROM checkpoints WHERE id = ?", (id,))
    used = "SELECT 1 FROM checkpoint_steps WHERE before = ? OR after = ?"
    return [blob for blob in blobs if db.execute(used, (blob, blob)).fetchone() is None]
