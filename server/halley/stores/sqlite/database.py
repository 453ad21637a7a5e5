"""A SQLite file, `data/halley.db` before all: opening it, and taking turns on it.

    Database.run(fn)    a write: `fn(connection)` inside BEGIN IMMEDIATE, rolled back when it raises
    Database.read(fn)   a read
    run_later(fn)      a write without waiting: a moment later, but before the next query

`fn` runs in this process's one database thread; whatever waits there is written together, so that a thousand calls
opened at the same time share one sync to disk. Several processes may use the file: BEGIN IMMEDIATE takes the write lock
before the first read, which is what keeps "database is locked" away (a plain BEGIN that reads first cannot wait).

It is written ahead (WAL) with `synchronous = NORMAL`: a commit is in the file before `run` returns, whatever kills
the process, and costs microseconds, since only a checkpoint waits for the disk. A power cut may cost the last
seconds, never the file. Syncing each commit put 0.5 to 13 ms before every first token, by what else the disk had to
do. Older SQLites must not write ahead from two processes at one moment (see `has_sound_wal`), so there a lock file of
ours goes around every transaction and checkpoint.

The file is opened on first use. A damaged one is set aside under another name and `problem` says so; one with a newer
schema is refused and left alone. The schema itself is `migrations.py`'s; the stores say what the
tables mean. No key and nothing secret ever goes in here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from halley.core.errors import Problem, StoreFailed
from halley.stores.disk.files import locked, open_lock, release_lock, wait_for_lock
from halley.stores.disk.making import check_kept, create_file, make_private_folder, store_failed

if TYPE_CHECKING:
    import sqlite3

    from halley.stores.sqlite.migrations import Steps

T = TypeVar("T")

BUSY_TIMEOUT_S = 8.0
"""How long another program may keep the file locked before a write fails. Halley's own writes take milliseconds,
so this is a backup or an SQL shell, and a chat must not be held by it."""
IMPATIENT_MS = 200
"""The same after a write has failed in this way, until one succeeds: what is next must not wait as long again."""
DEFER_S = 0.01
"""How long writes of `run_later` wait before the database thread is woken for them."""
GROUP = 256
"""Most writes that share one transaction."""


@dataclass(slots=True, eq=False)
class _Job:
    fn: Callable[[sqlite3.Connection], Any]
    write: bool
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    """The future's loop, where it has one. A group's results are reported there in one step."""


class Database:
    """One process's access to the file. Cheap until first used."""

    def __init__(self, path: Path, steps: Steps | None = None, *, disposable: bool = False) -> None:
        """`steps` make the schema; they default to those of `halley.db`. A `disposable` file can be rebuilt from
        elsewhere, so a damaged one is deleted instead of saved."""
        self.path = path
        self._steps, self._disposable = steps, disposable
        self.problem: Problem | None = None
        """What a user should know: a damaged file was set aside."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._turns_file: int | None = None
        self._impatient = False
        self._deferred: list[_Job] = []
        self._timer: asyncio.TimerHandle | None = None

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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._deferred.append(_Job(fn, True, future, loop))
        if self._timer is None:
            self._timer = loop.call_later(DEFER_S, self._on_timer)
        return future

    def _on_timer(self) -> None:
        self._timer = None
        self._put()

    async def wipe(self) -> None:
        """Removes deleted data from the write-ahead file too."""
        await self.read(_checkpoint)

    def submit(self, fn: Callable[[sqlite3.Connection], T], *, write: bool = True) -> Future[T]:
        """Queues `fn` immediately, from any thread; it runs even if the caller stops waiting."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # so that it can no longer be cancelled
        self._put(_Job(fn, write, future))
        return future

    def _queue(self, fn: Callable[[sqlite3.Connection], T], *, write: bool) -> asyncio.Future[T]:
        """As `submit`. Cancelling the future does not cancel the job."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(fn, write, future, loop))
        return future

    def _put(self, *jobs: _Job) -> None:
        deferred, self._deferred = self._deferred, []
        for job in (*deferred, *jobs):
            if self._closed:
                job.future.set_exception(StoreFailed("Halley is shutting down.", "Start it again."))
                continue
            if self._thread is None:
                self._start()
            self._jobs.put(job)

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
            for group in _groups(jobs):
                connection = self._do(connection, group)
        if connection is not None:
            with contextlib.suppress(StoreFailed), self._turn():  # the last to close writes a checkpoint
                connection.close()
        self._leave_turns()

    def _take(self) -> tuple[list[_Job], bool]:
        """What waits, at least one job; False at the end."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == GROUP:
                return jobs, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _do(self, connection: sqlite3.Connection | None, group: list[_Job]) -> sqlite3.Connection | None:
        """Runs one group; a damaged file is set aside and the group done again on a fresh one."""
        for attempt in (1, 2):
            try:
                if connection is None:
                    connection = open_connection(self.path, self._steps)
                with self._turn() if group[0].write else contextlib.nullcontext():
                    outcomes = _run_group(connection, group)
                self._wait_for_others(connection, patiently=True)
                _settle(group, outcomes)
                break
            except Exception as error:
                if connection is not None and _is_locked(error):
                    self._wait_for_others(connection, patiently=False)
                if connection is not None and (attempt == 2 or _is_damage(error)):
                    with contextlib.suppress(Exception):
                        connection.close()
                    connection = None
                    self._leave_turns()
                # One damaged page must not cost the user every later chat: start with a fresh file, and save this one.
                if attempt == 1 and _is_damage(error):
                    self._set_aside()
                    continue
                _fail(group, self._explain(error))
                break
        return connection

    def _wait_for_others(self, connection: sqlite3.Connection, *, patiently: bool) -> None:
        if self._impatient == patiently:
            self._impatient = not patiently
            wait_ms = int(BUSY_TIMEOUT_S * 1000) if patiently else IMPATIENT_MS
            connection.execute(f"PRAGMA busy_timeout = {wait_ms}")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """`write_turn` with its file kept open from one to the next, as long as the connection is."""
        if not needs_turns():
            yield
            return
        path = _turns(self.path)
        if self._turns_file is None:
            self._turns_file = open_lock(path)
        wait_for_lock(self._turns_file, path, BUSY_TIMEOUT_S)
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

    def _explain(self, error: Exception) -> Exception:
        if isinstance(error, OSError):
            return store_failed(self.path, error)
        if not _is_of_the_file(error):
            return error
        what, help = _SAID[_code(error)]
        return StoreFailed(f"Halley cannot use {self.path}: {what}.", help)


