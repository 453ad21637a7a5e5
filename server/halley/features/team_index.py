"""The vectors of one model that the user's team has: digests of texts in, vectors out, hashes in between.

What is stored there, and what a hash is, says `stores/team/vectors.py`; when it is asked, `search/sharing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from halley.features.team import TeamLink
from halley.stores.team import vectors


class TeamVectors:
    """Implements `core.ports.SharedVectors`."""

    def __init__(self, link: TeamLink, model: str, host: str) -> None:
        self._link, self._model, self._host = link, model, host

    async def find(self, digests: Sequence[bytes]) -> dict[bytes, Sequence[float]]:
        of = self._hashes(digests)
        found = await self._link.ask_index(lambda db: vectors.find_vectors(db, list(of)))
        return {of[hash]: vector for hash, vector in found.items() if hash in of}

    async def lacking(self, digests: Sequence[bytes]) -> list[bytes]:
        of = self._hashes(digests)
        missing = await self._link.ask_index(lambda db: vectors.lacking(db, list(of)))
        return [digest for hash, digest in of.items() if hash in missing]

    async def share(self, found: Mapping[bytes, Sequence[float]]) -> None:
        rows = {hash: found[digest] for hash, digest in self._hashes(list(found)).items()}
        await self._link.ask_index(lambda db: vectors.share_vectors(db, self._model, rows))

    async def rest(self) -> None:
        await self._link.rest_index()

    def _hashes(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Digests by their hashes."""
        return {vectors.hash_of(self._model, self._host, digest): digest for digest in digests}
