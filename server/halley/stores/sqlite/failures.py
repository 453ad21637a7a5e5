"""What SQLite's errors mean: the file's fault or the query's, a lock, damage; and what to tell the user.

Go by result codes, never by messages: these differ from one SQLite to the next.
"""

from __future__ import annotations

from pathlib import Path

from halley.core.errors import StoreFailed
from halley.stores.disk.making import store_failed

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


def explain(path: Path, error: Exception) -> Exception:
    """An error of the file as StoreFailed; any other as it is."""
    if isinstance(error, OSError):
        return store_failed(path, error)
    if not is_of_the_file(error):
        return error
    what, help = _SAID[_code(error)]
    return StoreFailed(f"Halley cannot use {path}: {what}.", help)


def is_of_the_file(error: Exception) -> bool:
    import sqlite3

    return isinstance(error, sqlite3.Error) and _code(error) in _SAID


def is_locked(error: Exception) -> bool:
    import sqlite3

    return isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_damage(error: Exception) -> bool:
    import sqlite3

    damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, sqlite3.DatabaseError) and _code(error) in damage


def _code(error: Exception) -> int:
    """SQLite's primary result code. A damaged search index, which can be rebuilt, is not the file's damage."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", None) or 0
    return 0 if code == sqlite3.SQLITE_CORRUPT_VTAB else code & 0xFF
