"""Tasks that make pictures, sound and video, and the files that came of them.

    media          what was asked (plain JSON), how it stands, and what the host calls its job
    media_results  the files, by the names of their blobs in `data/media/`

A host's job is saved before it is polled, so that after a crash the next process resumes it
(`adopt`). `state` is `queued`, `running`, `choosing`, `complete`, `failed` or `cancelled`; a row that is queued or
running belongs to its `writer`. No key goes in here, and no address of a result: those are asked for again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from halley.core.errors import InvalidInput, Problem
from halley.core.media import MediaJob, MediaKind
from halley.core.models import Usage
from halley.stores.disk.making import make_private_folder
from halley.stores.sqlite.blobs import delete_blob
from halley.stores.sqlite.database import Database
from halley.stores.sqlite.writers import is_gone, writer_id

if TYPE_CHECKING:
    import sqlite3

TaskState = Literal["queued", "running", "choosing", "complete", "failed", "cancelled"]
MOST_KEPT = 500
"""Tasks; the oldest that have ended are forgotten."""


@dataclass(frozen=True, slots=True)
class Result:
    """One file. `facts`: width, height, seconds, chosen, saved (the path it was saved to), of (the variant of a grid
    that it works out)."""

    variant: int
    blob: str
    mime: str
    bytes: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """`asked` is what was wanted, as `features/media/orders.py` wrote it. Times are seconds since the epoch."""

    id: str
    workspace: str | None
    kind: MediaKind
    state: TaskState
    created: float
    updated: float
    asked: Mapping[str, Any]
    model: str | None = None
    origin: str | None = None
    """Of the provider that has the job: asked nowhere else."""
    job: MediaJob | None = None
    progress: float | None = None
    expires: float | None = None
    text: str | None = None
    usage: Usage | None = None
    problem: Problem | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """`notices`; of a grid `choices` (the host's words for each variant), `grid` (its job) and `working`, the variant
    that is or was worked out last."""
    results: tuple[Result, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def grid(self) -> MediaJob | None:
        """The job whose picture shows variants, any of which can be worked out now."""
        if "grid" not in self.facts or self.state not in ("choosing", "complete", "failed"):
            return None
        return MediaJob(**self.facts["grid"])


class MediaStore:
    """`folder` is where the files lie."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder
        self.released: set[str] = set()
        """Open tasks of this process that nothing follows any more, until the next call of `adopt`."""

    async def create(self, kind: MediaKind, asked: Mapping[str, Any], workspace: str | None) -> Task:
        """A new task, once it is on disk; a caller cancelled before that leaves none. Raises StoreFailed."""
        id, now = f"v-{secrets.token_hex(6)}", time.time()

        def write(db: sqlite3.Connection) -> Task:
            db.execute(
                "INSERT INTO media (id, workspace, kind, state, writer, created, updated, asked) "
                "VALUES (?, ?, ?, 'queued', ?, ?, ?, ?)",
                (id, workspace, kind, writer_id(db), now, now, _dump(asked)),
            )
            return _load(db, "id = ?", (id,), 1)[0]

        make_private_folder(self.folder)  # which shows later processes that there may be a task to resume
        try:
            task = await self._database.run(write)
        except asyncio.CancelledError:  # it is written all the same
            self._forget(lambda db: _forget(db, [id]))
            raise
        self._forget(_forget_oldest)
        return task

    async def update(self, id: str, **facts: Any) -> None:
        """Sets columns: `state`, `model`, `origin`, `job`, `progress`, `expires`, `text`, `usage`, `problem` …"""
        row = {name: _column(value) for name, value in facts.items()} | {"updated": time.time()}
        names = ", ".join(f"{name} = ?" for name in row)
        await self._database.run(
            lambda db: db.execute(f"UPDATE media SET {names} WHERE id = ?", (*row.values(), id))
        )

    async def reopen(self, task: Task, facts: Mapping[str, Any]) -> None:
        """The task continues in this process, with a job that is not submitted yet. A caller cancelled before that
        leaves it as it was. Raises InvalidInput where it is not any more as it was."""
        reopened = False

        def write(db: sqlite3.Connection) -> None:
            nonlocal reopened
            values = (_dump(facts), writer_id(db), time.time(), task.id, task.state)
            done = db.execute(
                "UPDATE media SET state = 'running', job = NULL, progress = NULL, problem = NULL, facts = ?, "
                "writer = ?, updated = ? WHERE id = ? AND state = ?",
                values,
            )
            reopened = done.rowcount == 1

        def take_back(db: sqlite3.Connection) -> None:
            if reopened:
                values = tuple(map(_column, (task.state, task.job, task.progress, task.problem, task.facts)))
                db.execute(
                    "UPDATE media SET state = ?, job = ?, progress = ?, problem = ?, facts = ? WHERE id = ?",
                    (*values, task.id),
                )

        try:
            await self._database.run(write)
        except asyncio.CancelledError:
            self._database.submit(take_back)
            raise
        if not reopened:
            raise InvalidInput(
                "Another operation on this task is in progress.", "Wait until it has finished."
            )

    async def save_result(self, id: str, result: Result) -> None:
        """Adds a result, or replaces the one of the same variant."""
        row = (id, result.variant, result.blob, result.mime, result.bytes, _dump(result.facts))
        await self._database.run(
            lambda db: db.execute("INSERT OR REPLACE INTO media_results VALUES (?, ?, ?, ?, ?, ?)", row)
        )

    async def get(self, id: str) -> Task:
        """Raises InvalidInput for a task there is none of."""
        found = await self._database.read(lambda db: _load(db, "id = ?", (id,), 1))
        if not found:
            raise InvalidInput(
                f"There is no task '{id}'.", "It may have been removed; `halley media list` shows them."
            )
        return found[0]

    async def list(self, workspace: str | None, *, kind: str | None = None, limit: int = 50) -> list[Task]:
        """A workspace's tasks, newest first."""
        where, values = (
            ("workspace IS ?", [workspace])
            if kind is None
            else ("workspace IS ? AND kind = ?", [workspace, kind])
        )
        return await self._database.read(lambda db: _load(db, where, values, limit))

    async def adopt(self) -> list[Task]:
        """The open tasks of processes that are no more, and those released here: this process's from now on, given
        to no other."""
        released, self.released = self.released, set()

        def claim(db: sqlite3.Connection) -> list[Task]:
            rows = db.execute(
                "SELECT m.id, w.place, w.pid, w.started, m.updated AS latest FROM media m "
                "JOIN writers w ON w.id = m.writer WHERE m.state IN ('queued', 'running')"
            ).fetchall()
            ids = [row["id"] for row in rows if row["id"] in released or is_gone(row)]
            if not ids:
                return []
            me = writer_id(db)
            db.executemany("UPDATE media SET writer = ? WHERE id = ?", [(me, id) for id in ids])
            return [task for id in ids for task in _load(db, "id = ?", (id,), 1)]

        return await self._database.run(claim)

    async def remove(self, id: str) -> None:
        """The task, and the files that no other task uses."""
        await asyncio.wrap_future(self._forget(lambda db: _forget(db, [id])))

    def _forget(self, rows: Callable[[sqlite3.Connection], list[str]]) -> Future[list[str]]:
        """Removes rows, and the files of the blobs that `rows` gives, even if the caller stops waiting."""

        def delete(done: Future[list[str]]) -> None:
            for blob in [] if done.exception() else done.result():
                delete_blob(self.folder, blob)

        forgetting = self._database.submit(rows)
        forgetting.add_done_callback(delete)
        return forgetting


def _load(db: sqlite3.Connection, where: str, values: Any, limit: int) -> list[Task]:
    rows = db.execute(
        f"SELECT * FROM media WHERE {where} ORDER BY created DESC LIMIT ?", (*values, limit)
    ).fetchall()
    return [_task(db, row) for row in rows]


def _task(db: sqlite3.Connection, row: sqlite3.Row) -> Task:
    results = db.execute(
        "SELECT * FROM media_results WHERE task = ? ORDER BY variant", (row["id"],)
    ).fetchall()
    job, usage, problem = (
        json.loads(row[name]) if row[name] else None for name in ("job", "usage", "problem")
    )
    return Task(
        row["id"], row["workspace"], cast(MediaKind, row["kind"]), cast(TaskState, row["state"]),
        row["created"], row["updated"], json.loads(row["asked"]), row["model"], row["origin"],
        MediaJob(**job) if job else None, row["progress"], row["expires"], row["text"],
        Usage(**usage) if usage else None, Problem(**problem) if problem else None, json.loads(row["facts"]),
        tuple(
            Result(one["variant"], one["blob"], one["mime"], one["bytes"], json.loads(one["facts"]))
            for one in results
        ),
    )  # fmt: skip


def _column(value: Any) -> Any:
    if isinstance(value, MediaJob | Usage | Problem):
        return _dump(asdict(value))
    return _dump(value) if isinstance(value, Mapping) else value


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _forget_oldest(db: sqlite3.Connection) -> list[str]:
    rows = db.execute(
        "SELECT id FROM media WHERE state NOT IN ('queued', 'running') ORDER BY created DESC LIMIT -1 OFFSET ?",
        (MOST_KEPT,),
    ).fetchall()
    return _forget(db, [row["id"] for row in rows])


def _forget(db: sqlite3.Connection, ids: list[str]) -> list[str]:
    """The blobs that are no longer referenced."""
    gone: list[str] = []
    for id in ids:
        blobs = [row["blob"] for row in db.execute("SELECT blob FROM media_results WHERE task = ?", (id,))]
        db.execute("DELETE FROM media WHERE id = ?", (id,))
        still = "SELECT 1 FROM media_results WHERE blob = ? LIMIT 1"
        gone += [blob for blob in blobs if db.execute(still, (blob,)).fetchone() is None]
    return gone
