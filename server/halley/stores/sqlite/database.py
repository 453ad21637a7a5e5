"""A SQLite file, above all `data/halley.db`: one thread that reads and writes it for the whole process.

    Database.run(fn)    a write: `fn(connection)` inside BEGIN IMMEDIATE, rolled back when it raises
    Database.read(fn)   a read
    run_later(fn)       a write without waiting: a moment later, but before the next query

`fn` runs in this process's one database thread. What one iteration of the loop asks for is handed over in one step, and
whatever waits there is written together, so that a thousand calls opened at the same time share one transaction.
Several processes may use the file: BEGIN IMMEDIATE takes the write lock before the first read, which is what keeps
"database is locked" away (a plain BEGIN that reads first cannot wait).

It is written ahead (WAL) with `synchronous = NORMAL`: a commit is in the file before `run` returns, whatever kills
the process, and costs microseconds, since only a checkpoint waits for the disk. A power cut may cost the last
seconds, never the file. Syncing each commit put 0.5 to 13 ms before every first token, by what else the disk had to
do. Older SQLites must not write ahead from two processes at one moment (see `has_sound_wal`), so there a lock file of
ours goes around every transaction and checkpoint.

The file is opened on first use. A damaged one is set aside under another name and `problem` says so; one with a newer
schema is refused and left alone. Opening is `opening.py`'s, running what waits `jobs.py`'s, the schema
`migrations.py`'s; the stores say what the tables mean. No key and nothing secret ever goes in here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from halley.core.errors import Problem, StoreFailed
from halley.stores.disk.files import open_lock, release_lock, wait_for_lock
from halley.stores.sqlite import opening
from halley.stores.sqlite.failures import explain, is_damage, is_locked
from halley.stores.sqlite.jobs import DatabaseJob, fail, groups_of, run_group, settle
from halley.stores.sqlite.opening import checkpoint, needs_turns, open_connection, set_aside, turns_file

if TYPE_CHECKING:
    import sqlite3

    from halley.stores.sqlite.migrations import Steps

T = TypeVar("T")

IMPATIENT_MS = 200
"""What `opening.BUSY_TIMEOUT_S` becomes after a write has failed by a lock, until one succeeds: the next one must not
wait as long again."""
DEFER_S = 0.01
"""How long writes of `run_later` wait before the database thread is woken for them."""


class Database:
    """One process's access to the file. Cheap until first used."""

    def __init__(self, path: Path, steps: Steps | None = None, *, disposable: bool = False) -> None:
        """`steps` make the schema; they default to those of `halley.db`. A `disposable` file can be rebuilt from
        elsewhere, so a damaged one is deleted instead of saved."""
        self.path = path
        self._steps, self._disposable = steps, disposable
        self.problem: Problem | None = None
        """What a user should know: a damaged file was set aside."""
        self._jobs: queue.SimpleQueue[list[DatabaseJob] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._turns_file: int | None = None
        self._impatient = False
        self._waiting: deque[DatabaseJob] = deque()
        """What is not handed over yet, in order."""
        self._handing_over = threading.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._asked_in: asyncio.AbstractEventLoop | None = None
        """The loop whose next iteration hands over what waits."""

    async def run(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """`fn`'s result, once it is committed. Being cancelled while waiting does not undo the write.

        Raises StoreFailed when the disk or the file refuses, and whatever `fn` raises.
        """
        return await self._queue(fn, write=True)

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """`fn`'s result. It sees everything submitted before it."""
        return await self._queue(fn, write=False)

    def run_later(self, fn: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """As `run`, for writes that must reach the disk but need not delay the current work."""
        # A delay, because waking the database thread now would take the interpreter from the loop just when an answer
        # is about to be written.
        loop, future = self._add(fn, write=True)
        if self._timer is None:
            self._timer = loop.call_later(DEFER_S, self._on_timer)
        return future

    def _on_timer(self) -> None:
        self._timer = None
        self._put()

    async def wipe(self) -> None:
        """Removes deleted data from the write-ahead file too."""
        await self.read(checkpoint)

    def submit(self, fn: Callable[[sqlite3.Connection], T], *, write: bool = True) -> Future[T]:
        """Queues `fn` immediately, from any thread; it runs even if the caller stops waiting."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # so that it can no longer be cancelled
        self._put(DatabaseJob(fn, write, future))
        return future

    def _queue(self, fn: Callable[[sqlite3.Connection], T], *, write: bool) -> asyncio.Future[T]:
        """As `submit`. Cancelling the future does not cancel the job."""
        # Handed over with all that this iteration of the loop asks for: each waking of the other thread takes the
        # interpreter from the loop, and under many streams there are hundreds of jobs in an iteration.
        loop, future = self._add(fn, write=write)
        if self._asked_in is not loop:
            self._asked_in = loop
            loop.call_soon(self._on_iteration)
        return future

    def _on_iteration(self) -> None:
        self._asked_in = None
        self._put()

    def _add(
        self, fn: Callable[[sqlite3.Connection], T], *, write: bool
    ) -> tuple[asyncio.AbstractEventLoop, asyncio.Future[T]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(DatabaseJob(fn, write, future, loop))
        return loop, future

    def _put(self, *jobs: DatabaseJob) -> None:
        """Hands over what waits, then `jobs`; from any thread."""
        with self._handing_over:
            handed = [self._waiting.popleft() for _ in range(len(self._waiting))]
            handed.extend(jobs)
            if handed and not self._closed:
                if self._thread is None:
                    self._start()
                self._jobs.put(handed)
                return
        for job in handed:
            job.future.set_exception(StoreFailed("Halley is shutting down.", "Start it again."))

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="halley-database", daemon=True)
                self._thread.start()

    async def aclose(self) -> None:
        """Finishes what was submitted, then closes the file."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        self._put()
        with self._handing_over:
            self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    # In the database thread from here on

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        more = True
        while more:
            jobs, more = self._take()
            for group in groups_of(jobs):
                connection = self._do(connection, group)
        if connection is not None:
            with contextlib.suppress(StoreFailed), self._turn():  # the last to close writes a checkpoint
                connection.close()
        self._leave_turns()

    def _take(self) -> tuple[list[DatabaseJob], bool]:
        """What waits, at least one job; False at the end."""
        jobs: list[DatabaseJob] = []
        handed = self._jobs.get()
        while handed is not None:
            jobs += handed
            try:
                handed = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _do(
        self, connection: sqlite3.Connection | None, group: list[DatabaseJob]
    ) -> sqlite3.Connection | None:
        """Runs one group; a damaged file is set aside and the group done again on a fresh one."""
        for attempt in (1, 2):
            try:
                if connection is None:
                    connection = open_connection(self.path, self._steps)
                with self._turn() if group[0].write else contextlib.nullcontext():
                    outcomes = run_group(connection, group)
                self._wait_for_others(connection, patiently=True)
                settle(group, outcomes)
                break
            except Exception as error:
                if connection is not None and is_locked(error):
                    self._wait_for_others(connection, patiently=False)
                if connection is not None and (attempt == 2 or is_damage(error)):
                    with contextlib.suppress(Exception):
                        connection.close()
                    connection = None
                    self._leave_turns()
                # One damaged page must not cost the user every later chat: start with a fresh file, and save this one.
                if attempt == 1 and is_damage(error):
                    self._set_aside()
                    continue
                fail(group, explain(self.path, error))
                break
        return connection

    def _wait_for_others(self, connection: sqlite3.Connection, *, patiently: bool) -> None:
        if self._impatient == patiently:
            self._impatient = not patiently
            wait_ms = int(opening.BUSY_TIMEOUT_S * 1000) if patiently else IMPATIENT_MS
            connection.execute(f"PRAGMA busy_timeout = {wait_ms}")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """`write_turn` with its file kept open from one to the next, as long as the connection is."""
        if not needs_turns():
            yield
            return
        path = turns_file(self.path)
        if self._turns_file is None:
            self._turns_file = open_lock(path)
        wait_for_lock(self._turns_file, path, opening.BUSY_TIMEOUT_S)
        try:
            yield
        finally:
            release_lock(self._turns_file)

    def _leave_turns(self) -> None:
        if self._turns_file is not None:
            os.close(self._turns_file)
            self._turns_file = None

    def _set_aside(self) -> None:
        with contextlib.suppress(StoreFailed):
            moved = set_aside(self.path)
            if moved and self._disposable:
                for file in moved.parent.glob(f"{moved.name}*"):
                    file.unlink(missing_ok=True)
            elif moved:
                self.problem = Problem(
                    StoreFailed.code,
                    f"The database was damaged, so Halley created a new one; the old one is saved as {moved}.",
                    "Earlier chats and usage are in that file: `sqlite3 FILE .recover` may restore them.",
                )
