"""A workspace's index on disk: its files, their chunks, and the words in them (FTS5). One folder for a workspace.

    files    path, when it was written, its size, and the digest of the text that was cut; `mtime_ns` -1: look again
    chunks   lines of a file; what `found`, the FTS5 table, knows of them. Triggers keep the two in step.
    vectors  which row of which model's vector file belongs to which text (`vectors.py` has the numbers)
    facts    small things by name

A file and its chunks are put in one transaction, so that a process that dies leaves each file as it was or as it is:
the next process redoes those that differ. Everything here takes a connection; `Database` and
`open_connection` give one. The texts come from the workspace and can be read from there again, so a damaged file is
thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.index import ChunkRow, Found, KnownFile
from halley.stores.sqlite.migrations import Steps

if TYPE_CHECKING:
    import sqlite3

    from halley.stores.disk.paths import Paths

FIRST = (
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        mtime_ns INTEGER NOT NULL,
        size INTEGER NOT NULL,
        digest BLOB NOT NULL
    )""",
    """CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        first_line INTEGER NOT NULL,
        last_line INTEGER NOT NULL,
        digest BLOB NOT NULL,
        symbol TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        text TEXT NOT NULL,
        parts TEXT NOT NULL
    )""",
    "CREATE INDEX chunks_of_file ON chunks (file)",
    "CREATE INDEX chunks_by_digest ON chunks (digest)",
    """CREATE VIRTUAL TABLE found USING fts5 (
        name, path, text, parts, content='chunks', content_rowid='id', tokenize='porter unicode61'
    )""",
    """CREATE TRIGGER chunks_in AFTER INSERT ON chunks BEGIN
        INSERT INTO found (rowid, name, path, text, parts) VALUES (new.id, new.name, new.path, new.text, new.parts);
    END""",
    """CREATE TRIGGER chunks_out AFTER DELETE ON chunks BEGIN
        INSERT INTO found (found, rowid, name, path, text, parts)
        VALUES ('delete', old.id, old.name, old.path, old.text, old.parts);
    END""",
    """CREATE TABLE models (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        dimensions INTEGER NOT NULL,
        file TEXT NOT NULL,
        rows INTEGER NOT NULL
    )""",
    """CREATE TABLE vectors (
        model INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
        digest BLOB NOT NULL,
        row INTEGER NOT NULL,
        PRIMARY KEY (model, digest)
    ) WITHOUT ROWID""",
    "CREATE INDEX vectors_by_row ON vectors (model, row)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)

INDEX_STEPS: Steps = (FIRST,)
"""In the order they were released; append-only, as `stores/sqlite/migrations.py` says."""

WEIGHTS = {"name": 4.0, "path": 2.0, "text": 1.0, "parts": 0.5}
"""How much a word counts by where it stands (bm25); `bench/retrieval.py` measured it."""

MOST_MATCHES = 10_000
"""Matches that are ranked for one query: it bounds its time (`bench/README.md`)."""


def index_folder(paths: Paths, root: Path) -> Path:
    """Where a workspace's index lies: by the folder's real path, whatever links led to it."""
    key = hashlib.blake2b(str(root.resolve()).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return paths.cache / "index" / f"{root.name[:40] or 'root'}-{key}"


# -- writing


def put_file(
    db: sqlite3.Connection, path: str, mtime_ns: int, size: int, digest: bytes, chunks: Iterable[ChunkRow]
) -> None:
    """The file as it is now. Chunks that are as they were keep their ids, and the words of them are not touched."""
    row = db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
    if row is None:
        inserted = db.execute(
            "INSERT INTO files (path, mtime_ns, size, digest) VALUES (?, ?, ?, ?)",
            (path, mtime_ns, size, digest),
        )
        file, before = inserted.lastrowid, dict[tuple[str, bytes, str], list[int]]()
    else:
        file = row[0]
        db.execute(
            "UPDATE files SET mtime_ns = ?, size = ?, digest = ? WHERE id = ?", (mtime_ns, size, digest, file)
        )
        before = {}
        for old in db.execute(
            "SELECT id, symbol, digest, text FROM chunks WHERE file = ? ORDER BY id DESC", (file,)
        ):
            before.setdefault((old[1], old[2], old[3]), []).append(old[0])
    for chunk in chunks:
        same = before.get((chunk.symbol, chunk.digest, chunk.text))
        if same:
            db.execute(
                "UPDATE chunks SET first_line = ?, last_line = ? WHERE id = ?",
                (chunk.first_line, chunk.last_line, same.pop()),
            )
        else:
            db.execute(
                "INSERT INTO chunks (file, first_line, last_line, digest, symbol, name, path, text, parts) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (file, chunk.first_line, chunk.last_line, chunk.digest, chunk.symbol, chunk.name, path, chunk.text,
                 chunk.parts),
            )  # fmt: skip
    gone = [(id,) for ids in before.values() for id in ids]
    db.executemany("DELETE FROM chunks WHERE id = ?", gone)


