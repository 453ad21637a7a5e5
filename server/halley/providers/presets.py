"""The endpoints Halley knows by name, and how the user's settings go over them.

A preset is `catalog/<name>.toml`: where the API lives, which environment variables hold its key, and its
quirks as data. Adding one is adding a file. What is known of single models is `facts.py`'s.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from halley.core.errors import NotConfigured
from halley.core.settings import KeySource, ProviderSettings, WireKind
from halley.providers.endpoint import Endpoint, Quirks
from halley.providers.urls import normalize_base_url, operation_of

CATALOG = Path(__file__).parent / "catalog"
PRESETS: tuple[str, ...] = (
    "comet", "openai", "anthropic", "gemini", "openrouter", "deepseek", "mistral", "groq", "azure",
    "ollama", "lmstudio", "llamacpp", "vllm", "litellm", "simulator",
)  # fmt: skip
"""In the order people should see them; each has a file in `catalog`."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A file of `catalog`, read."""

    name: str
    label: str
    kind: WireKind = "openai"
    base_url: str | None = None
    """None where only the user can know it."""
    base_url_env: tuple[str, ...] = ()
    """Environment variables that name another base URL, as the host's own tools read them."""
    key_env: tuple[str, ...] = ()
    key_needed: bool = True
    public_key: str = ""
    port: int | None = None
    """For a server on this machine: the loopback port it usually has."""
    hosts: tuple[str, ...] = ()
    """Patterns of host names that are surely of this kind, whatever the provider is called."""
    about: str = ""
    """One line: what it is, and where its keys come from."""
    calls_page: str = ""
    """The page on which the host shows an account's own requests."""
    quirks: Quirks = field(default_factory=Quirks)


@lru_cache(maxsize=64)
def load_preset(name: str) -> Preset | None:
    """The preset of that name, or None."""
    if name not in PRESETS:
        return None
    data: dict[str, Any] = {key: _frozen(value) for key, value in load_catalog_file(name).items()}
    quirks: dict[str, Any] = {key: _frozen(value) for key, value in data.pop("quirks", {}).items()}
    data.pop("models", None)  # these are `facts.py`'s
    return Preset(name=name, quirks=Quirks(**quirks), **data)


@lru_cache(maxsize=64)
def load_catalog_file(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((CATALOG / f"{name}.toml").read_text(encoding="utf-8"))


def resolve_endpoint(
    id: str, settings: ProviderSettings | None = None, environ: Mapping[str, str] = os.environ
) -> Endpoint:
    """The endpoint that provider `id` stands for: its preset, with `settings` over it.

    Raises NotConfigured when it has no address, an unusable one, or names a preset there is none of.
    """
    settings = settings or ProviderSettings()
    preset = load_preset(settings.preset or id)
    if settings.preset and preset is None:
        raise NotConfigured(
            f"There is no preset '{settings.preset}'.",
            f"Set `providers.{id}.preset` to one of {', '.join(PRESETS)}.",
            setting=f"providers.{id}.preset",
        )
    preset = preset or Preset(name="", label=id, key_needed=False)
    kind = settings.kind or operation_of(settings.base_url or "") or preset.kind
    known = preset if preset.name else _of_host(settings.base_url or "") or preset
    quirks = known.quirks if kind in (known.kind, "openai-responses") else Quirks(auth=_auth_of(kind))
    return Endpoint(
        id=id,
        label=settings.label
        or (preset.label if preset.name == id or not preset.name else f"{preset.label} ({id})"),
        kind=kind,
        base_url=_base_url(id, settings, preset, quirks, environ),
        keys=_keys(settings, preset),
        key_needed=preset.key_needed or settings.key is not None,
        public_key=preset.public_key,
        headers=tuple(settings.headers.items()),
        proxy=settings.proxy,
        ca_bundle=settings.ca_bundle,
        client_cert=settings.client_cert,
        concurrency=settings.concurrency,
        connect_timeout_s=settings.connect_timeout_s,
        first_byte_timeout_s=settings.first_byte_timeout_s,
        stall_timeout_s=settings.stall_timeout_s,
        result_origins=settings.result_origins,
        enabled=settings.enabled,
        preset=preset.name or None,
        quirks=quirks,
    )


def _of_host(address: str) -> Preset | None:
    """The preset whose kind of host this is. Its keys are not looked for: they were not named for this provider."""
    host = urlsplit(address if "://" in address else f"https://{address}").hostname or ""
    for preset in filter(None, map(load_preset, PRESETS)):
        if any(fnmatchcase(host, pattern) for pattern in preset.hosts):
            return preset
    return None


def _base_url(
    id: str, settings: ProviderSettings, preset: Preset, quirks: Quirks, environ: Mapping[str, str]
) -> str:
    setting = f"providers.{id}.base_url"
    variable = next((name for name in preset.base_url_env if environ.get(name)), None)
    named = settings.base_url or (environ[variable] if variable else preset.base_url)
    if not named:
        hint = f" or the environment variable {preset.base_url_env[0]}" if preset.base_url_env else ""
        raise NotConfigured(
            f"The provider '{id}' has no base URL.", f"Set `{setting}`{hint}.", provider=id, setting=setting
        )
    if variable and not settings.base_url:
        setting = variable
    try:
        return normalize_base_url(named, quirks.version_path, setting)
    except NotConfigured as error:
        raise error.about(provider=id) from None


def _keys(settings: ProviderSettings, preset: Preset) -> tuple[KeySource, ...]:
    if settings.key is not None:
        return settings.key if isinstance(settings.key, tuple) else (settings.key,)
    return tuple(
        KeySource(env=name, keyring=False, command=None, file=None, client=False) for name in preset.key_env
    )


def _auth_of(kind: WireKind) -> Any:
    return "x-api-key" if kind == "anthropic" else "bearer"


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
