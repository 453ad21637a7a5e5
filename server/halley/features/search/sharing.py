"""Vectors that a team's members have in common: taken before they are paid for, and shared once they are.

The workspace's own index stays what is searched. A team that cannot be reached, or refuses, is left alone until the
next round of embedding, which then continues as it would without a team.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from halley.core.errors import HalleyError
from halley.core.models import ModelRef
from halley.core.ports import SharedVectors
from halley.features.search.ground import Ground

T = TypeVar("T")

TAKEN, GIVEN, ASKED = 250, 100, 1_000
"""Texts in one request: a vector of 1,536 dimensions is sent as 12 kB."""


class Sharing:
    """Of one index."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._team: SharedVectors | None = None
        self._model = ""
        self._there: set[bytes] = set()
        """Digests whose vectors the team has, as far as this process knows."""

    @property
    def shares(self) -> bool:
        return self._team is not None

    @asynccontextmanager
    async def of(self, model: ModelRef) -> AsyncIterator[None]:
        """A round of embedding with this model."""
        if self._model != str(model):
            self._model, self._there = str(model), set()
        team = None
        try:
            team = self._team = self.ground.models.shared(model, self.ground.settings)
        except HalleyError as error:
            _note(error)
        try:
            yield
        finally:
            self._team = None
            if team is not None:
                await team.rest()

    async def take(self, digests: Sequence[bytes]) -> set[bytes]:
        """Stores the team's vectors of these texts; the texts that had one."""
        taken: set[bytes] = set()
        for start in range(0, len(digests), TAKEN):
            some = digests[start : start + TAKEN]
            found = await self._ask(lambda team, some=some: team.find(some))
            if not found:
                continue
            self._there |= found.keys()
            fitting = _of_length(found, await self.ground.store.dimensions(self._model))
            if fitting:
                await self.ground.store.append_vectors(self._model, list(fitting), list(fitting.values()))
                self.ground.tell(at_most_every_s=0.5)
            taken |= fitting.keys()
        return taken

    async def give(self, digests: Sequence[bytes]) -> None:
        """Shares the stored vectors of these texts."""
        if self._team is None:
            return
        for start in range(0, len(digests), GIVEN):
            found = await self.ground.store.load_vectors(self._model, digests[start : start + GIVEN])
            if found:
                await self._ask(lambda team, found=found: team.share(found))
            if self._team is None:
                return
            self._there |= found.keys()

    async def give_all(self) -> None:
        """Shares what the index has and the team has not: from before it was shared, or while it was away."""
        if self._team is None:
            return
        mine = await self.ground.store.embedded_digests(self._model)
        unsure = [digest for digest in mine if digest not in self._there]
        for start in range(0, len(unsure), ASKED):
            some = unsure[start : start + ASKED]
            lacking = await self._ask(lambda team, some=some: team.lacking(some))
            if lacking is None:
                return
            self._there |= set(some).difference(lacking)
            await self.give(lacking)

    async def _ask(self, work: Callable[[SharedVectors], Awaitable[T]]) -> T | None:
        if self._team is None:
            return None
        try:
            return await work(self._team)
        except HalleyError as error:
            _note(error)
            self._team = None
            return None


def _of_length(found: Mapping[bytes, Sequence[float]], length: int | None) -> dict[bytes, Sequence[float]]:
    """Those that fit the vectors that are here: storing one of another length would drop all of them."""
    if length is None:
        length = Counter(map(len, found.values())).most_common(1)[0][0]
    return {digest: vector for digest, vector in found.items() if len(vector) == length}


def _note(error: HalleyError) -> None:
    logging.getLogger(__name__).info("the team's vectors are not used now: %s", error)