_FOLDER = "Check the disk and the file's permissions, or set HALLEY_HOME to another folder."
_SAID = {  # by SQLite's primary result code, https://sqlite.org/rescode.html
    3: ("access denied", _FOLDER),
    5: (
        "another process keeps it locked",
        "Close the program that uses it, or stop the Halley process that hangs.",
    ),
    6: (
        "another process keeps it locked",
        "Close the program that uses it, or stop the Halley process that hangs.",
    ),
    8: ("it cannot be written", _FOLDER),
    10: ("reading or writing the disk failed", _FOLDER),
    11: ("it is damaged", "Move it; Halley creates a new one."),
    13: ("the disk is full", "Free some space."),
    14: ("it cannot be opened", _FOLDER),
    23: ("access denied", _FOLDER),
    26: ("it is not a database", "Move it; Halley creates a new one."),
}


def _groups(jobs: list[_Job]) -> list[list[_Job]]:
    """Neighbouring writes together, each read alone, in the order they came."""
    groups: list[list[_Job]] = []
    for job in jobs:
        if job.write and groups and groups[-1][0].write:
            groups[-1].append(job)
        else:
            groups.append([job])
    return groups


def _run_group(connection: sqlite3.Connection, group: list[_Job]) -> list[tuple[Any, Exception | None]]:
    """The outcome of each job. Raises if nothing was done."""
    if not group[0].write:
        return [_attempt(group[0].fn, connection)]
    # IMMEDIATE takes the write lock first. A plain BEGIN that has read cannot wait for it and fails with SQLITE_BUSY.
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = _all_or_each(connection, group)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _all_or_each(connection: sqlite3.Connection, group: list[_Job]) -> list[tuple[Any, Exception | None]]:
    """All jobs together. Only if one raises, everything is rolled back and done again in savepoints.

    A savepoint costs two more statements per job, and each statement of this thread waits for the interpreter.
    """
    try:
        return [(job.fn(connection), None) for job in group]
    except Exception as error:
        if _is_of_the_file(error):
            raise
        if len(group) == 1:
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            return [(None, error)]
    connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    return [_in_savepoint(connection, job.fn) for job in group]


def _attempt(fn: Callable[[Any], Any], connection: sqlite3.Connection) -> tuple[Any, Exception | None]:
    """A result or an error of the job's own; errors of the file itself are raised."""
    try:
        return fn(connection), None
    except Exception as error:
        if _is_of_the_file(error):
            raise
        return None, error


