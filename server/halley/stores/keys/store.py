"""Keys: where they are kept, and the rule that a key belongs to an origin.

A key that was entered (`halley key set`, the client) is stored together with scheme, host and port, in the system's
keyring, or in `data/secrets.json` (0600) where there is none, or for this process only. It is never given for another
origin: after `base_url` changed its status is `otherOrigin` until it is entered again. The origin is inside the
keyring's secret too, so that changing the index cannot redirect it.

Keys that the user keeps elsewhere (`key = { env = … }`, file, command) stand beside a `base_url` in their own
configuration; naming both is what binds them. A preset's environment variable was not named by the user: it goes to the
preset's own origin (`home`) and, unless the user names it for another, nowhere else.

    resolve_keys   every key a provider may use now, for rotation
    key_status     the same question without touching the secret: present, missing, otherOrigin, notNeeded
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from halley.core.calls import AskKey
from halley.core.errors import InvalidInput, NotConfigured
from halley.core.settings import KeySource
from halley.stores.disk.files import clean_up
from halley.stores.disk.looking import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.programs import find_program
from halley.stores.disk.state import load_state, update_state
from halley.stores.keys.keyrings import KeyringUnusable, delete_password, load_password, save_password
from halley.stores.keys.origins import normalise_origin, same_origin
from halley.stores.keys.sources import (
    clean_key,
    describe_source,
    program_of,
    read_command,
    read_env,
    read_key_file,
)

Store = Literal["keyring", "file", "session"]
Status = Literal["present", "missing", "otherOrigin", "notNeeded"]

ASK_TIME_LIMIT_S = 120.0
_KEY_NAME = re.compile(r"(?i)(?:api_?key|(?:api|auth|access)_?token|_secret)$")
"""Variables of the environment that hold what no host may say back."""
KEYRING_REST_S = 60.0
"""After the keyring failed it is left alone for so long."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    status: Status
    source: str | None = None
    """For people: `keyring`, `env COMETAPI_KEY` …"""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A stored key, without the key."""

    provider: str
    origin: str
    store: Store
    masked: str
    """Its ends, where it can be read without asking anyone; else empty."""
    stored_at: float


@dataclass(slots=True)
class _Kept:
    """A key in memory."""

    origin: str
    key: str = field(repr=False)
    stored_at: float = 0.0


class SecretStore:
    """All keys of a user. `environ` is the environment to read keys from."""

    def __init__(self, paths: Paths, environ: Mapping[str, str] | None = None) -> None:
        self._path = paths.data / "secrets.json"
        self._service = f"halley {paths.home}" if paths.home else "halley"
        self._environ = os.environ if environ is None else environ
        self._session: dict[str, _Kept] = {}
        self._cache: dict[tuple[Any, ...], _Kept] = {}
        self._asking: dict[tuple[Any, ...], asyncio.Lock] = {}
        self._signature: Signature = None
        self._index: dict[str, Any] = {}
        self._cleaned = False
        self._keyring_rests_until = 0.0
        self._given: set[str] = set()
        self._named_keys = frozenset(
            value.strip()
            # A path is a key's hiding place (`SSH_KEY=/home/…`), and hiding it everywhere would spoil ordinary text.
            for name, value in self._environ.items()
            if _KEY_NAME.search(name) and not value.startswith(("/", "~"))
        )

    # Using keys

    async def resolve_keys(
        self,
        provider: str,
        origin: str,
        sources: Sequence[KeySource] = (),
        ask_key: AskKey | None = None,
        *,
        explicit: bool = True,
        home: str | None = None,
    ) -> tuple[str, ...]:
        """Every key that may be sent to `origin` for `provider`, in order; empty when there is none.

        `explicit`: the user's configuration names the sources; otherwise they are a preset's, a key that was
        entered goes before them, and with `home` (the preset's address) they are used for that origin alone.
        Raises NotConfigured when there are sources but none gives a key, and says why; also for `otherOrigin`.
        """
        keys: list[str] = []
        failures: list[NotConfigured] = []
        for source in _in_order(sources, explicit):
            try:
                key = await self.resolve_key(
                    provider, origin, source, ask_key, home=None if explicit or source is None else home
                )
            except NotConfigured as failure:
                failures.append(failure)
                continue
            if key and key not in keys:
                keys.append(key)
        # One broken source among several must not stop the others; it is reported only where nothing else is left.
        if failures and not keys:
            raise failures[0]
        self._given.update(keys)
        return tuple(keys)

    async def resolve_key(
        self,
        provider: str,
        origin: str,
        source: KeySource | None = None,
        ask_key: AskKey | None = None,
        *,
        home: str | None = None,
    ) -> str | None:
        """The key of one source (None: the one that was entered), or None when there is none.

        Raises NotConfigured when the key is another origin's, and when the source fails.
        """
        # A preset's variable belongs to the preset's own host: another `base_url` must not collect it.
        if home is not None and not same_origin(home, origin):
            if self._has(source):
                raise other_origin(provider, home, origin, describe_source(source))
            return None
        if source is None or source.keyring:
            return await self._stored_key(provider, origin)
        if source.env is not None:
            return read_env(source.env, provider, self._environ)
        if source.file is not None:
            return read_key_file(source.file, provider)
        if source.command:
            return await self._command_key(provider, source.command)
        return await _asked_key(provider, origin, ask_key)

    def forget(self, provider: str) -> None:
        """Drops what is remembered of commands and the keyring, because the host refused the key."""
        self._cache = {name: kept for name, kept in self._cache.items() if name[0] != provider}
        self._keyring_rests_until = 0.0

    async def key_status(
        self,
        provider: str,
        origin: str,
        sources: Sequence[KeySource] = (),
        ask_key: AskKey | None = None,
        *,
        needed: bool = True,
        explicit: bool = True,
        home: str | None = None,
    ) -> KeyStatus:
        """What `resolve_keys` would find. Runs no command and does not touch the keyring."""
        worst: Status = "missing" if needed else "notNeeded"
        elsewhere: str | None = None
        for source in _in_order(sources, explicit):
            at_home = explicit or source is None or home is None or same_origin(home, origin)
            status, where = await self._one_status(provider, origin, source, ask_key)
            if status == "present" and at_home:
                return KeyStatus("present", where)
            if status == "otherOrigin" or status == "present":
                worst, elsewhere = "otherOrigin", where
        return KeyStatus(worst, elsewhere)

    async def _one_status(
        self, provider: str, origin: str, source: KeySource | None, ask_key: AskKey | None
    ) -> tuple[Status, str]:
        if source is None or source.keyring:
            kept = self._session.get(provider)
            entry = self._load_index().get(provider)
            bound = kept.origin if kept else (entry or {}).get("origin")
            where = "session" if kept else str((entry or {}).get("store", "keyring"))
            if bound is None:
                return "missing", where
            return ("present" if same_origin(bound, origin) else "otherOrigin"), where
        if source.client:
            key = await _asked_key(provider, origin, ask_key)
            return ("present" if key else "missing"), "client"
        return ("present" if self._has(source) else "missing"), describe_source(source)

    def _has(self, source: KeySource | None) -> bool:
        """Whether a source outside of Halley seems to hold something."""
        if source is None:
            return False
        if source.env is not None:
            return bool(self._environ.get(source.env, "").strip())
        if source.file is not None:
            return Path(source.file).expanduser().is_file()
        return bool(source.command and find_program(program_of(source.command), environ=self._environ))

    def known_keys(self) -> set[str]:
        """Every key that can be known without asking anyone: entered, in the environment, or given out before."""
        kept = [entry["key"] for entry in self._load_index().values() if "key" in entry]
        held = [one.key for one in (*self._session.values(), *self._cache.values())]
        return {*kept, *held, *self._given, *self._named_keys}

    # Keeping keys

    async def set_key(self, provider: str, origin: str, key: str, store: Store | None = None) -> KeyInfo:
        """Stores a key for exactly this origin; without `store`, in the keyring or else in the file.

        Raises InvalidInput for what is no key or no origin, KeyringUnusable, StoreFailed.
        """
        cleaned = _checked(provider, origin, key)
        where = await self._place(provider, cleaned, store)
        kept = _Kept(cleaned["origin"], cleaned["key"], time.time())
        self._session.pop(provider, None)
        if where == "session":
            self._session[provider] = kept
        else:
            entry: dict[str, Any] = {"origin": kept.origin, "store": where, "at": kept.stored_at}
            if where == "file":
                entry["key"] = kept.key
            update_state(self._path, lambda index: index.update({provider: entry}))
        self.forget(provider)
        return KeyInfo(provider, kept.origin, where, mask(kept.key), kept.stored_at)

    async def _place(self, provider: str, secret: dict[str, str], store: Store | None) -> Store:
        if store in ("file", "session"):
            return store
        try:
            await save_password(self._service, provider, json.dumps(secret))
        except KeyringUnusable:
            if store == "keyring":
                raise
            return "file"
        return "keyring"

    async def remove_key(self, provider: str) -> bool:
        """Removes it from wherever it is stored; False when it was nowhere."""
        kept = self._session.pop(provider, None)
        entry = self._load_index().get(provider)
        if entry is not None:
            if entry.get("store") == "keyring":
                await delete_password(self._service, provider)
            update_state(self._path, lambda index: index.pop(provider, None) and None)
        self.forget(provider)
        return bool(kept or entry)

    def providers(self) -> set[str]:
        """The providers a key was entered for."""
        return {*self._load_index(), *self._session}

    def list_keys(self) -> tuple[KeyInfo, ...]:
        """Every stored key, by provider."""
        found: dict[str, KeyInfo] = {}
        for provider, entry in self._load_index().items():
            store: Store = "file" if "key" in entry else "keyring"
            masked = mask(entry["key"]) if "key" in entry else ""
            found[provider] = KeyInfo(provider, entry["origin"], store, masked, _moment(entry.get("at")))
        for provider, kept in self._session.items():
            found[provider] = KeyInfo(provider, kept.origin, "session", mask(kept.key), kept.stored_at)
        return tuple(found[provider] for provider in sorted(found))

    async def _stored_key(self, provider: str, origin: str) -> str | None:
        kept = self._session.get(provider) or await self._from_disk(provider)
        if kept is None:
            return None
        if not same_origin(kept.origin, origin):
            raise other_origin(provider, kept.origin, origin)
        return kept.key

    async def _from_disk(self, provider: str) -> _Kept | None:
        entry = self._load_index().get(provider)
        if entry is None:
            return None
        if "key" in entry:
            return _Kept(entry["origin"], entry["key"])
        name = (provider, "keyring")
        async with self._asking.setdefault(name, asyncio.Lock()):
            if name not in self._cache:
                secret = await self._from_keyring(provider)
                if secret is None:
                    return None
                self._cache[name] = secret
        return self._cache[name]

    async def _from_keyring(self, provider: str) -> _Kept | None:
        if time.monotonic() < self._keyring_rests_until:
            raise KeyringUnusable(
                "The keyring failed a moment ago.", "Unlock it; then try again in a minute."
            )
        try:
            secret = await load_password(self._service, provider)
        except KeyringUnusable:
            self._keyring_rests_until = time.monotonic() + KEYRING_REST_S
            raise
        try:
            value = json.loads(secret or "null")
            return _Kept(value["origin"], value["key"])
        except (ValueError, TypeError, KeyError):
            return None

    async def _command_key(self, provider: str, command: tuple[str, ...]) -> str | None:
        """Programs are run once, however many requests wait, until the key is refused."""
        name = (provider, command)
        async with self._asking.setdefault(name, asyncio.Lock()):
            if name not in self._cache:
                key = await read_command(command, provider, self._environ)
                if key is None:
                    return None
                self._cache[name] = _Kept("", key)
        return self._cache[name].key

    def _load_index(self) -> dict[str, Any]:
        if not self._cleaned:  # a process that was killed may have left keys beside the file
            self._cleaned = True
            clean_up(self._path)
        signature = signature_of(self._path)
        if signature != self._signature:  # also when `halley key set` ran beside us
            found = load_state(self._path)
            self._index = {name: entry for name, entry in found.items() if _is_sound(entry)}
            self._signature = signature_of(self._path) if found else signature
            self._cache = {name: kept for name, kept in self._cache.items() if name[1] != "keyring"}
        return self._index


def _in_order(sources: Sequence[KeySource], explicit: bool) -> list[KeySource | None]:
    """None stands for the key that was entered."""
    return list(sources) if explicit and sources else [None, *sources]


def _checked(provider: str, origin: str, key: str) -> dict[str, str]:
    try:
        cleaned = clean_key(key, provider, "what was entered")
        if cleaned is None:
            raise InvalidInput("No key was entered.", "Paste the provider's key.", provider=provider)
        return {"origin": normalise_origin(origin), "key": cleaned}
    except NotConfigured as error:
        raise InvalidInput(error.problem.message, error.problem.help, provider=provider) from None
    except ValueError:
        raise InvalidInput(
            f"The address of {provider} is not an http or https address.",
            f"Set `providers.{provider}.base_url` first.",
            provider=provider,
        ) from None


def _is_sound(entry: Any) -> bool:
    """What is not is passed over, and stays in the file."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("origin"), str)
        and isinstance(entry.get("key", ""), str)
    )


