"""The providers there are, each built once for its endpoint, and what is known of their models.

    Registry.find_target   a model where it can be asked (for the router)
    Registry.find_model    what is known of a model; never waits for a network
    Registry.list_models   the catalogue, from the cache, refreshed in the background
    Registry.defaults      the models used when none was chosen

A provider that takes its key from the editor belongs to the window whose editor it is, and is never shared.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from halley.core.calls import AskKey, Caller
from halley.core.errors import HalleyError, ModelNotFound, NotConfigured, Problem
from halley.core.models import Model, ModelRef, Price, Role, Route
from halley.core.ports import LessonBook, Provider
from halley.core.settings import ProviderSettings, Settings
from halley.core.team import NO_POLICY, Policy
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model
from halley.providers.presets import PRESETS, Preset, load_preset, resolve_endpoint
from halley.routing.catalogue import NOTHING_KNOWN, Catalogue, Shelf
from halley.routing.defaults import default_route, own_model
from halley.routing.keys import Binding, KeyRing, bind
from halley.routing.near import near_names
from halley.routing.prices import NO_BOOK, Prices
from halley.routing.targets import Target

if TYPE_CHECKING:
    from halley.providers.http.client import Http

Rings = Callable[[Binding, AskKey | None], KeyRing]
"""Makes the key ring of an endpoint."""

FIRST_LIST_S = 8.0
"""How long a list is waited for when nothing at all is known yet."""
NEAR_MATCHES_S = 3.0
LOCAL_FRESH_S = 30.0
MOST_KEPT = 256
FREE = ("ollama", "lmstudio", "llamacpp", "vllm")
"""Presets of servers that run models themselves."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Listing:
    """What `list_models` answers. `stale`: something in it is old, or still on its way."""

    models: tuple[Model, ...]
    stale: bool
    problems: tuple[Problem, ...]


