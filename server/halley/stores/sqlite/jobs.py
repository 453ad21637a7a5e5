"""Jobs that wait for the database thread: put into groups, run in one transaction each, and answered.

A group shares one COMMIT, because that is what a write costs; a job that raises must still undo only itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halley.stores.sqlite.failures import is_of_the_file

if TYPE_CHECKING:
    import sqlite3


GROUP = 256
"""Most writes that share one transaction, and most reads that are answered in one step."""


@dataclass(slots=True, eq=False)
class DatabaseJob:
    fn: Callable[[sqlite3.Connection], Any]
    write: bool
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    """The future's loop, where it has one. A group's results are reported there in one step."""


def groups_of(jobs: list[DatabaseJob]) -> list[list[DatabaseJob]]:
    """The writes together, then the reads, each kind in its order; no group larger than `GROUP`.

    A read may so see a write that was asked for after it, but never misses one asked for before.
    """
    # Under many streams reads come between the writes, and would cut one transaction into as many as there are reads.
    by_kind = [job for job in jobs if job.write], [job for job in jobs if not job.write]
    return [some[at : at + GROUP] for some in by_kind for at in range(0, len(some), GROUP)]


def run_group(connection: sqlite3.Connection, group: list[DatabaseJob]) -> list[tuple[Any, Exception | None]]:
    """The outcome of each job. Raises if nothing was done."""
    if not group[0].write:
        return [_attempt(job.fn, connection) for job in group]
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


def _all_or_each(
    connection: sqlite3.Connection, group: list[DatabaseJob]
) -> list[tuple[Any, Exception | None]]:
    """All jobs together. Only if one raises, everything is rolled back and done again in savepoints.

    A savepoint costs two more statements per job, and each statement of this thread waits for the interpreter.
    """
    try:
        return [(job.fn(connection), None) for job in group]
    except Exception as error:
        if is_of_the_file(error):
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
        if is_of_the_file(error):
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


def settle(group: list[DatabaseJob], outcomes: list[tuple[Any, Exception | None]]) -> None:
    told: dict[asyncio.AbstractEventLoop, list[tuple[DatabaseJob, Any, Exception | None]]] = {}
    for job, (result, error) in zip(group, outcomes, strict=True):
        if job.loop is None:
            _tell(job, result, error)
        else:
            told.setdefault(job.loop, []).append((job, result, error))
    for loop, outcome in told.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed, so there is no listener left
            loop.call_soon_threadsafe(_tell_all, outcome)


def _tell_all(outcomes: list[tuple[DatabaseJob, Any, Exception | None]]) -> None:
    for job, result, error in outcomes:
        if not job.future.done():  # its waiter may have been cancelled
            _tell(job, result, error)


def _tell(job: DatabaseJob, result: Any, error: Exception | None) -> None:
    if error is not None:
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def fail(group: list[DatabaseJob], error: Exception) -> None:
    settle(group, [(None, error)] * len(group))
