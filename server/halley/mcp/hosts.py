"""A server that is a host: streamable HTTP, with the user's own certificates and a bound on what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from halley.mcp.values import ServerSpec, ToolFailed

if TYPE_CHECKING:
    import ssl

MOST_BYTES = 16 << 20
"""Of one message."""


@asynccontextmanager
async def talk_to_host(
    spec: ServerSpec, verify: ssl.SSLContext | None, auth: httpx2.Auth | None = None
) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams the SDK's client takes. Its transport follows redirects within the origin only, so that headers
    never reach another."""
    async with (
        host_client(spec, verify, auth) as http,
        streamable_http_client(spec.url, http_client=http, max_sse_event_size=MOST_BYTES) as streams,
    ):
        yield streams


@asynccontextmanager
async def host_client(
    spec: ServerSpec, verify: ssl.SSLContext | None, auth: httpx2.Auth | None
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client for a host. It sends nothing to an address that a server may not name, and answers are bounded."""

    async def check(request: httpx2.Request) -> None:
        check_address(str(request.url), spec.url)

    async with httpx2.AsyncClient(
        headers=dict(spec.headers),
        timeout=httpx2.Timeout(spec.start_timeout_s, read=max(300.0, spec.call_timeout_s)),
        verify=verify or True,
        auth=auth,
        event_hooks={"request": [check], "response": [_bounded]},
    ) as http:
        yield http


def check_address(address: str, server: str) -> None:
    """Raises ToolFailed for what a server may not send us to: plain http, and this machine or its network where the
    server itself is elsewhere."""
    to, own = httpx2.URL(address), httpx2.URL(server)
    if _origin(to) == _origin(own) and to.userinfo in (b"", own.userinfo):
        return
    secure = to.scheme == "https" or (to.scheme == "http" and is_here(to.host))
    near = is_here(to.host) or _is_private(to.host)
    may_be_near = is_here(own.host) or _is_private(own.host)
    if not to.host or to.userinfo or not secure or (near and not may_be_near):
        raise ToolFailed(f"The sign-in leads to {to.scheme}://{to.host}, which is not safe.")


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    """As httpx2 normalises it: host in lower case, a scheme's usual port as None."""
    return url.scheme, url.host, url.port


def is_here(host: str) -> bool:
    """Whether a host is this machine by its name or address."""
    return host == "localhost" or host.endswith(".localhost") or _address_is(host, "is_loopback")


def _is_private(host: str) -> bool:
    return _address_is(host, "is_private") or _address_is(host, "is_link_local")


def _address_is(host: str, what: str) -> bool:
    try:
        return bool(getattr(ip_address(host), what))
    except ValueError:
        return False


async def _bounded(response: httpx2.Response) -> None:
    """Whole answers are read into memory by the SDK: not without end. Streams of events are bounded by event."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > MOST_BYTES:
                raise httpx2.ReadError(f"an answer of more than {MOST_BYTES >> 20} MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
