"""Models and providers as people see them: listing, choosing, and whose choice it is.

    list_models      `halley/models/list`       favourites and recent ones first
    select           `halley/models/select`     checked against the provider's list, kept by scope
    mark_favourite   `halley/models/favourite`  kept for the user, shown first from then on
    list_providers   `halley/providers/list`    with the state of their keys

All answers are the protocol's JSON shapes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from halley.core.calls import Caller
from halley.core.errors import InvalidInput
from halley.core.models import ROLES, Model, ModelRef, Price, Role, Route
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.providers.presets import PRESETS, load_preset
from halley.routing.keys import Binding, key_status

Json = dict[str, Any]
Scope = Literal["session", "workspace", "user"]


async def list_models(
    room: EngineRoom,
    settings: Settings,
    caller: Caller,
    *,
    role: Role | None = None,
    provider: str | None = None,
    refresh: bool = False,
) -> Json:
    """`{models, stale, problems}`. Raises NotConfigured for a provider there is none of."""
    if provider is None:
        await room.registry.find_local_servers(settings)
    listing = await room.registry.list_models(settings, caller, provider=provider, refresh=refresh)
    wanted = [model for model in listing.models if role is None or role in model.roles]
    favourites, recent = room.selections.favourites(), room.selections.recent()
    ordered = in_order(wanted, dict.fromkeys((*favourites, *recent)))
    return {
        "models": [model_to_json(model) | _marks(model.ref, favourites, recent) for model in ordered],
        "stale": listing.stale,
        "problems": [problem.to_json() for problem in listing.problems],
    }


def _marks(ref: ModelRef, favourites: Route, recent: Route) -> Json:
    return ({"favourite": True} if ref in favourites else {}) | ({"recent": True} if ref in recent else {})


async def mark_favourite(
    room: EngineRoom, model: ModelRef, marked: bool, *, settings: Settings, caller: Caller
) -> Json:
    """`{favourites}`, in the order they were marked.

    Raises NotConfigured and ModelNotFound as `select`; what is not there any more can always be unmarked. StoreFailed.
    """
    if marked:
        await room.registry.check_listed(model, settings, caller)
    await asyncio.to_thread(room.selections.mark_favourite, model, marked)
    return {"favourites": [str(ref) for ref in room.selections.favourites()]}


def in_order(models: Iterable[Model], first: Iterable[ModelRef] = ()) -> list[Model]:
    """Those in `first` in that order, then by group and name, deprecated ones last."""
    rank = {ref: place for place, ref in enumerate(first)}
    return sorted(
        models,
        key=lambda model: (
            rank.get(model.ref, len(rank)),
            model.deprecated,
            model.group.casefold(),
            model.ref.name.casefold(),
            model.ref.provider,
        ),
    )


def model_to_json(model: Model) -> Json:
    """`Model` of the protocol; what is not known is left out."""
    found: Json = {
        "id": str(model.ref),
        "provider": model.ref.provider,
        "name": model.ref.name,
        "label": model.label or model.ref.name,
        "group": model.group,
        "roles": sorted(model.roles, key=ROLES.index),
        "capabilities": {name: _plain(value) for name, value in model.capabilities.items()},
    }
    if model.context is not None:
        found["context"] = model.context
    if model.max_output is not None:
        found["maxOutput"] = model.max_output
    if model.price is not None:
        found["price"] = price_to_json(model.price)
    if model.deprecated:
        found["deprecated"] = True
    return found


def price_to_json(price: Price) -> Json:
    """Per million tokens, and per call."""
    known = {
        "input": price.input,
        "output": price.output,
        "perRequest": price.per_request,
        "perSecond": price.per_second,
    }
    return {name: value for name, value in known.items() if value is not None} | {
        "currency": price.currency,
        "source": price.source,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | frozenset | set | list):
        return [_plain(inner) for inner in value]
    return {str(key): _plain(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value


async def select(
    room: EngineRoom,
    role: Role,
    route: Route,
    scope: Scope,
    *,
    settings: Settings,
    caller: Caller,
    root: Path | None = None,
    pick_session: Callable[[Role, Route], None] | None = None,
    force: bool = False,
) -> None:
    """Chooses the route of a role in a scope; an empty one takes the choice back.

    Raises NotConfigured for a provider there is none of, ModelNotFound (with near matches) for a model that the
    provider's list lacks unless `force`, InvalidInput where there is no such scope, StoreFailed.
    """
    for ref in route:
        room.registry.binding(ref.provider, settings)
        if not force:
            await room.registry.check_listed(ref, settings, caller)
    if scope == "session":
        if pick_session is None:
            raise InvalidInput("There is no session here.", "Choose the scope workspace or user.")
        pick_session(role, route)
        for ref in route[:1]:
            await asyncio.to_thread(room.selections.remember, ref)
    elif scope == "workspace":
        if root is None:
            raise InvalidInput(
                "There is no workspace here.", "Open a folder, or choose the scope session or user."
            )
        await asyncio.to_thread(room.selections.save, root, role, route)
    else:
        await asyncio.to_thread(room.selections.save, None, role, route)


async def list_providers(room: EngineRoom, settings: Settings, caller: Caller) -> Json:
    """`{providers: Provider[]}`: the configured ones, presets with a key, local servers that answer."""
    await room.registry.find_local_servers(settings)
    bindings = room.registry.bindings(settings)
    found = await asyncio.gather(*(provider_to_json(room, binding, caller) for binding in bindings))
    return {"providers": list(found), "presets": list_presets({binding.endpoint.id for binding in bindings})}


def list_presets(configured: Collection[str]) -> list[Json]:
    """The providers known by name that are not `configured`, in the order people should see them."""
    found = [preset for name in PRESETS if name not in configured and (preset := load_preset(name))]
    return [
        {
            "id": preset.name,
            "label": preset.label,
            "kind": preset.kind,
            "baseUrl": preset.base_url,
            "keyNeeded": preset.key_needed,
            "about": preset.about or None,
        }
        for preset in found
        if preset.name != "simulator"  # started on demand, not somewhere to connect to
    ]


async def provider_to_json(room: EngineRoom, binding: Binding, caller: Caller) -> Json:
    """`Provider` of the protocol. Never a key, nor anything else that is secret in an address."""
    endpoint = binding.endpoint
    status = await key_status(room.secrets, binding, caller.ask_key)
    key: Json = {"status": status.status}
    if status.source:
        key["source"] = status.source
    found: Json = {
        "id": endpoint.id,
        "label": endpoint.label,
        "kind": endpoint.kind,
        "baseUrl": endpoint.base_url.partition("?")[0],
        "key": key,
    }
    if (health := room.health.get(endpoint.id)) is not None:
        found["health"] = health
    return found
