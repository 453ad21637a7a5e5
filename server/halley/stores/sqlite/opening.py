"""A database file: opened with its settings and schema, written in turns where SQLite needs that, and set aside when
damaged.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from halley.stores.disk.files import locked
from halley.stores.disk.making import check_kept, create_file, make_private_folder
from halley.stores.sqlite.failures import is_damage

if TYPE_CHECKING:
    import sqlite3

    from halley.stores.sqlite.migrations import Steps

BUSY_TIMEOUT_S = 8.0
"""How long another program may keep the file locked before a write fails. Halley's own writes take milliseconds,
so this is a backup or an SQL shell, and a chat must not be held by it."""


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
    return locked(turns_file(path), BUSY_TIMEOUT_S) if needs_turns() else contextlib.nullcontext()


def turns_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.write")


def needs_turns() -> bool:
    import sqlite3

    return not has_sound_wal(sqlite3.sqlite_version_info)


def checkpoint(connection: sqlite3.Connection) -> None:
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
        return is_damage(error)
    finally:
        connection.close()
