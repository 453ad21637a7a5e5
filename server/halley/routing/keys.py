"""Which key a request is sent with, and which sources may give it.

A `KeyRing` hands out the keys of a provider in rotation: one key for one request, and a key that its host refused rests
while the others stay in use. Finding a key, and the rule that it belongs to an origin, is `stores/keys/store.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from halley.core.calls import AskKey
from halley.core.errors import AuthFailed, HalleyError, NotConfigured, QuotaExhausted, RateLimited
from halley.core.settings import ProviderSettings
from halley.providers.endpoint import Endpoint
from halley.providers.presets import resolve_endpoint
from halley.routing.clock import Clock
from halley.stores.keys.origins import same_origin
from halley.stores.keys.store import KeyStatus, SecretStore

REST_S = 300.0
"""How long a refused key is left alone while there are others."""


@dataclass(frozen=True, slots=True)
class Binding:
    """An endpoint, and how its key sources came to it."""

    endpoint: Endpoint
    explicit: bool
    """The user's configuration names the sources; else they are the preset's."""
    home: str | None = None
    """The preset's own origin, the only one that the preset's environment variables are for."""


def bind(endpoint: Endpoint, own: ProviderSettings | None, environ: Mapping[str, str]) -> Binding:
    """The endpoint with the origin that its preset's keys are for."""
    home: str | None = None
    if endpoint.preset:
        try:
            home = resolve_endpoint(endpoint.preset, None, environ).origin
        except NotConfigured:  # an address that only the user can know
            home = None
    return Binding(endpoint, own is not None and own.key is not None, home)


@dataclass(slots=True, eq=False)
class KeyRing:
    """One provider's keys, taken in turns."""

    secrets: SecretStore
    clock: Clock
    binding: Binding
    ask_key: AskKey | None = None
    turn: int = 0
    rests: dict[str, float] = field(default_factory=dict[str, float], repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)
    """All that were found when a request last asked."""

    async def take(self) -> str | None:
        """The key for one request; None where there is none. Raises NotConfigured as `SecretStore.resolve_keys`."""
        endpoint = self.binding.endpoint
        self.keys = keys = await self.secrets.resolve_keys(
            endpoint.id,
            endpoint.origin,
            endpoint.keys,
            self.ask_key,
            explicit=self.binding.explicit,
            home=self.binding.home,
        )
        return self._next(keys) if keys else None

    def key_failed(self, key: str, error: HalleyError) -> float | None:
        """The host refused `key`, or has had enough of it for now. Empty where the request was sent without one.

        Seconds until another key can be used, 0 for now; None where no other key would help.
        """
        if isinstance(error, AuthFailed):
            # The key may come from a program or a file that gives a fresh one: the next request asks again.
            self.secrets.forget(self.binding.endpoint.id)
        if key and isinstance(error, AuthFailed | QuotaExhausted | RateLimited):
            told = error.problem.retry_after_ms
            # A host may send a time to wait with a 401 as well, but waiting mends no wrong key.
            rest = REST_S if told is None or isinstance(error, AuthFailed) else told / 1000
            self.rests[key] = self.clock.monotonic() + rest
            return self._next_ready(key)
        return None

    def _next_ready(self, failed: str) -> float | None:
        others = [self.rests.get(key, 0.0) for key in self.keys if key != failed]
        return max(0.0, min(others) - self.clock.monotonic()) if others else None

    def _next(self, keys: tuple[str, ...]) -> str:
        """The next in turn that does not rest; where all do, the one that rests the shortest."""
        now = self.clock.monotonic()
        # Keys that are gone must not stay in memory.
        self.rests = {key: until for key, until in self.rests.items() if until > now and key in keys}
        self.turn += 1
        for offset in range(len(keys)):
            key = keys[(self.turn + offset) % len(keys)]
            if key not in self.rests:
                return key
        return min(keys, key=lambda key: self.rests[key])


def seems_usable(secrets: SecretStore, binding: Binding, environ: Mapping[str, str]) -> bool:
    """Whether a request could be sent: a key is not needed, or seems to be there. Runs and asks nothing."""
    endpoint = binding.endpoint
    if not endpoint.key_needed or endpoint.public_key or has_stored_key(secrets, endpoint):
        return True
    # With another address the preset's key would go to a stranger, so the variable counts for its own host only.
    if not binding.explicit and binding.home and not same_origin(binding.home, endpoint.origin):
        return False
    return any(
        source.client or source.command or source.file or (source.env and environ.get(source.env, "").strip())
        for source in endpoint.keys
    )


def has_stored_key(secrets: SecretStore, endpoint: Endpoint) -> bool:
    """Whether a key was entered for exactly this provider and origin. Touches no keyring."""
    return any(
        info.provider == endpoint.id and same_origin(info.origin, endpoint.origin)
        for info in secrets.list_keys()
    )


async def key_status(secrets: SecretStore, binding: Binding, ask_key: AskKey | None = None) -> KeyStatus:
    """Whether there is a key for the endpoint. Runs no program and touches no keyring."""
    endpoint = binding.endpoint
    return await secrets.key_status(
        endpoint.id,
        endpoint.origin,
        endpoint.keys,
        ask_key,
        needed=endpoint.key_needed,
        explicit=binding.explicit,
        home=binding.home,
    )
