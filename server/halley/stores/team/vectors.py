"""A team's vectors: asked for by the hash of what was embedded, and shared by it. No text goes to the database.

A hash is of the rules, the model, its host and the text's digest. Someone without the text cannot name it, so vectors
come only to members who have the same text. Vectors have length 1, and travel as PostgreSQL's binary arrays: as
Python's floats one batch would take longer to convert than to send.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from halley.core.team import SharedIndex, SharedModel

if TYPE_CHECKING:
    import psycopg

RULES = 1
"""Raised when the same text becomes another vector: another normalization, another way to shorten."""
MOST_ASKED = 1_000
"""Hashes that the database's functions take in one request."""
_FLOAT4, _FLOAT4_ARRAY, _HEADER = 700, 1021, 20


def hash_of(model: str, host: str, digest: bytes) -> bytes:
    """32 bytes by which a text's vector is known in the team. `host` is the model's base URL: providers' names are each
    user's own, and another host may serve another model by the same name."""
    facts = f"halley vector {RULES}\n{model}\n{host}\n".encode()
    return hashlib.sha256(facts + digest).digest()


def find_vectors(db: psycopg.Connection[Any], hashes: Sequence[bytes]) -> dict[bytes, Any]:
    """The vectors that are there (float32 arrays), by hash; at most `MOST_ASKED`."""
    cursor = db.cursor(binary=True)
    rows = cursor.execute("SELECT hash, vector FROM halley.find_vectors(%s)", (list(hashes),))
    return {bytes(hash): _numbers(vector) for hash, vector in rows}


def lacking(db: psycopg.Connection[Any], hashes: Sequence[bytes]) -> set[bytes]:
    """Those that no member has shared."""
    rows = db.execute("SELECT * FROM halley.lacking_vectors(%s)", (list(hashes),))
    return {bytes(row[0]) for row in rows}


def share_vectors(db: psycopg.Connection[Any], model: str, found: Mapping[bytes, Sequence[float]]) -> int:
    """Shares vectors of equal length by hash; how many were new. Raises psycopg.Error where the team has vectors of
    another length for this model."""
    import numpy as np

    table = np.asarray(list(found.values()), dtype=np.float32)
    row = db.execute(
        "SELECT halley.share_vectors(%s, %s, %s, %s, %b)",
        (model, RULES, table.shape[1], list(found), _array(db, table.ravel())),
    ).fetchone()
    return row[0] if row else 0


def describe_index(db: psycopg.Connection[Any]) -> SharedIndex:
    models = db.execute(
        "SELECT model, dimensions, pieces FROM halley.index_models() WHERE pieces > 0"
    ).fetchall()
    row = db.execute("SELECT bytes, asked, found FROM halley.index_use()").fetchone()
    assert row is not None
    return SharedIndex(tuple(SharedModel(*one) for one in models), *row)


def clear_vectors(db: psycopg.Connection[Any], model: str | None, member: str | None) -> int:
    """Deletes the vectors of a model and of a member (None: of all); how many. For admins."""
    row = db.execute("SELECT halley.clear_vectors(%s, %s)", (model, member)).fetchone()
    return row[0] if row else 0


# -- PostgreSQL's binary arrays: dimensions, a flag for NULLs, the type, length and lower bound, then each element
# with its length (`array_send` of PostgreSQL's arrayfuncs.c).


def _numbers(data: bytes) -> Any:
    import numpy as np

    return np.frombuffer(data, dtype=[("size", ">i4"), ("value", ">f4")], offset=_HEADER)["value"].astype(
        np.float32
    )


def _array(db: psycopg.Connection[Any], numbers: Any) -> Any:
    import struct

    import numpy as np
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class Floats(Dumper):
        oid, format = _FLOAT4_ARRAY, Format.BINARY

        def dump(self, obj: _Floats) -> bytes:
            return obj.data

    elements = np.empty(len(numbers), dtype=[("size", ">i4"), ("value", ">f4")])
    elements["size"], elements["value"] = 4, numbers
    db.adapters.register_dumper(_Floats, Floats)
    return _Floats(struct.pack(">iiiii", 1, 0, _FLOAT4, len(numbers), 1) + elements.tobytes())


class _Floats:
    """A `real[]` as it is sent."""

    def __init__(self, data: bytes) -> None:
        self.data = data
