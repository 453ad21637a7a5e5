"""One configured endpoint, as a value: the preset with the user's settings over it.

`presets.resolve_endpoint` makes these. Two equal endpoints are the same endpoint: code that pools providers may
use them as keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from halley.core.settings import KeySource, WireKind
from halley.providers.urls import is_loopback, join_url, origin_of

Auth = Literal["bearer", "x-api-key", "api-key"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """A host's peculiarities, from its preset."""

    auth: Auth = "bearer"
    """Which header carries the key."""
    version_path: str = "/v1"
    fim: str = ""
    """How this host fills in the middle, for models that can (`wires/fim.py` names the forms)."""
    drop: tuple[str, ...] = ()
    """Parameters no model of this host takes."""
    catalogue: Literal["", "comet", "openrouter"] = ""
    """The form of its catalogue with prices."""
    price_book: str = ""
    """The name `genai-prices` knows this host by."""
    limits: Literal["", "llamacpp", "ollama", "lmstudio", "litellm"] = ""
    """How it reports the context windows it works with (`hosts/limits.py`)."""
    quota: Literal["", "comet", "openrouter", "litellm"] = ""
    """How it reports the remaining balance (`hosts/quota.py`)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything needed to reach one host, but its key."""

    id: str
    label: str
    kind: WireKind
    base_url: str
    keys: tuple[KeySource, ...] = ()
    """Where to look for a key, in order; the user's own sources before the preset's."""
    key_needed: bool = True
    public_key: str = ""
    """A key that is no secret, sent where no other is found (the simulator's)."""
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    """None: as the environment says."""
    ca_bundle: str | None = None
    client_cert: str | None = None
    concurrency: int = 64
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 60.0
    stall_timeout_s: float = 60.0
    result_origins: tuple[str, ...] = ()
    """Other origins its results may be fetched from, though they are not public (`hosts/fetching.py`)."""
    enabled: bool = True
    preset: str | None = None
    quirks: Quirks = field(default_factory=Quirks)

    @property
    def origin(self) -> str:
        """`https://api.example.com`, with the port unless it is the scheme's own: what keys are bound to."""
        return origin_of(self.base_url)

    @property
    def is_local(self) -> bool:
        return is_loopback(self.base_url)

    def url(self, path: str) -> str:
        """The address of an operation: `url("/models")`."""
        return join_url(self.base_url, path)

    def root_url(self, path: str) -> str:
        """An address at the root of the host, for what lives beside the API."""
        return self.origin + path

    def setting(self, name: str) -> str:
        """`providers.comet.base_url`: how errors name a setting of this endpoint."""
        return f"providers.{self.id}.{name}"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc
