"""Vectors of chunks: float32 rows in one file for each model, mapped into memory and searched as a whole.

A row belongs to a text (by digest), not to a place: a file that moves, a branch that comes back, an index that is built
again cost no new embeddings. Rows are appended and synced before the transaction that says whose they are, so a process
that dies leaves at most unreferenced rows; the next one writes over them. Rows are of length 1, so that a product
is a cosine. What no chunk needs any more is left out when it is most of a file (`compact`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.stores.disk.making import make_private_folder, open_kept

if TYPE_CHECKING:
    import sqlite3

BLOCK = 8192
"""Rows multiplied at a time: what a search needs of memory, beside what is mapped."""
SPARE = 5000
"""Unused rows that are kept anyway: users often switch back to a branch."""


@dataclass(frozen=True, slots=True)
class ModelRows:
    id: int
    name: str
    dimensions: int
    file: str
    rows: int


def find_model(db: sqlite3.Connection, name: str) -> ModelRows | None:
    row = db.execute("SELECT id, name, dimensions, file, rows FROM models WHERE name = ?", (name,)).fetchone()
    return ModelRows(*row) if row else None


def all_models(db: sqlite3.Connection) -> list[ModelRows]:
    return [ModelRows(*row) for row in db.execute("SELECT id, name, dimensions, file, rows FROM models")]


def count_embedded(db: sqlite3.Connection, name: str) -> int:
    """Chunks that have a vector of this model."""
    return db.execute(
        "SELECT count(*) FROM chunks JOIN vectors USING (digest) JOIN models ON models.id = vectors.model "
        "WHERE models.name = ?",
        (name,),
    ).fetchone()[0]


def missing(db: sqlite3.Connection, name: str, limit: int = -1) -> list[tuple[bytes, int]]:
    """(digest, id of a chunk with it) of texts that have no vector of this model, oldest chunks first."""
    rows = db.execute(
        "SELECT digest, min(id) FROM chunks WHERE digest NOT IN (SELECT digest FROM vectors JOIN models ON "
        "models.id = vectors.model WHERE models.name = ?) GROUP BY digest ORDER BY 2 LIMIT ?",
        (name, limit),
    )
    return [(row[0], row[1]) for row in rows]


def append_vectors(
    db: sqlite3.Connection,
    folder: Path,
    name: str,
    digests: Sequence[bytes],
    vectors: Sequence[Sequence[float]],
) -> None:
    """Keeps the vectors of these texts. Inside a transaction, which makes them known.

    A model that suddenly answers with vectors of another length has become another model: its old ones go.
    """
    import numpy as np

    table = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    # A vector of zeros, should a host answer one, would be divided into NaN.
    table = np.ascontiguousarray(table / np.where(norms > 0, norms, 1))
    model = find_model(db, name)
    if model is not None and model.dimensions != table.shape[1]:
        forget_model(db, name)
        model = None
    if model is None:
        file = f"vectors-{os.urandom(6).hex()}.f32"
        db.execute(
            "INSERT INTO models (name, dimensions, file, rows) VALUES (?, ?, ?, 0)",
            (name, table.shape[1], file),
        )
        model = find_model(db, name)
        assert model is not None
    _write_rows(folder / model.file, model.rows * model.dimensions * 4, table.tobytes())
    rows = [(model.id, digest, model.rows + at) for at, digest in enumerate(digests)]
    db.executemany("INSERT INTO vectors VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row", rows)
    db.execute("UPDATE models SET rows = ? WHERE id = ?", (model.rows + len(rows), model.id))


def _write_rows(path: Path, offset: int, data: bytes) -> None:
    make_private_folder(path.parent)
    with os.fdopen(open_kept(path), "r+b") as file:
        file.seek(offset)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def forget_model(db: sqlite3.Connection, name: str) -> None:
    """Drops a model's vectors. Its file is removed later, by `remove_strays`: another process may be reading it."""
    model = find_model(db, name)
    if model is not None:
        db.execute("DELETE FROM vectors WHERE model = ?", (model.id,))
        db.execute("DELETE FROM models WHERE id = ?", (model.id,))


