"""HTTP: one request, one answer, and everything that may go wrong between them. Start here.

`Http.send` makes an `httpx.Request` and gives it straight to a transport (`transport.py`, shared by `pool.py`); the
`httpx.Response` comes back as an `HttpAnswer` once its status and headers are there. Only errors of `core.errors` come
out. `httpx.AsyncClient` is not used: it would follow redirects with a prompt in the body, keep cookies, read `.netrc`
for passwords, and cost more than the request itself (`bench/README.md`).

Bounds are the endpoint's: `connect_timeout_s`, `first_byte_timeout_s` (from sending to headers),
`stall_timeout_s` (silence while the body is being waited for). How many requests run at the same time is decided in
routing. httpx and aiohttp are imported with the first request, in a thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from halley.core.errors import UpstreamError
from halley.providers.http.answer import HttpAnswer
from halley.providers.http.connection_errors import error_of_failure, timed_out
from halley.providers.http.forms import Form
from halley.providers.http.pool import Pool, load_libraries
from halley.providers.http.proxies import find_proxy
from halley.providers.http.unpack import ACCEPTED
from halley.version import __version__

if TYPE_CHECKING:
    import httpx

    from halley.providers.endpoint import Endpoint
    from halley.providers.http.proxies import Proxy

USER_AGENT = f"halley/{__version__}"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send. `headers` come after the endpoint's own and win over them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    form: Form | None = None
    """Sent as `multipart/form-data` instead of `content`."""
    compressed: bool = False
    """May the answer be compressed? Not for streams: a compressor holds events back."""


class Http:
    """All of Halley's connections: made once, shared by every provider, closed at the end."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, known_keys: Callable[[], Iterable[str]] = tuple
    ) -> None:
        """`known_keys` gives every key there is: none may come back from any host."""
        self._environ = environ
        self.known_keys = known_keys
        self._pool = Pool()
        self._draining: set[asyncio.Task[None]] = set()

    def has_proxy(self, endpoint: Endpoint) -> bool:
        return find_proxy(endpoint, self._environ) is not None

    async def warm_up(self) -> None:
        """Imports what the first request needs, in a thread."""
        await asyncio.to_thread(load_libraries)

    async def send(
        self, endpoint: Endpoint, request: HttpRequest, *, public_only: bool = False
    ) -> HttpAnswer:
        """The answer, as soon as its headers are there. Raises UpstreamError for every failure of the
        connection. With `public_only` no connection is made to this machine or a private network.
        """
        proxy = find_proxy(endpoint, self._environ)
        # Behind a proxy the addresses are the proxy's to look up, and ours would be those of the proxy itself.
        shared = await self._pool.get(endpoint, proxy, public_only=public_only and proxy is None)
        shared.in_use += 1
        try:
            response = await _open(shared.transport, endpoint, request, proxy)
        except BaseException:
            shared.release()
            raise
        return HttpAnswer(endpoint, response, shared.release, self._drain)

    async def aclose(self) -> None:
        """Closes every connection, also those in use."""
        for task in tuple(self._draining):
            task.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)
        await self._pool.aclose()

    def _drain(self, answer: HttpAnswer) -> None:
        """Reads the rest of an answer away in the background, so that its connection can be used again."""
        if answer.close_at_end():
            return
        task = asyncio.get_running_loop().create_task(answer.drain())
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)


async def _open(
    transport: httpx.AsyncBaseTransport, endpoint: Endpoint, request: HttpRequest, proxy: Proxy | None
) -> httpx.Response:
    try:
        async with asyncio.timeout(endpoint.first_byte_timeout_s):
            return await transport.handle_async_request(_outgoing(endpoint, request))
    except UpstreamError:
        raise
    except TimeoutError as failure:  # ours: httpx's own are of another family
        raise timed_out("first_byte", endpoint) from failure
    except Exception as failure:
        raise error_of_failure(failure, endpoint, proxy) from failure


def _outgoing(endpoint: Endpoint, request: HttpRequest) -> httpx.Request:
    """The request, complete with `host` and length.

    Bytes go in as a stream: for `content=` httpx would parse and sort the headers a second time, which costs more
    than all the rest of it.
    """
    import httpx

    url, host = _parsed(request.url)
    headers = {
        "host": host,
        "user-agent": USER_AGENT,
        # Said in so many words: without the header a host may compress as it likes.
        "accept-encoding": ACCEPTED if request.compressed else "identity",
        **{name.lower(): value for name, value in endpoint.headers},
        **{name.lower(): value for name, value in request.headers.items()},
    }
    if request.content:
        headers["content-length"] = str(len(request.content))
    form = request.form
    return httpx.Request(
        request.method,
        url,
        headers=[
            (name.encode(), value.encode()) for name, value in headers.items()
        ],  # httpx alone takes ASCII only
        stream=None if form else httpx.ByteStream(request.content),
        files=form.parts if form else None,
        extensions={"timeout": {"connect": endpoint.connect_timeout_s}},
    )


@lru_cache(maxsize=128)
def _parsed(url: str) -> tuple[httpx.URL, str]:
    """The address, and what its `host` header says. Parsing one takes as long as sending a request by it."""
    import httpx

    parsed = httpx.URL(url)
    return parsed, parsed.netloc.decode()
