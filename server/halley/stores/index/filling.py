"""A whole workspace put into its index, in one process of its own and without waiting: what a scan writes.

    with open_index(database) as filling:
        filling.known()  filling.begin(files, gone)  filling.put(batch)

Each call that writes is one transaction in this database's turn (`sqlite/opening.py`). Raises StoreFailed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halley.core.errors import StoreFailed
from halley.core.index import ChunkRow, KnownFile
from halley.stores.index import chunks
from halley.stores.sqlite.opening import open_connection, write_turn


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it was read. `rows` is None for a text that is as it was, empty for one that holds nothing."""

    path: str
    mtime_ns: int
    size: int
    digest: bytes
    rows: list[ChunkRow] | None


class Filling:
    """An index that is open for writing."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def cut_as(self, version: str) -> None:
        """Where the files were cut by other rules, all of them count as changed."""
        if chunks.fact(self._db, "cut") != version:
            self._write(lambda db: chunks.look_again(db, version))

    def known(self) -> dict[str, KnownFile]:
        return chunks.known_files(self._db)

    def begin(self, files: int, gone: Iterable[str]) -> None:
        """How many files there are, and which are no longer."""

        def work(db: sqlite3.Connection) -> None:
            chunks.drop_files(db, gone)
            chunks.set_fact(db, "files", str(files))

        self._write(work)

    def put(self, batch: Iterable[Entry]) -> None:
        def work(db: sqlite3.Connection) -> None:
            for file in batch:
                if file.rows is None:
                    chunks.note_seen(db, file.path, file.mtime_ns, file.size)
                else:
                    chunks.put_file(db, file.path, file.mtime_ns, file.size, file.digest, file.rows)

        self._write(work)

    def _write(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        with write_turn(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                work(self._db)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def open_index(path: Path) -> Iterator[Filling]:
    """The index in this file, made where it is missing. What SQLite refuses inside the block becomes StoreFailed."""
    try:
        with closing(open_connection(path, chunks.INDEX_STEPS)) as db:
            yield Filling(db, path)
    except sqlite3.Error as error:
        raise StoreFailed(str(error), "`halley index rebuild` starts from scratch.") from error