def _in_savepoint(connection: sqlite3.Connection, fn: Callable[[Any], Any]) -> tuple[Any, Exception | None]:
    """One job of a group, so that one that raises undoes only itself."""
    connection.execute("SAVEPOINT job")
    outcome = _attempt(fn, connection)
    if outcome[1] is not None:
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")
    return outcome


def _settle(group: list[_Job], outcomes: list[tuple[Any, Exception | None]]) -> None:
    told: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any, Exception | None]]] = {}
    for job, (result, error) in zip(group, outcomes, strict=True):
        if job.loop is None:
            _tell(job, result, error)
        else:
            told.setdefault(job.loop, []).append((job, result, error))
    for loop, outcome in told.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed, so there is no listener left
            loop.call_soon_threadsafe(_tell_all, outcome)


def _tell_all(outcomes: list[tuple[_Job, Any, Exception | None]]) -> None:
    for job, result, error in outcomes:
        if not job.future.done():  # its waiter may have been cancelled
            _tell(job, result, error)


def _tell(job: _Job, result: Any, error: Exception | None) -> None:
    if error is not None:
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def _fail(group: list[_Job], error: Exception) -> None:
    _settle(group, [(None, error)] * len(group))


def _is_of_the_file(error: Exception) -> bool:
    import sqlite3

    return isinstance(error, sqlite3.Error) and _code(error) in _SAID


def _is_locked(error: Exception) -> bool:
    import sqlite3

    return isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_damage(error: Exception) -> bool:
    import sqlite3

    damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, sqlite3.DatabaseError) and _code(error) in damage


def _code(error: Exception) -> int:
    """SQLite's primary result code. A damaged search index, which can be rebuilt, is not the file's damage."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", None) or 0
    return 0 if code == sqlite3.SQLITE_CORRUPT_VTAB else code & 0xFF


def sqlite_version() -> str:
    import sqlite3

    return sqlite3.sqlite_version


def open_connection(path: Path, steps: Steps | None = None) -> sqlite3.Connection:
    """Opens (and makes, 0600) the file and brings its schema up to date.

    Raises sqlite3.DatabaseError for a damaged file, OSError, and StoreFailed for a newer schema.
    """
    import sqlite3

    from halley.stores.sqlite.migrations import MIGRATIONS, migrate

    make_private_folder(path.parent)
    _make_private_file(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        with write_turn(path):
            _set_up(connection)
            migrate(connection, path, MIGRATIONS if steps is None else steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private_file(path: Path) -> None:
    """SQLite makes its journals with the rights of the database, so these rights are theirs too."""
    path = Path(os.path.realpath(path))  # the file itself may lie elsewhere, by a link
    # A database that exists is never opened here: closing any descriptor of it would drop the locks that this process'
    # own connections hold (https://www.sqlite.org/howtocorrupt.html, 2.2).
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            os.close(create_file(path))
    check_kept(path)


def _set_up(connection: sqlite3.Connection) -> None:
    import sqlite3

    connection.row_factory = sqlite3.Row
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        with contextlib.suppress(
            sqlite3.OperationalError
        ):  # where it cannot be, its present mode works as well
            connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = FAST")  # a deleted chat is deleted


def write_turn(path: Path) -> contextlib.AbstractContextManager[None]:
    """Held around every write and checkpoint, against the other processes. Raises StoreFailed after a while."""
    return locked(_turns(path), BUSY_TIMEOUT_S) if needs_turns() else contextlib.nullcontext()


def _turns(path: Path) -> Path:
    return path.with_name(f"{path.name}.write")


def needs_turns() -> bool:
    import sqlite3

    return not has_sound_wal(sqlite3.sqlite_version_info)


def _checkpoint(connection: sqlite3.Connection) -> None:
    (path,) = (Path(row[2]) for row in connection.execute("PRAGMA database_list") if row[1] == "main")
    with write_turn(path):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def has_sound_wal(version: tuple[int, ...]) -> bool:
    """Whether this SQLite may write ahead with several processes that take no turns.

    Versions 3.7.0 to 3.51.2 can, rarely, damage the file when two connections write and checkpoint at one moment
    (https://sqlite.org/wal.html#walresetbug).
    """
    return version >= (3, 51, 3)


def set_aside(path: Path) -> Path | None:
    """Moves a damaged database and its journals away; None when another process has already done it."""
    with locked(path):
        if not _is_damaged(path):
            return None
        moved = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        path.replace(moved)
        for ending in ("-journal", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{ending}").replace(f"{moved}{ending}")
        return moved


def _is_damaged(path: Path) -> bool:
    import sqlite3

    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    try:
        return connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok"
    except sqlite3.DatabaseError as error:
        return _is_damage(error)
    finally:
        connection.close()
