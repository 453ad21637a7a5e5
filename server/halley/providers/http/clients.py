"""The HTTP clients: one, with one TLS context, for each (proxy, CA bundle, client certificate).

A changed setting or file is another key, so it applies with the next request; a client that nobody has used
for a while is closed. Everything is imported and read in a thread, at first use.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    import aiohttp

    from halley.providers.endpoint import Endpoint
    from halley.providers.http.proxies import Proxy

IDLE_S = 90.0
"""How long a client without requests is kept while others exist."""
KEEP_ALIVE_S = 30.0
DNS_TTL_S = 30
LARGEST_HEADER = 32 * 1024

Key = tuple[Any, ...]


@dataclass(slots=True)
class Client:
    session: aiohttp.ClientSession
    in_use: int = 0
    last_used: float = field(default_factory=time.monotonic)
    _timeouts: dict[float, aiohttp.ClientTimeout] = field(default_factory=dict[float, Any])

    def timeout(self, connect_s: float) -> aiohttp.ClientTimeout:
        """Bounds for connecting alone; the others are `transport.py`'s."""
        found = self._timeouts.get(connect_s)
        if found is None:
            import aiohttp

            found = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
            self._timeouts[connect_s] = found
        return found

    def release(self) -> None:
        self.in_use -= 1
        self.last_used = time.monotonic()

    def is_idle(self, now: float) -> bool:
        return self.in_use == 0 and now - self.last_used >= IDLE_S


class Clients:
    """Finds or makes the client for an endpoint."""

    def __init__(self) -> None:
        self._clients: dict[Key, Client] = {}
        self._making = asyncio.Lock()
        self._sweep: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        await asyncio.to_thread(_import)

    async def get(self, endpoint: Endpoint, proxy: Proxy | None, *, public_only: bool = False) -> Client:
        """Raises TlsFailed when a certificate file cannot be used."""
        key = (*_key(endpoint, proxy), public_only)
        client = self._clients.get(key)
        if client is None:
            async with self._making:
                client = self._clients.get(key)
                if client is None:
                    context = await asyncio.to_thread(_prepare, endpoint, needs_tls(endpoint, proxy))
                    client = self._clients[key] = _build(context, public_only)
                    self._sweep_later()
        return client

    async def aclose(self) -> None:
        if self._sweep:
            self._sweep.cancel()
        clients, self._clients = list(self._clients.values()), {}
        await asyncio.gather(
            *(client.session.close() for client in clients), *self._closing, return_exceptions=True
        )

    def close_idle(self) -> None:
        """Closes the clients nobody has used for a while, but for the last one."""
        now = time.monotonic()
        for key, client in list(self._clients.items()):
            if len(self._clients) > 1 and client.is_idle(now):
                del self._clients[key]
                task = asyncio.get_running_loop().create_task(client.session.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        self._sweep = None
        self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep is None and len(self._clients) > 1:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_S, self.close_idle)


def needs_tls(endpoint: Endpoint, proxy: Proxy | None) -> bool:
    return endpoint.base_url.startswith("https:") or bool(proxy and proxy.url.startswith("https:"))


def _key(endpoint: Endpoint, proxy: Proxy | None) -> Key:
    if not needs_tls(endpoint, proxy):
        return (proxy and proxy.url,)
    files = (endpoint.ca_bundle, endpoint.client_cert)
    return (proxy and proxy.url, *files, *(_changed(path) for path in files))


def _changed(path: str | None) -> float:
    """When the file changed, so that a renewed certificate is read again."""
    try:
        return Path(path).expanduser().stat().st_mtime if path else 0.0
    except OSError:
        return 0.0


def _import() -> None:
    import logging

    import aiohttp  # noqa: F401

    logging.getLogger("aiohttp.client").setLevel(logging.WARNING)  # one kind of host wants keys in its URL


def _prepare(endpoint: Endpoint, tls: bool) -> ssl.SSLContext | None:
    from halley.providers.http.tls import build_tls_context

    _import()
    try:
        return build_tls_context(endpoint.ca_bundle, endpoint.client_cert) if tls else None
    except Exception as error:
        about = getattr(error, "about", None)
        problem = getattr(error, "problem", None)
        if about and problem:
            about(provider=endpoint.id, setting=endpoint.setting(problem.setting))
        raise


def _public_resolver() -> Any:
    """Looks names up as ever, and takes none that leads to this machine or into a private network."""
    from aiohttp.resolver import ThreadedResolver

    from halley.providers.http.addresses import is_public

    class PublicResolver(ThreadedResolver):
        async def resolve(self, host: str, *arguments: Any, **options: Any) -> Any:
            found = await super().resolve(host, *arguments, **options)
            if not all(is_public(row["host"]) for row in found):
                raise OSError(f"{host} is not public")
            return found

    return PublicResolver()


def _build(context: ssl.SSLContext | None, public_only: bool = False) -> Client:
    import aiohttp

    connector = aiohttp.TCPConnector(
        limit=0,
        ttl_dns_cache=DNS_TTL_S,
        keepalive_timeout=KEEP_ALIVE_S,
        ssl=context if context is not None else True,
        resolver=_public_resolver() if public_only else None,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,
        max_line_size=LARGEST_HEADER,
        max_field_size=LARGEST_HEADER,
    )
    return Client(session)