def note_seen(db: sqlite3.Connection, path: str, mtime_ns: int, size: int) -> None:
    """Written again with the same text."""
    db.execute("UPDATE files SET mtime_ns = ?, size = ? WHERE path = ?", (mtime_ns, size, path))


def drop_files(db: sqlite3.Connection, paths: Iterable[str]) -> None:
    for path in paths:
        row = db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        if row is not None:
            db.execute(
                "DELETE FROM chunks WHERE file = ?", row
            )  # not left to the cascade: triggers follow this
            db.execute("DELETE FROM files WHERE id = ?", row)


def drop_everything(db: sqlite3.Connection) -> None:
    """Starts over. Vectors stay: the same text has the same meaning."""
    drop_files(db, [row[0] for row in db.execute("SELECT path FROM files")])


def look_again(db: sqlite3.Connection, cut: str) -> None:
    """All files count as changed, and are to be cut by the rules called `cut`."""
    db.execute("UPDATE files SET mtime_ns = -1, digest = x''")
    set_fact(db, "cut", cut)


def set_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
    )


# -- reading


def fact(db: sqlite3.Connection, name: str) -> str:
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return row[0] if row else ""


def known_files(db: sqlite3.Connection) -> dict[str, KnownFile]:
    return {
        row[0]: KnownFile(*row[1:]) for row in db.execute("SELECT path, mtime_ns, size, digest FROM files")
    }


def known_file(db: sqlite3.Connection, path: str) -> KnownFile | None:
    row = db.execute("SELECT mtime_ns, size, digest FROM files WHERE path = ?", (path,)).fetchone()
    return KnownFile(*row) if row else None


def files_below(db: sqlite3.Connection, folder: str) -> list[str]:
    """The files in a folder that is gone."""
    prefix = f"{folder}/"
    rows = db.execute("SELECT path FROM files WHERE substr(path, 1, ?) = ?", (len(prefix), prefix))
    return [row[0] for row in rows]


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """(files, chunks)."""
    files = db.execute("SELECT count(*) FROM files").fetchone()[0]
    return files, db.execute("SELECT count(*) FROM chunks").fetchone()[0]


def count_characters(db: sqlite3.Connection, ids: Sequence[int]) -> int:
    """How long the texts of these chunks are together."""
    characters = 0
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        found = db.execute(f"SELECT sum(length(text)) FROM chunks WHERE id IN ({marks})", some)
        characters += found.fetchone()[0] or 0
    return characters


def digest_at(db: sqlite3.Connection, path: str, line: int) -> bytes | None:
    """The digest of the chunk that a line (from 1) of a file is in, as it was when it was indexed."""
    row = db.execute(
        "SELECT digest FROM chunks WHERE file = (SELECT id FROM files WHERE path = ?) "
        "AND first_line <= ? AND last_line >= ?",
        (path, line, line),
    ).fetchone()
    return row[0] if row else None


def find_words(db: sqlite3.Connection, terms: Sequence[str], limit: int) -> list[int]:
    """Ids of the chunks that match any of these FTS5 terms, best first.

    A word that thousands of chunks hold says little about one and costs the most: of many such words only the rarest
    are looked for.
    """
    if not (telling := _telling(db, terms)):
        return []
    weights = ", ".join(str(weight) for weight in WEIGHTS.values())
    rows = db.execute(
        f"SELECT rowid FROM found WHERE found MATCH ? ORDER BY bm25(found, {weights}) LIMIT ?",
        (" OR ".join(telling), limit),
    )
    return [row[0] for row in rows]


def _telling(db: sqlite3.Connection, terms: Sequence[str]) -> list[str]:
    """The rarest terms that together match `MOST_MATCHES` times, and the rarest of all in any case."""
    count = "SELECT count(*) FROM (SELECT 1 FROM found WHERE found MATCH ? LIMIT ?)"
    matches = [(db.execute(count, (term, MOST_MATCHES)).fetchone()[0], term) for term in terms]
    found, total = list[str](), 0
    for number, term in sorted(one for one in matches if one[0]):
        total += number
        if found and total > MOST_MATCHES:
            break
        found.append(term)
    return found


def load_chunks(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Found]:
    """The chunks that are still there, by id."""
    found: dict[int, Found] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        for row in db.execute(
            f"SELECT id, path, first_line, last_line, symbol, text, digest FROM chunks WHERE id IN ({marks})",
            some,
        ):
            found[row[0]] = Found(*row)
    return found
