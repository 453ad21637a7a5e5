"""The models used when none was chosen: the first provider that can be used, and its usual models.

`defaults.toml` names the usual models by preset. Nothing here asks a host; the catalogue, where it is known, decides
between the names, and is the fallback for a host that has none (a local server).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources

from halley.core.models import Model, ModelRef, Role, Route
from halley.providers.endpoint import Endpoint
from halley.routing.catalogue import Shelf
from halley.routing.selection import STANDS_IN


def default_route(role: Role, candidates: Iterable[tuple[Endpoint, Shelf]]) -> Route:
    """The route of the first endpoint that has anything for the role; empty when none has."""
    for endpoint, shelf in candidates:
        name = default_model(role, endpoint, shelf)
        if name:
            return (ModelRef(endpoint.id, name),)
    return ()


def default_model(role: Role, endpoint: Endpoint, shelf: Shelf) -> str | None:
    """The name of the endpoint's model for the role."""
    for stand_in in STANDS_IN.get(role, (role,)):
        for name in _usual(endpoint.preset).get(stand_in, ()):
            if not shelf.models or name in shelf.by_name:
                return name
    return _first_that_fits(role, shelf.models)


def own_model(role: Role, endpoint: Endpoint, shelf: Shelf) -> str | None:
    """The name of the endpoint's usual model for a role that is not chosen beside chat; None where it has none.

    A host that is not in the table has none, but for ghost text a model that fills in the middle.
    """
    usual = _usual(endpoint.preset)
    for stand_in in STANDS_IN.get(role, (role,)):
        for name in usual.get(stand_in, ()):
            if not shelf.models or name in shelf.by_name:
                return name
    fitting = (m.ref.name for m in shelf.models if role == "complete" in m.roles and not m.deprecated)
    return next(fitting, None)


def _first_that_fits(role: Role, models: Iterable[Model]) -> str | None:
    for stand_in in STANDS_IN.get(role, (role,)):
        for model in models:
            if stand_in in model.roles and not model.deprecated:
                return model.ref.name
    return None


def _usual(preset: str | None) -> Mapping[str, list[str]]:
    return _table().get(preset or "", {})


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    import tomllib

    return tomllib.loads((resources.files("halley.routing") / "defaults.toml").read_text("utf-8"))
