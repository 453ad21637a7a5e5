"""A workspace's index, opened: what `core.ports.SearchIndex` asks for, on SQLite and files of vectors.

Start here; the statements are in `chunks.py` and `vectors.py`. The whole workspace is put by another process, which
uses `filling.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.index import ChunkRow, Found, IndexFigures, KnownFile
from halley.stores.index import chunks, vectors
from halley.stores.sqlite.database import Database

if TYPE_CHECKING:
    import sqlite3

FILE = "index.db"


class IndexStore:
    """Implements `core.ports.SearchIndex`. Cheap until it is asked: nothing is opened before.

    A damaged database is thrown away, since its texts can be read from the workspace again. Methods raise StoreFailed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / FILE
        self._reader = Database(self.path, chunks.INDEX_STEPS, disposable=True)
        self._writer = Database(self.path, chunks.INDEX_STEPS, disposable=True)
        self._file: vectors.VectorFile | None = None

    @property
    def exists(self) -> bool:
        return self.path.exists()

    async def aclose(self) -> None:
        await self._reader.aclose()
        await self._writer.aclose()

    # -- finding

    async def find_words(self, terms: Sequence[str], limit: int) -> list[int]:
        return await self._reader.read(lambda db: chunks.find_words(db, terms, limit))

    async def find_near(self, model: str, vector: Sequence[float], limit: int) -> list[int]:
        rows = await self._reader.read(lambda db: vectors.find_model(db, model))
        return await self._near(rows, vector, limit) if rows else []

    async def find_like(self, model: str, digest: bytes, limit: int) -> list[int]:
        rows = await self._reader.read(lambda db: vectors.find_model(db, model))
        row = await self._reader.read(lambda db: vectors.row_of(db, rows.id, digest)) if rows else None
        if rows is None or row is None or row >= rows.rows:
            return []
        return await self._near(rows, self._mapped(rows).table()[row], limit)

    async def load_chunks(self, ids: Sequence[int]) -> dict[int, Found]:
        return await self._reader.read(lambda db: chunks.load_chunks(db, ids))

    async def digest_at(self, path: str, line: int) -> bytes | None:
        return await self._reader.read(lambda db: chunks.digest_at(db, path, line))

    async def _near(self, rows: vectors.ModelRows, vector: Sequence[float], limit: int) -> list[int]:
        """Some rows belong to no chunk any more, so a few more are looked at."""
        file = self._mapped(rows)
        try:
            best = await asyncio.to_thread(file.nearest, vector, limit * 2)
        except OSError:  # written again in this moment by the process that keeps the index
            return []
        nearest = [row for row, _ in best]
        return (await self._reader.read(lambda db: vectors.chunks_of_rows(db, rows.id, nearest)))[:limit]

    def _mapped(self, model: vectors.ModelRows) -> vectors.VectorFile:
        """The model's rows, mapped once for as long as there are no new ones."""
        if self._file is None or self._file.model != model:
            self._file = vectors.VectorFile(self.folder, model)
        return self._file

    # -- how much there is

    async def figures(self, model: str | None) -> IndexFigures:
        def look(db: sqlite3.Connection) -> IndexFigures:
            indexed, chunk_count = chunks.counts(db)
            embedded = vectors.count_embedded(db, model) if model else 0
            names = tuple(one.name for one in vectors.all_models(db))
            return IndexFigures(indexed, int(chunks.fact(db, "files") or 0), chunk_count, embedded, names)

        return await self._reader.read(look)

    async def embedded_by_model(self) -> dict[str, int]:
        return await self._reader.read(
            lambda db: {one.name: vectors.count_embedded(db, one.name) for one in vectors.all_models(db)}
        )

    async def missing(self, model: str, limit: int) -> list[tuple[bytes, int]]:
        return await self._reader.read(lambda db: vectors.missing(db, model, limit))

    async def missing_extent(self, model: str, most_in_sample: int) -> tuple[int, int, list[Found]]:
        def look(db: sqlite3.Connection) -> tuple[int, int, list[Found]]:
            ids = [chunk for _, chunk in vectors.missing(db, model)]
            sample = chunks.load_chunks(db, ids[:: max(1, len(ids) // most_in_sample)])
            return len(ids), chunks.count_characters(db, ids), list(sample.values())

        return await self._reader.read(look)

    # -- files

    async def known_file(self, path: str) -> KnownFile | None:
        return await self._reader.read(lambda db: chunks.known_file(db, path))

    async def put_file(
        self, path: str, mtime_ns: int, size: int, digest: bytes, rows: Sequence[ChunkRow]
    ) -> None:
        await self._writer.run(lambda db: chunks.put_file(db, path, mtime_ns, size, digest, rows))

    async def note_seen(self, path: str, mtime_ns: int, size: int) -> None:
        await self._writer.run(lambda db: chunks.note_seen(db, path, mtime_ns, size))

    async def drop_path(self, path: str) -> None:
        await self._writer.run(lambda db: chunks.drop_files(db, [path, *chunks.files_below(db, path)]))

    async def begin_generation(self, generation: int) -> bool:
        def begin(db: sqlite3.Connection) -> bool:
            if int(chunks.fact(db, "generation") or 0) == generation:
                return False
            chunks.drop_everything(db)
            chunks.set_fact(db, "generation", str(generation))
            return True

        return await self._writer.run(begin)

    # -- vectors

    async def append_vectors(
        self, model: str, digests: Sequence[bytes], found: Sequence[Sequence[float]]
    ) -> None:
        await self._writer.run(lambda db: vectors.append_vectors(db, self.folder, model, digests, found))

    async def dimensions(self, model: str) -> int | None:
        found = await self._reader.read(lambda db: vectors.find_model(db, model))
        return found.dimensions if found else None

    async def embedded_digests(self, model: str) -> list[bytes]:
        return await self._reader.read(lambda db: vectors.embedded_digests(db, model))

    async def load_vectors(self, model: str, digests: Sequence[bytes]) -> dict[bytes, Sequence[float]]:
        rows = await self._reader.read(lambda db: vectors.find_model(db, model))
        if rows is None:
            return {}
        at = await self._reader.read(lambda db: vectors.rows_of(db, rows.id, digests))
        try:
            table = vectors.VectorFile(self.folder, rows).table()
            return {digest: table[row] for digest, row in at.items() if row < rows.rows}
        except OSError:  # written again in this moment
            return {}

    async def keep_only(self, model: str) -> None:
        def tidy(db: sqlite3.Connection) -> None:
            for other in vectors.all_models(db):
                if other.name != model:
                    vectors.forget_model(db, other.name)
            vectors.compact(db, self.folder, model)

        await self._writer.run(tidy)
        await self._reader.read(lambda db: vectors.remove_strays(db, self.folder))
