"""Files and databases of other programs, read within bounds.

A log may be huge, damaged or planted: only regular files are read, so much of each and of all, and a database answers
one question within so many steps, read-only.
"""

from __future__ import annotations

import os
import stat
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

MOST_BYTES = 256 << 20
"""Of one file; of a longer one, its end is read."""
MOST_LINE = 8 << 20
MOST_FILES = 2_000
MOST_VISITED = 100_000
MOST_ROWS = 100_000
MOST_STEPS = 100
"""Of a database's answer, each of 100,000 instructions."""
BUSY_S = 2.0


def json_lines(path: Path, *marks: bytes) -> Iterator[Any]:
    """The JSON of each line that holds one of `marks`; lines that are none are skipped. Raises OSError."""
    for line in _lines(path):
        if not marks or any(mark in line for mark in marks):
            found = read_json(line)
            if found is not None:
                yield found


def load_json(path: Path) -> Any:
    """None for what is no JSON. Raises OSError."""
    with _open(path) as file:
        return read_json(file.read(MOST_LINE))


def read_json(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None


def files_since(folder: Path, ending: str, began: float) -> list[Path]:
    """Regular files below `folder` that were changed since then, newest first; links to folders are not followed."""
    found: list[tuple[float, Path]] = []
    visited = 0
    for at, _, names in os.walk(folder):
        for one in names:
            visited += 1
            if one.endswith(ending) and (changed := _changed(path := Path(at, one))) >= began - 1:
                found.append((changed, path))
        if visited > MOST_VISITED:
            break
    return [path for _, path in sorted(found, reverse=True)[:MOST_FILES]]


def query(path: Path, sql: str, values: Sequence[Any] = ()) -> list[Mapping[str, Any]]:
    """The rows of another program's database, which is not changed. Empty where it cannot answer."""
    import sqlite3

    if not _changed(path):
        return []
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return steps > MOST_STEPS

    address = f"file:{urllib.parse.quote(os.fsdecode(path))}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_S)
    except sqlite3.Error:
        return []
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LINE)
        connection.set_progress_handler(count, 100_000)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        cursor = connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(MOST_ROWS)]
    except (sqlite3.Error, UnicodeDecodeError, OverflowError):
        return []
    finally:
        connection.close()


def columns(path: Path, table: str) -> frozenset[str]:
    """Which there are: programs add some with each release."""
    return frozenset(
        str(row["name"]) for row in query(path, "SELECT name FROM pragma_table_info(?)", (table,))
    )


def _lines(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            file.seek(size - MOST_BYTES)
        left, skipping = MOST_BYTES, size > MOST_BYTES
        while left > 0 and (line := file.readline(min(MOST_LINE, left))):
            left -= len(line)
            if not skipping:
                yield line
            skipping = not line.endswith(b"\n")


def _open(path: Path) -> Any:
    """Raises OSError for what is no regular file."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path.name} is no file")
    return os.fdopen(handle, "rb")


def _changed(path: Path) -> float:
    """When a regular file was last written; 0 for what is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0.0
    return found.st_mtime if stat.S_ISREG(found.st_mode) else 0.0
