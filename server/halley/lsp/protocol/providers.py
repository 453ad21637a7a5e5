"""Providers and their keys."""

from __future__ import annotations

from typing import Literal

from halley.core.settings import WireKind
from halley.lsp.protocol.common import Empty, Problem
from halley.lsp.protocol.shape import RequestShape, Shape


class KeyStatus(Shape):
    status: Literal["present", "missing", "otherOrigin", "notNeeded"]
    source: str | None = None


class Health(Shape):
    ok: bool
    at: str
    ms: float | None = None
    problem: Problem | None = None


class Provider(Shape):
    id: str
    label: str
    kind: str
    base_url: str
    key: KeyStatus
    health: Health | None = None


class PresetRow(Shape):
    """A built-in provider that is not configured yet."""

    id: str
    label: str
    kind: str
    base_url: str | None = None
    key_needed: bool
    about: str | None = None


class ProvidersList(Shape):
    providers: list[Provider]
    presets: list[PresetRow] = []


class VerifyParams(Shape):
    provider: str
    model: str | None = None


class VerifyStep(Shape):
    name: str
    ok: bool
    ms: float | None = None
    problem: Problem | None = None


class Verified(Shape):
    ok: bool
    steps: list[VerifyStep]
    model: str | None = None
    first_token_ms: float | None = None


class SecretSetParams(Shape):
    provider: str
    key: str
    store: Literal["keyring", "file", "session"] = "keyring"


class ProviderParams(Shape):
    provider: str


class SecretGetParams(Shape):
    provider: str
    origin: str


class SecretGot(Shape):
    key: str | None


class KeySource(Shape):
    """Where a key comes from: exactly one of the five."""

    env: str | None = None
    keyring: bool | None = None
    command: list[str] | None = None
    file: str | None = None
    client: bool | None = None


class ProviderSaveParams(Shape):
    """A provider in the user's configuration. Absent fields stay unchanged; a preset supplies the rest."""

    id: str
    kind: WireKind | None = None
    preset: str | None = None
    label: str | None = None
    base_url: str | None = None
    key: KeySource | None = None
    headers: dict[str, str] | None = None
    proxy: str | None = None
    ca_bundle: str | None = None
    enabled: bool | None = None


class ProviderIdParams(Shape):
    id: str


REQUESTS: dict[str, RequestShape] = {
    "halley/providers/list": RequestShape(
        Empty, ProvidersList, "The configured providers and the state of their keys."
    ),
    "halley/providers/verify": RequestShape(
        VerifyParams, Verified, "Key, catalogue and first token, step by step."
    ),
    "halley/secrets/set": RequestShape(
        SecretSetParams, Empty, "Stores a key, bound to the provider's origin."
    ),
    "halley/secrets/remove": RequestShape(ProviderParams, Empty, "Removes a stored key."),
    "halley/secrets/get": RequestShape(
        SecretGetParams, SecretGot, "The key that the client stores for exactly this origin.", to_client=True
    ),
    "halley/providers/save": RequestShape(
        ProviderSaveParams, Empty, "Saves a provider in the user's configuration."
    ),
    "halley/providers/remove": RequestShape(
        ProviderIdParams, Empty, "Removes a provider from the user's configuration."
    ),
}