def compact(db: sqlite3.Connection, folder: Path, name: str) -> bool:
    """Writes the model's file again without rows that no chunk needs, where they are most of it; whether it did."""
    import numpy as np

    model = find_model(db, name)
    if model is None:
        return False
    live = db.execute(
        "SELECT row, digest FROM vectors WHERE model = ? AND digest IN (SELECT digest FROM chunks) ORDER BY row",
        (model.id,),
    ).fetchall()
    if model.rows - len(live) <= max(SPARE, len(live)):
        return False
    old = VectorFile(folder, model).table()
    file = f"vectors-{os.urandom(6).hex()}.f32"
    for start in range(0, len(live), BLOCK):
        rows = np.asarray([row[0] for row in live[start : start + BLOCK]], dtype=np.int64)
        _write_rows(folder / file, start * model.dimensions * 4, np.ascontiguousarray(old[rows]).tobytes())
    if not live:
        _write_rows(folder / file, 0, b"")
    db.execute("DELETE FROM vectors WHERE model = ?", (model.id,))
    db.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?)", [(model.id, row[1], at) for at, row in enumerate(live)]
    )
    db.execute("UPDATE models SET file = ?, rows = ? WHERE id = ?", (file, len(live), model.id))
    return True


def remove_strays(db: sqlite3.Connection, folder: Path) -> None:
    """Removes vector files that no model has any more. A reader that has one mapped keeps it until it looks again."""
    named = {row[0] for row in db.execute("SELECT file FROM models")}
    for path in folder.glob("vectors-*.f32"):
        if path.name not in named:
            try:
                path.unlink()
            except OSError:  # Windows, while it is mapped: next time
                continue


def chunks_of_rows(db: sqlite3.Connection, model: int, rows: Sequence[int]) -> list[int]:
    """Ids of the chunks with these rows, in the rows' order; rows of texts that are gone have none."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(rows), 500):
        some = rows[start : start + 500]
        marks = ", ".join("?" * len(some))
        for row, chunk in db.execute(
            f"SELECT vectors.row, chunks.id FROM vectors JOIN chunks USING (digest) "
            f"WHERE vectors.model = ? AND vectors.row IN ({marks})",
            (model, *some),
        ):
            found.setdefault(row, []).append(chunk)
    return [chunk for row in rows for chunk in found.get(row, ())]


def row_of(db: sqlite3.Connection, model: int, digest: bytes) -> int | None:
    row = db.execute("SELECT row FROM vectors WHERE model = ? AND digest = ?", (model, digest)).fetchone()
    return row[0] if row else None


def rows_of(db: sqlite3.Connection, model: int, digests: Sequence[bytes]) -> dict[bytes, int]:
    """The rows of these texts, by digest."""
    marks = ", ".join("?" * len(digests))
    rows = db.execute(
        f"SELECT digest, row FROM vectors WHERE model = ? AND digest IN ({marks})", (model, *digests)
    )
    return {row[0]: row[1] for row in rows}


def embedded_digests(db: sqlite3.Connection, name: str) -> list[bytes]:
    """Digests of the texts in the index that have a vector of this model."""
    rows = db.execute(
        "SELECT DISTINCT digest FROM chunks JOIN vectors USING (digest) JOIN models ON models.id = vectors.model "
        "WHERE models.name = ?",
        (name,),
    )
    return [row[0] for row in rows]


@dataclass(slots=True)
class VectorFile:
    """A model's rows, mapped. Cheap to make; the map is shared by all processes that look."""

    folder: Path
    model: ModelRows
    _table: Any = field(default=None)

    def table(self) -> Any:
        """The rows as `float32[rows, dimensions]`. Raises OSError when the file is gone or too short."""
        import numpy as np

        if self._table is None:
            shape = (self.model.rows, self.model.dimensions)
            if not self.model.rows:
                self._table = np.zeros(shape, dtype=np.float32)
            else:
                try:
                    self._table = np.memmap(
                        self.folder / self.model.file, dtype=np.float32, mode="r", shape=shape
                    )
                except ValueError as error:
                    raise OSError(f"{self.model.file} is too short") from error
        return self._table

    def nearest(self, vector: Sequence[float], limit: int) -> list[tuple[int, float]]:
        """(row, cosine) of the rows most like `vector`, best first. Empty for a vector of another length."""
        import numpy as np

        wanted = np.asarray(vector, dtype=np.float32)
        if wanted.shape != (self.model.dimensions,) or not self.model.rows:
            return []
        wanted = wanted / (np.linalg.norm(wanted) or 1)
        table = self.table()
        scores = np.empty(len(table), dtype=np.float32)
        for start in range(0, len(table), BLOCK):
            np.dot(table[start : start + BLOCK], wanted, out=scores[start : start + BLOCK])
        limit = min(limit, len(scores))
        best = np.argpartition(scores, -limit)[-limit:]
        best = best[np.argsort(-scores[best])]
        return [(int(row), float(scores[row])) for row in best]
