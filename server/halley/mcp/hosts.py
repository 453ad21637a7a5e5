"""A server that is a host: streamable HTTP, with the user's own certificates and a bound on what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from halley.mcp.values import ServerSpec

if TYPE_CHECKING:
    import ssl

MOST_BYTES = 16 << 20
"""Of one message."""


@asynccontextmanager
async def talk_to_host(spec: ServerSpec, verify: ssl.SSLContext | None) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams the SDK's client takes. Its transport follows redirects within the origin only, so that headers
    never reach another."""
    timeout = httpx2.Timeout(spec.start_timeout_s, read=max(300.0, spec.call_timeout_s))
    async with (
        httpx2.AsyncClient(
            headers=dict(spec.headers),
            timeout=timeout,
            verify=verify or True,
            event_hooks={"response": [_bounded]},
        ) as http,
        streamable_http_client(spec.url, http_client=http, max_sse_event_size=MOST_BYTES) as streams,
    ):
        yield streams


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
