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
        return await asyncio.shield(self._task(endpoint, fetch))

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
    digest = hashlib.sha256(f"{endpoint.kind} {endpoint.base_url}".encode()).hexdigest()[:12]
    return f"{endpoint.id}-{digest}.json"


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