def _moment(value: Any) -> float:
    """Seconds since 1970, 0.0 for what is no moment."""
    return float(value) if isinstance(value, int | float) and 0 <= value < 1 << 33 else 0.0


async def _asked_key(provider: str, origin: str, ask_key: AskKey | None) -> str | None:
    """The client's own key for exactly this origin. Not remembered here: another window is another client."""
    if ask_key is None:
        return None
    try:
        async with asyncio.timeout(ASK_TIME_LIMIT_S):
            key = await ask_key(provider, origin)
    except TimeoutError:
        return None
    return clean_key(key, provider, "the editor")


def other_origin(provider: str, bound: str, origin: str, what: str = "The key") -> NotConfigured:
    """What a user reads when a key would have gone elsewhere."""
    named = "The key" if what == "The key" else f"The key in {what}"
    setting = f"providers.{provider}.base_url"
    return NotConfigured(
        f"{named} of {provider} belongs to {bound}, not to {origin}.",
        f"If `{setting}` is right, enter the key again with `halley key set {provider}`"
        + ("." if what == "The key" else f", or name it in `providers.{provider}.key`."),
        provider=provider,
        setting=setting,
    )


def mask(key: str) -> str:
    """Enough to tell one's keys apart: `sk-…9f3c`; nothing of a short one."""
    return f"{key[:3]}…{key[-4:]}" if len(key) >= 16 else "…"
