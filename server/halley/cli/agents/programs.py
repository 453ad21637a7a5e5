"""Other agents, and how each is given a provider and a model: variables and arguments, as its documentation has them.

Pure. The key itself is not here: `Handed.key` names the variable that it goes into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson

from halley.core.settings import WireKind
from halley.providers.endpoint import Endpoint

KEY = "HALLEY_AGENT_KEY"
"""Where a program lets us choose the name of the variable."""


@dataclass(frozen=True, slots=True)
class Handed:
    key: str
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    title: str
    command: str
    speaks: frozenset[WireKind]
    hand: Callable[[Endpoint, str], Handed]
    """(the endpoint, the model's name there)."""


def _claude(endpoint: Endpoint, model: str) -> Handed:
    key = "ANTHROPIC_API_KEY" if endpoint.quirks.auth == "x-api-key" else "ANTHROPIC_AUTH_TOKEN"
    return Handed(key, {"ANTHROPIC_BASE_URL": _root(endpoint), "ANTHROPIC_MODEL": model})


def _codex(endpoint: Endpoint, model: str) -> Handed:
    provider = {
        "name": endpoint.label,
        "base_url": endpoint.base_url,
        "env_key": KEY,
        "wire_api": "responses",
    }
    given = [
        f"model_providers.halley.{name}={orjson.dumps(value).decode()}" for name, value in provider.items()
    ]
    rows = ('model_provider="halley"', f"model={orjson.dumps(model).decode()}", *given)
    return Handed(KEY, {}, tuple(word for row in rows for word in ("-c", row)))


def _opencode(endpoint: Endpoint, model: str) -> Handed:
    package = "@ai-sdk/anthropic" if endpoint.kind == "anthropic" else "@ai-sdk/openai-compatible"
    options = {"baseURL": endpoint.base_url, "apiKey": f"{{env:{KEY}}}"}
    provider = {"npm": package, "name": endpoint.label, "options": options, "models": {model: {}}}
    config = {"model": f"halley/{model}", "provider": {"halley": provider}}
    return Handed(KEY, {"OPENCODE_CONFIG_CONTENT": orjson.dumps(config).decode()})


def _aider(endpoint: Endpoint, model: str) -> Handed:
    if endpoint.kind == "anthropic":
        env = {"ANTHROPIC_API_BASE": _root(endpoint), "AIDER_MODEL": f"anthropic/{model}"}
        return Handed("ANTHROPIC_API_KEY", env)
    return Handed("OPENAI_API_KEY", {"OPENAI_API_BASE": endpoint.base_url, "AIDER_MODEL": f"openai/{model}"})


def _goose(endpoint: Endpoint, model: str) -> Handed:
    if endpoint.kind == "anthropic":
        env = {"GOOSE_PROVIDER": "anthropic", "GOOSE_MODEL": model, "ANTHROPIC_HOST": _root(endpoint)}
        return Handed("ANTHROPIC_API_KEY", env)
    path = f"{urlsplit(endpoint.base_url).path.strip('/')}/chat/completions".lstrip("/")
    env = {"GOOSE_PROVIDER": "openai", "GOOSE_MODEL": model}
    return Handed("OPENAI_API_KEY", env | {"OPENAI_HOST": endpoint.origin, "OPENAI_BASE_PATH": path})


def _root(endpoint: Endpoint) -> str:
    """The address without its version, which Anthropic's own clients add."""
    return endpoint.base_url.rstrip("/").removesuffix("/v1")


_CHAT: frozenset[WireKind] = frozenset(("openai", "openai-responses", "anthropic"))
PROGRAMS: Mapping[str, Program] = {
    "claude": Program("Claude Code", "claude", frozenset(("anthropic",)), _claude),
    "codex": Program("Codex", "codex", frozenset(("openai-responses",)), _codex),
    "opencode": Program("opencode", "opencode", _CHAT, _opencode),
    "aider": Program("aider", "aider", _CHAT, _aider),
    "goose": Program("goose", "goose", _CHAT, _goose),
}
"""Name on the command line → the program."""
