"""The transports: one, with one TLS context, for each (proxy, CA bundle, client certificate).

A changed setting or file is another key, so it applies with the next request; a transport that has not been used
for a while is closed. Everything is imported and read in a thread, at first use.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    import httpx

    from halley.providers.endpoint import Endpoint
    from halley.providers.http.proxies import Proxy

IDLE_S = 90.0
"""How long a transport without requests is kept while others exist."""

Key = tuple[Any, ...]


@dataclass(slots=True)
class Shared:
    """A transport and how many answers still use it."""

    transport: httpx.AsyncBaseTransport
    in_use: int = 0
    last_used: float = field(default_factory=time.monotonic)

    def release(self) -> None:
        self.in_use -= 1
        self.last_used = time.monotonic()

    def is_idle(self, now: float) -> bool:
        return self.in_use == 0 and now - self.last_used >= IDLE_S


class Pool:
    """Finds or makes the transport for an endpoint."""

    def __init__(self) -> None:
        self._transports: dict[Key, Shared] = {}
        self._making = asyncio.Lock()
        self._sweep: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def get(self, endpoint: Endpoint, proxy: Proxy | None, *, public_only: bool = False) -> Shared:
        """Raises TlsFailed when a certificate file cannot be used."""
        key = (*_key(endpoint, proxy), public_only)
        shared = self._transports.get(key)
        if shared is None:
            async with self._making:
                shared = self._transports.get(key)
                if shared is None:
                    # Certificates are read from files and parsed, which would hold all streams of the process.
                    context = await asyncio.to_thread(_prepare, endpoint, needs_tls(endpoint, proxy))
                    shared = self._transports[key] = Shared(build_transport(context, proxy, public_only))
                    self._sweep_later()
        return shared

    async def aclose(self) -> None:
        if self._sweep:
            self._sweep.cancel()
        every, self._transports = list(self._transports.values()), {}
        await asyncio.gather(
            *(shared.transport.aclose() for shared in every), *self._closing, return_exceptions=True
        )

    def close_idle(self) -> None:
        """Closes the transports that have not been used for a while, but for the last one."""
        now = time.monotonic()
        for key, shared in list(self._transports.items()):
            # The last one stays: the next request should not pay for a TLS context again.
            if len(self._transports) > 1 and shared.is_idle(now):
                del self._transports[key]
                task = asyncio.get_running_loop().create_task(shared.transport.aclose())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        self._sweep = None
        self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep is None and len(self._transports) > 1:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_S, self.close_idle)


def needs_tls(endpoint: Endpoint, proxy: Proxy | None) -> bool:
    return endpoint.base_url.startswith("https:") or bool(proxy and proxy.url.startswith("https:"))


def load_libraries() -> None:
    """Imports what a request needs, and no more: httpx's command line would bring click, rich and pygments."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # httpx does without it
    import halley.providers.http.transport  # noqa: F401


def build_transport(
    context: ssl.SSLContext | None, proxy: Proxy | None, public_only: bool
) -> httpx.AsyncBaseTransport:
    """Called in the event loop, after `load_libraries`."""
    from halley.providers.http.transport import Transport

    return Transport(context, proxy, public_only=public_only)


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


def _prepare(endpoint: Endpoint, tls: bool) -> ssl.SSLContext | None:
    from halley.providers.http.tls import build_tls_context

    load_libraries()
    try:
        return build_tls_context(endpoint.ca_bundle, endpoint.client_cert) if tls else None
    except Exception as error:
        about = getattr(error, "about", None)
        problem = getattr(error, "problem", None)
        if about and problem:
            about(provider=endpoint.id, setting=endpoint.setting(problem.setting))
        raise
