"""Servers on this machine, found on their usual loopback ports and known by how they answer.

A port alone says nothing (8000 and 8080 are everybody's), so each must answer at a place of its own like the
thing it is taken for. Only loopback is asked, without any key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from halley.core.errors import HalleyError
from halley.core.settings import ProviderSettings
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.host import Host
from halley.providers.http.client import Http
from halley.providers.presets import PRESETS, load_preset, resolve_endpoint

CONNECT_S = 0.3
ANSWER_S = 1.5
_HERE = ("", "127.0.0.1", "localhost", "0.0.0.0", "::1", "::")
Ask = Callable[[str], Awaitable[Any]]


async def find_local_servers(http: Http, ports: Mapping[str, int] | None = None) -> tuple[Endpoint, ...]:
    """The endpoints of those that answer, within about two seconds. `ports` are other than the usual ones,
    by preset.
    """
    names = [name for name in PRESETS if (preset := load_preset(name)) and preset.port]
    found = await asyncio.gather(*(find_server(http, name, (ports or {}).get(name)) for name in names))
    return tuple(endpoint for endpoint in found if endpoint)


def named_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """Other than the usual ports, by preset: where `OLLAMA_HOST` has Ollama listen on this machine.

    Its forms: `host`, `host:port`, `:port`, `http://host:port`
    (https://github.com/ollama/ollama/blob/main/envconfig/config.go).
    """
    address = environ.get("OLLAMA_HOST", "").strip().strip("\"'")
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return {}
    return {"ollama": port} if port and host in _HERE else {}


async def find_server(http: Http, name: str, port: int | None = None) -> Endpoint | None:
    """The server of that preset on its usual port, if it is there and is what it should be."""
    preset = load_preset(name)
    known_as = IDENTITIES.get(name)
    if preset is None or known_as is None or preset.port is None:
        return None
    port = port or preset.port
    if not await _is_listening(port):
        return None
    usual = preset.base_url or f"http://127.0.0.1:{preset.port}/v1"
    endpoint = resolve_endpoint(
        name, ProviderSettings(base_url=usual.replace(f":{preset.port}", f":{port}")), {}
    )
    quick = replace(
        endpoint,
        keys=(),
        connect_timeout_s=CONNECT_S,
        first_byte_timeout_s=ANSWER_S,
        stall_timeout_s=ANSWER_S,
    )
    host = Host(quick, http, _no_key)

    async def ask(path: str) -> Any:
        try:
            return await host.send_for_json(quick.root_url(path), public=True)
        except HalleyError:
            return None

    return endpoint if await known_as(ask) else None


async def _is_ollama(ask: Ask) -> bool:
    return "version" in _mapping(await ask("/api/version")) and "models" in _mapping(await ask("/api/tags"))


async def _is_lmstudio(ask: Ask) -> bool:
    """Newer ones say so; in its own list each model says whether it is loaded."""
    if _mapping(await ask("/lmstudio-greeting")).get("lmstudio") is True:
        return True
    models = _mapping(await ask("/api/v0/models")).get("data")
    return isinstance(models, list) and bool(models) and all("state" in _mapping(model) for model in models)


async def _is_llamacpp(ask: Ask) -> bool:
    return "default_generation_settings" in _mapping(await ask("/props"))


async def _is_vllm(ask: Ask) -> bool:
    models = _mapping(await ask("/v1/models")).get("data")
    return (
        isinstance(models, list)
        and any(_mapping(model).get("owned_by") == "vllm" for model in models)
        and "version" in _mapping(await ask("/version"))
    )


async def _is_litellm(ask: Ask) -> bool:
    alive = await ask("/health/liveliness")
    return isinstance(alive, str) and "alive" in alive


async def _is_simulator(ask: Ask) -> bool:
    return "faults" in _mapping(await ask("/_simulator/options"))


IDENTITIES: dict[str, Callable[[Ask], Awaitable[bool]]] = {
    "ollama": _is_ollama,
    "lmstudio": _is_lmstudio,
    "llamacpp": _is_llamacpp,
    "vllm": _is_vllm,
    "litellm": _is_litellm,
    "simulator": _is_simulator,
}


async def _is_listening(port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


async def _no_key() -> None:
    return None