class Registry:
    """Providers and their catalogue, for a process. `is_usable`: whether an endpoint seems to have its key."""

    def __init__(
        self,
        http: Callable[[], Http],
        ring_of: Rings,
        catalogue: Catalogue,
        prices: Prices,
        *,
        is_usable: Callable[[Binding], bool] = lambda binding: True,
        environ: Mapping[str, str] = os.environ,
        lessons: LessonBook | None = None,
        policy: Callable[[Settings], Policy] = lambda settings: NO_POLICY,
    ) -> None:
        self._http, self._ring_of, self._is_usable = http, ring_of, is_usable
        self.catalogue, self._prices = catalogue, prices
        self._environ, self._lessons, self._policy = environ, lessons, policy
        self._providers: dict[tuple[Binding, AskKey | None], tuple[Provider, KeyRing]] = {}
        self._found: dict[tuple[int, AskKey | None], tuple[Binding, tuple[Provider, KeyRing]]] = {}
        self._bindings: dict[tuple[str, int], tuple[ProviderSettings | None, Binding]] = {}
        self._looked_at, self._looking = float("-inf"), asyncio.Lock()
        self._local: dict[str, ProviderSettings | None] = {}
        """Servers that answered on this machine, and where, unless their preset says so."""

    # -- which endpoints there are

    def binding(self, provider: str, settings: Settings) -> Binding:
        """The endpoint and where its keys may go.

        Raises NotConfigured for a provider that is neither configured nor a preset, or is switched off.
        """
        own = settings.providers.get(provider)
        if own is None and load_preset(provider) is None:
            raise self._unknown(provider, settings)
        binding = self._resolve(provider, own)
        endpoint = binding.endpoint
        if not endpoint.enabled:
            raise NotConfigured(
                f"The provider '{provider}' is switched off.",
                f"Set `{endpoint.setting('enabled')}` to true, or pick another model with `halley use`.",
                provider=provider,
                setting=endpoint.setting("enabled"),
            )
        return binding

    def endpoint(self, provider: str, settings: Settings) -> Endpoint:
        """As `binding`."""
        return self.binding(provider, settings).endpoint

    def _resolve(self, provider: str, own: ProviderSettings | None) -> Binding:
        own = own or self._local.get(provider) or self._usual_place(provider)
        known = self._bindings.get((provider, id(own)))
        if known is None:  # `own` is kept too, so that its id stays its own
            endpoint = resolve_endpoint(provider, own, self._environ)
            known = own, bind(endpoint, own, self._environ)
            _remember(self._bindings, (provider, id(own)), known)
        return known[1]

    def _usual_place(self, provider: str) -> ProviderSettings | None:
        """Where a local server without an address in its preset listens. A choice outlives the process that found the
        server, so the next one must be able to ask it by name, without a look around first."""
        preset = load_preset(provider)
        if preset is None or preset.port is None or preset.base_url or self._is_addressed(preset):
            return None
        return _settings_at(f"http://127.0.0.1:{preset.port}/v1")

    def _is_addressed(self, preset: Preset) -> bool:
        return any(self._environ.get(variable) for variable in preset.base_url_env)

    def knows(self, provider: str, settings: Settings) -> bool:
        """Whether there is such a provider, configured or preset."""
        return provider in settings.providers or load_preset(provider) is not None

    def bindings(self, settings: Settings) -> list[Binding]:
        """Those a user can use: the configured ones, presets with a key, local servers that answered."""
        names = dict.fromkeys((*settings.providers, *self._preset_names(), *self._local))
        found: list[Binding] = []
        policy = self._policy(settings)
        for name in filter(policy.allows_provider, names):
            try:
                found.append(self.binding(name, settings))
            except NotConfigured:
                continue
        return found

    def _preset_names(self) -> list[str]:
        """Presets that need no configuration: a key is there, or an address in the environment."""
        return [name for name in PRESETS if self._is_ready(name)]

    def _is_ready(self, name: str) -> bool:
        preset = load_preset(name)
        if preset is None:
            return False
        if not preset.base_url and not self._is_addressed(preset):
            return False
        named = self._is_addressed(preset) or any(self._environ.get(variable) for variable in preset.key_env)
        try:
            return (named or preset.key_needed) and self._is_usable(self._resolve(name, None))
        except NotConfigured:
            return False

    def _unknown(self, provider: str, settings: Settings) -> NotConfigured:
        near = near_names(provider, dict.fromkeys((*settings.providers, *PRESETS)))
        hint = f"Did you mean {near[0]}? " if near else ""
        return NotConfigured(
            f"There is no provider '{provider}'.",
            f"{hint}Add [providers.{provider}] with a base_url to config.toml; `halley doctor` prints its path.",
            provider=provider,
            setting=f"providers.{provider}",
        )

    # -- one model

    def find_target(
        self, ref: ModelRef, settings: Settings, caller: Caller, role: Role | None = None
    ) -> Target:
        """Never waits. Raises NotConfigured where the user has no such provider, BlockedByPolicy by a team's policy."""
        self._policy(settings).require_model(ref)
        binding = self.binding(ref.provider, settings)
        endpoint = binding.endpoint
        provider, ring = self._provider(binding, caller.ask_key)
        return Target(
            self._asked(endpoint, ref, settings, role),
            provider,
            endpoint.origin,
            endpoint.concurrency,
            price_book_of(endpoint),
            key_failed=ring.key_failed,
        )

    def find_model(self, ref: ModelRef, settings: Settings) -> Model:
        """By the host's list, else by its name. Raises NotConfigured like `endpoint`."""
        return self._asked(self.endpoint(ref.provider, settings), ref, settings, None)

    def _asked(self, endpoint: Endpoint, ref: ModelRef, settings: Settings, role: Role | None) -> Model:
        """The model, with the effort that was picked or is set for the role in its `ref`, where it takes one."""
        names = self.catalogue.shelf(endpoint).by_name
        if ref.effort and ref.as_name in names and ref.name not in names:
            return self._describe(endpoint, ref.as_name)
        model = self._describe(endpoint, ref.name)
        effort = ref.effort or getattr(settings.reasoning, role or "", None)
        if not effort or not model.capabilities.get("effort"):
            return model
        return replace(model, ref=replace(model.ref, effort=effort))

    def provider(self, binding: Binding, ask_key: AskKey | None = None) -> Provider:
        """The provider at this endpoint; one that asks the editor for its key is that window's own."""
        return self._provider(binding, ask_key)[0]

    def _provider(self, binding: Binding, ask_key: AskKey | None) -> tuple[Provider, KeyRing]:
        asks = ask_key if any(source.client for source in binding.endpoint.keys) else None
        # By identity first: to hash a binding takes longer than all else here.
        found = self._found.get((id(binding), asks))
        if found is not None and found[0] is binding:
            return found[1]
        known = self._providers.get((binding, asks))
        if known is None:
            from halley.providers.wires.table import build_provider

            ring = self._ring_of(binding, asks)
            known = build_provider(binding.endpoint, self._http(), ring.take, self._lessons), ring
            _remember(self._providers, (binding, asks), known)
        _remember(self._found, (id(binding), asks), (binding, known))
        return known

    async def take_key(self, binding: Binding, ask_key: AskKey | None = None) -> str | None:
        """The key the next request would be sent with. Raises NotConfigured when its source fails."""
        return await self._provider(binding, ask_key)[1].take()

    async def near_matches(self, ref: ModelRef, settings: Settings, caller: Caller) -> tuple[ModelRef, ...]:
        """Listed models of the same provider with similar names, best first. Never raises."""
        try:
            binding = self.binding(ref.provider, settings)
            shelf = self.catalogue.shelf(binding.endpoint)
            if not shelf.models:
                async with asyncio.timeout(NEAR_MATCHES_S):
                    shelf = await self.refresh(binding, caller)
        except (HalleyError, TimeoutError):
            return ()
        others = [name for name in shelf.by_name if name != ref.name]
        return tuple(ModelRef(ref.provider, name) for name in near_names(ref.name, others))

    async def check_listed(self, ref: ModelRef, settings: Settings, caller: Caller) -> None:
        """Raises ModelNotFound, with near matches, when the host's list lacks the model; NotConfigured as `binding`."""
        binding = self.binding(ref.provider, settings)
        endpoint = binding.endpoint
        shelf = self.catalogue.shelf(endpoint)
        if ref.name in shelf.by_name or ref.as_name in shelf.by_name:
            return
        try:
            async with asyncio.timeout(FIRST_LIST_S):
                shelf = await self.refresh(binding, caller)
        except TimeoutError:
            return
        if not shelf.models or shelf.problem or {ref.name, ref.as_name} & shelf.by_name.keys():
            return
        near = [f"{ref.provider}/{name}" for name in near_names(ref.name, shelf.by_name)]
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise ModelNotFound(
            f"{endpoint.label} lists no model '{ref.name}'.",
            f"{hint}`halley models --provider {ref.provider}` shows what it has.",
            provider=ref.provider,
            model=str(ref),
        )

    def _describe(self, endpoint: Endpoint, name: str) -> Model:
        listed = self.catalogue.shelf(endpoint).by_name.get(name)
        return listed or _priced(describe_model(endpoint, name), endpoint)

    # -- the catalogue

    async def list_models(
        self, settings: Settings, caller: Caller, *, provider: str | None = None, refresh: bool = False
    ) -> Listing:
        """All models of the usable providers. Cached lists are returned immediately; only a first list is waited for.

        Raises NotConfigured for a `provider` there is none of.
        """
        bindings = [self.binding(provider, settings)] if provider else self.bindings(settings)
        if refresh:
            await asyncio.gather(*(self.refresh(binding, caller) for binding in bindings))
        else:
            await self._first_lists(bindings, caller)
        now, policy = self.catalogue.now(), self._policy(settings)
        shelves = [(binding.endpoint, self.catalogue.shelf(binding.endpoint)) for binding in bindings]
        refreshing = any(self.catalogue.is_refreshing(endpoint) for endpoint, _ in shelves)
        return Listing(
            tuple(model for _, shelf in shelves for model in shelf.models if policy.allows_model(model.ref)),
            refreshing or any(shelf.is_stale(now) for _, shelf in shelves),
            tuple(_about(shelf.problem, endpoint) for endpoint, shelf in shelves if shelf.problem),
        )

    async def refresh(self, binding: Binding, caller: Caller) -> Shelf:
        """The list as the host says now; its problem where it says nothing."""
        return await self.catalogue.refresh(binding.endpoint, lambda: self._fetch(binding, caller))

    async def list_now(self, binding: Binding, caller: Caller) -> Shelf:
        """As `refresh`, without waiting for the prices, which are filled in afterwards: looking them up takes longer
        than a host takes to answer."""
        listed: asyncio.Future[tuple[Model, ...]] = asyncio.get_running_loop().create_future()

        async def fetch() -> tuple[Model, ...]:
            models = await self._list(binding, caller)
            self.catalogue.put(binding.endpoint, models)
            if not listed.done():
                listed.set_result(models)
            return await self._fill(models, binding)

        refreshed = asyncio.ensure_future(self.catalogue.refresh(binding.endpoint, fetch))
        await asyncio.wait((listed, refreshed), return_when=asyncio.FIRST_COMPLETED)
        return refreshed.result() if refreshed.done() else self.catalogue.shelf(binding.endpoint)

    async def find_quota(self, binding: Binding, caller: Caller) -> dict[str, Any] | None:
        """The remaining balance, where the host reports it; else None. Raises UpstreamError."""
        ask = getattr(self.provider(binding, caller.ask_key), "find_quota", None)
        found = await ask() if ask else None
        return {"provider": binding.endpoint.id, **found} if found else None

    async def _first_lists(self, bindings: list[Binding], caller: Caller) -> None:
        for binding in bindings:
            self.catalogue.refresh_later(binding.endpoint, lambda b=binding: self._fetch(b, caller))
        unknown = [b for b in bindings if self.catalogue.shelf(b.endpoint) is NOTHING_KNOWN]
        if unknown:
            waits = [asyncio.ensure_future(self.refresh(binding, caller)) for binding in unknown]
            await asyncio.wait(waits, timeout=FIRST_LIST_S)

    async def _fetch(self, binding: Binding, caller: Caller) -> tuple[Model, ...]:
        return await self._fill(await self._list(binding, caller), binding)

    async def _list(self, binding: Binding, caller: Caller) -> tuple[Model, ...]:
        models = await self.provider(binding, caller.ask_key).list_models()
        return tuple(_priced(model, binding.endpoint) for model in models)

    async def _fill(self, models: tuple[Model, ...], binding: Binding) -> tuple[Model, ...]:
        return await self._prices.fill(models, price_book_of(binding.endpoint))

    # -- when no model was chosen

    def defaults(self, settings: Settings) -> Callable[[Role], Route]:
        """For as long as one answer takes: whose keys there are is looked up with the first role that asks.

        A route is of the first provider that has its key, else of one that lacks it and will say so; empty without any.
        """

        found: list[tuple[Endpoint, Shelf]] | None = None

        def find(role: Role) -> Route:
            nonlocal found
            if found is None:
                bindings = sorted(self.bindings(settings), key=lambda binding: not self._is_usable(binding))
                found = [(binding.endpoint, self.catalogue.shelf(binding.endpoint)) for binding in bindings]
            return default_route(role, found)

        return find

    def own_default(self, settings: Settings) -> Callable[[Role, str], Route]:
        """The usual route of a role at a provider; empty for one that is not there or has none."""

        def find(role: Role, provider: str) -> Route:
            try:
                endpoint = self.binding(provider, settings).endpoint
            except NotConfigured:
                return ()
            name = own_model(role, endpoint, self.catalogue.shelf(endpoint))
            return (ModelRef(provider, name),) if name else ()

        return find

    async def find_local_servers(self, settings: Settings) -> list[Binding]:
        """Servers that answer on this machine's usual ports and are what they seem, beside the configured ones."""
        async with self._looking:  # a second caller waits for what the first finds
            if (now := self.catalogue.now()) - self._looked_at > LOCAL_FRESH_S:
                from halley.providers.hosts.discovery import find_local_servers, named_ports

                found = await find_local_servers(self._http(), named_ports(self._environ))
                self._local = {endpoint.id: _found_at(endpoint) for endpoint in found}
                self._looked_at = now
        return [self._resolve(name, None) for name in self._local if name not in settings.providers]


def _found_at(endpoint: Endpoint) -> ProviderSettings | None:
    """A preset without an address is one that people configure elsewhere too, each with a key of its own."""
    preset = load_preset(endpoint.id)
    return None if preset and preset.base_url == endpoint.base_url else _settings_at(endpoint.base_url)


@cache
def _settings_at(address: str) -> ProviderSettings:
    """The same object for an address: bindings are remembered by it."""
    return ProviderSettings(base_url=address)


def price_book_of(endpoint: Endpoint) -> str:
    """The name of the host in price lists."""
    return NO_BOOK if endpoint.preset in (*FREE, "simulator") else endpoint.quirks.price_book


def _priced(model: Model, endpoint: Endpoint) -> Model:
    """A model of one's own machine costs nothing, and that is known."""
    is_free = endpoint.preset in FREE and endpoint.is_local and model.price is None
    return replace(model, price=Price(0.0, 0.0, 0.0)) if is_free else model


def _about(problem: Problem, endpoint: Endpoint) -> Problem:
    return problem if problem.provider else replace(problem, provider=endpoint.id)


def _remember(kept: dict[K, V], key: K, value: V) -> None:
    """Keeps the newest `MOST_KEPT`."""
    kept[key] = value
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
