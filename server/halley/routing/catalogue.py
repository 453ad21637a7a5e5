"""The model lists of providers: cached on disk, shown immediately, refreshed in the background.

    Catalogue.shelf(endpoint)            what is known now, from memory or disk; never waits
    Catalogue.refresh(endpoint, fetch)   asks the host; questions at the same time share one answer

A shelf that could not be refreshed keeps its models and says what went wrong. Who may ask a host, and with which key,
is `registry.py`'s matter.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from halley.core.errors import HalleyError, Problem, StoreFailed, problem_of
from halley.core.models import ROLES, Model, ModelRef, Price
from halley.providers.endpoint import Endpoint
from halley.routing.clock import Clock

FRESH_S = 600.0
"""A list this young is not asked for again."""
STALE_S = 86_400.0
MOST_BYTES = 32 << 20

Fetch = Callable[[], Awaitable[tuple[Model, ...]]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One provider's list."""

    models: tuple[Model, ...] = ()
    fetched_at: float = 0.0
    """Seconds since the epoch; 0 when the host was never asked with success."""
    problem: Problem | None = None
    """Why the last refresh failed."""
    by_name: Mapping[str, Model] = field(init=False, default_factory=dict[str, Model], compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {model.ref.name: model for model in self.models})

    def is_fresh(self, now: float) -> bool:
        return now - self.fetched_at < FRESH_S

    def is_stale(self, now: float) -> bool:
        return self.problem is not None or now - self.fetched_at > STALE_S


NOTHING_KNOWN = Shelf()


class Catalogue:
    """Every provider's shelf, for a process. `on_change` is called when a list has got other models."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._shelves: dict[str, Shelf] = {}
        self._refreshing: dict[str, asyncio.Task[Shelf]] = {}
        self.on_change: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def shelf(self, endpoint: Endpoint) -> Shelf:
        """What is known of this endpoint's models; `NOTHING_KNOWN` before its host was ever asked."""
        key = _key(endpoint)
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = _load(self._folder / key, endpoint.id)
        return shelf

    def is_refreshing(self, endpoint: Endpoint) -> bool:
        return _key(endpoint) in self._refreshing

    def refresh_later(self, endpoint: Endpoint, fetch: Fetch, *, also_fresh: bool = False) -> None:
        """Begins a refresh unless one runs, or the list is fresh."""
        if also_fresh or not self.shelf(endpoint).is_fresh(self._clock.now()):
            self._task(endpoint, fetch)

    async def refresh(self, endpoint: Endpoint, fetch: Fetch) -> Shelf:
        """The shelf as the host says now; on failure the old models with the problem. Never raises HalleyError."""
        # Several callers wait for one task: the first that is cancelled must not take the list from the others.
        return await asyncio.shield(self._task(endpoint, fetch))

    def put(self, endpoint: Endpoint, models: tuple[Model, ...]) -> None:
        """A list that just came, for those who ask while the refresh that brought it is still completing it."""
        self._shelves[_key(endpoint)] = Shelf(models, self._clock.now())

    async def settled(self) -> None:
        """Waits until no refresh is under way."""
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)

    async def aclose(self) -> None:
        """Gives up what is still under way."""
        for task in list(self._refreshing.values()):
            task.cancel()
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)

    def _task(self, endpoint: Endpoint, fetch: Fetch) -> asyncio.Task[Shelf]:
        key = _key(endpoint)
        task = self._refreshing.get(key)
        if task is None:
            task = self._refreshing[key] = asyncio.ensure_future(self._refresh(key, endpoint, fetch))
            task.add_done_callback(lambda _: self._refreshing.pop(key, None))
        return task

    async def _refresh(self, key: str, endpoint: Endpoint, fetch: Fetch) -> Shelf:
        before = self.shelf(endpoint)
        try:
            shelf = Shelf(await fetch(), self._clock.now())
        except HalleyError as error:
            # An old list is worth more than none: models seldom go, and a wrong name is refused by the host anyway.
            shelf = replace(before, problem=problem_of(error))
        self._shelves[key] = shelf
        if shelf.problem is None:
            await asyncio.to_thread(_save, self._folder / key, shelf)
        if shelf.models != before.models:
            for listener in list(self.on_change):
                listener()
        return shelf


def _key(endpoint: Endpoint) -> str:
    """A file name for this provider at this address."""
    return _key_of(endpoint.id, endpoint.kind, endpoint.base_url)


@lru_cache(maxsize=128)
def _key_of(id: str, kind: str, base_url: str) -> str:
    # By the id alone, the models of one host would be shown for another that the user put in its place.
    digest = hashlib.sha256(f"{kind} {base_url}".encode()).hexdigest()[:12]
    return f"{id}-{digest}.json"


def _load(path: Path, provider: str) -> Shelf:
    from halley.stores.disk.files import load_json

    data = load_json(path, MOST_BYTES)
    try:
        models = tuple(model_from_json(provider, row) for row in data["models"])
        return Shelf(models, float(data["fetched_at"]))
    except (KeyError, TypeError, ValueError):
        return NOTHING_KNOWN


def _save(path: Path, shelf: Shelf) -> None:
    from halley.stores.disk.files import save_private

    data = {"fetched_at": shelf.fetched_at, "models": [model_to_json(model) for model in shelf.models]}
    try:
        save_private(path, json.dumps(data))
    except StoreFailed:
        import logging

        logging.getLogger(__name__).warning("the model list could not be saved in %s", path)


def model_to_json(model: Model) -> dict[str, Any]:
    """For the cache file; empty facts left out."""
    row: dict[str, Any] = {
        "name": model.ref.name,
        "label": model.label,
        "group": model.group,
        "context": model.context,
        "max_output": model.max_output,
        "price": asdict(model.price) if model.price else None,
        "roles": sorted(model.roles, key=ROLES.index),
        "capabilities": dict(model.capabilities),
        "deprecated": model.deprecated,
    }
    return {name: value for name, value in row.items() if value not in (None, "", {}, False)}


def model_from_json(provider: str, row: Mapping[str, Any]) -> Model:
    """Raises KeyError, TypeError or ValueError for what `model_to_json` did not write."""
    facts: dict[str, Any] = row.get("capabilities", {})
    capabilities = {name: _frozen(value) for name, value in facts.items()}
    return Model(
        ref=ModelRef(provider, str(row["name"])),
        label=str(row.get("label", "")),
        group=str(row.get("group", "")),
        context=row.get("context"),
        max_output=row.get("max_output"),
        price=Price(**row["price"]) if row.get("price") else None,
        roles=frozenset(role for role in ROLES if role in row["roles"]),
        capabilities=MappingProxyType(capabilities),
        deprecated=bool(row.get("deprecated", False)),
    )


def _frozen(value: Any) -> Any:
    """A list as the tuple that it was before it became JSON."""
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
