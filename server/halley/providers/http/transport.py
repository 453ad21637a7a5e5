"""HTTP: one request, one answer, and everything that may go wrong between them.

`Http.send` gives an `Answer` once its status and headers are there; its body is read by `next_chunk` (for
streams) or `read` (whole, capped). Only errors of `core.errors` come out. Redirects are never followed,
nothing is retried, cookies are not kept. aiohttp is the machine beneath: httpcore's pool is quadratic in open
connections, and httpx over aiohttp takes four times as long for each request (`bench/README.md`).

Bounds are the endpoint's: `connect_timeout_s`, `first_byte_timeout_s` (from sending to headers),
`stall_timeout_s` (silence while the body is being waited for; a reader that is slow itself is not silence of
the host). How many requests run at once is decided above. aiohttp is imported with the first request, in a
thread.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from halley.core.errors import BadReply, UpstreamError
from halley.providers.http.clients import Client, Clients
from halley.providers.http.connection_errors import error_of_failure, interrupted, timed_out, too_large
from halley.providers.http.proxies import Proxy, find_proxy
from halley.providers.http.unpack import ACCEPTED, CannotUnpack, Unpacker
from halley.version import __version__

if TYPE_CHECKING:
    import aiohttp

    from halley.providers.endpoint import Endpoint

USER_AGENT = f"halley/{__version__}"
BODY_LIMIT = 32 * 1024 * 1024
DRAIN_S = 2.0
DRAIN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `headers` come after the endpoint's own and win over them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    compressed: bool = False
    """May the answer be compressed? Not for streams: a compressor holds events back."""


class Http:
    """All of Halley's connections: made once, shared by every provider, closed at the end."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._clients = Clients()
        self._draining: set[asyncio.Task[None]] = set()
        self._answered: WeakKeyDictionary[asyncio.Task[Any], float] = WeakKeyDictionary()

    async def warm(self) -> None:
        """Imports what the first request needs, in a thread, so that this request need not wait for it."""
        await self._clients.load()

    def has_proxy(self, endpoint: Endpoint) -> bool:
        return find_proxy(endpoint, self._environ) is not None

    async def send(self, endpoint: Endpoint, request: Request, *, public_only: bool = False) -> Answer:
        """The answer, as soon as its headers are there. Raises UpstreamError for every failure of the
        connection. With `public_only` no connection is made to this machine or a private network.
        """
        proxy = find_proxy(endpoint, self._environ)
        client = await self._clients.get(endpoint, proxy, public_only=public_only and proxy is None)
        client.in_use += 1
        try:
            response = await _open(client, endpoint, request, proxy)
        except BaseException:
            client.release()
            raise
        if (task := asyncio.current_task()) is not None:
            self._answered[task] = time.monotonic()
        return Answer(self, client, endpoint, response)

    def answered_at(self) -> float | None:
        """When the last answer to the current task began, in seconds of the monotonic clock."""
        task = asyncio.current_task()
        return self._answered.get(task) if task else None

    async def aclose(self) -> None:
        """Closes every connection, also those in use."""
        for task in tuple(self._draining):
            task.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)
        await self._clients.aclose()

    def drain(self, answer: Answer) -> None:
        """Reads the rest of an answer away in the background, so that its connection can be used again."""
        task = asyncio.get_running_loop().create_task(_drain(answer))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)


class Answer:
    """Status, headers (names in lower case) and a body still to be read. Whoever has one closes it."""

    __slots__ = (
        "_client",
        "_content",
        "_http",
        "_pieces",
        "_response",
        "_unpacker",
        "_watch",
        "endpoint",
        "headers",
        "status",
    )

    def __init__(
        self, http: Http, client: Client, endpoint: Endpoint, response: aiohttp.ClientResponse
    ) -> None:
        self.status = response.status
        self.headers: dict[str, str] = _headers(response.raw_headers)
        self.endpoint = endpoint
        self._http, self._response = http, response
        self._client: Client | None = client
        self._content = response.content
        self._watch = _Watch(endpoint.stall_timeout_s)
        self._pieces: Iterator[bytes] = iter(())
        encoding = self.headers.get("content-encoding", "")
        self._unpacker = None if encoding.lower() in ("", "identity") else encoding

    async def next_chunk(self) -> bytes:
        """The next bytes as they came, empty at the end.

        Raises UpstreamTimeout after silence, Interrupted when the connection broke, BadReply for what cannot
        be unpacked.
        """
        if self._unpacker is None:
            return await self._next_raw()
        try:
            while True:
                if piece := next(self._pieces, b""):
                    return piece
                raw = await self._next_raw()
                if not raw:
                    return b""
                if isinstance(self._unpacker, str):
                    self._unpacker = Unpacker(self._unpacker)
                self._pieces = self._unpacker.feed(raw)
        except CannotUnpack as error:
            raise BadReply(
                f"{self.endpoint.label} sent an answer compressed in a way that was not asked for ({error}).",
                "A proxy on the way may be broken.",
                provider=self.endpoint.id,
            ) from None

    async def read(self, limit: int = BODY_LIMIT) -> bytes:
        """The whole body. Raises BadReply beyond `limit` bytes, unpacked."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self.next_chunk():
            size += len(piece)
            if size > limit:
                raise too_large(self.endpoint)
            pieces.append(piece)
        return b"".join(pieces)

    def expect_end(self, seconds: float) -> None:
        """From here on only the end is waited for, and no longer than this."""
        self._watch.seconds = min(self._watch.seconds, seconds)
        self._watch.start()

    def finish(self) -> None:
        """The part that matters has been read: the rest is drained in the background."""
        self._http.drain(self)

    async def aclose(self) -> None:
        """Closes it; an answer not read to its end takes its connection with it."""
        self._watch.stop()
        if self._client is not None:
            client, self._client = self._client, None
            client.release()
            self._response.release()

    async def _next_raw(self) -> bytes:
        watch = self._watch
        watch.begin()
        try:
            return await self._content.readany()
        except asyncio.CancelledError:
            if watch.expired():
                raise timed_out("stall", self.endpoint) from None
            raise
        except Exception as failure:
            raise _broken(failure, self.endpoint) from failure
        finally:
            watch.end()


async def _open(
    client: Client, endpoint: Endpoint, request: Request, proxy: Proxy | None
) -> aiohttp.ClientResponse:
    from yarl import URL

    headers = {
        "user-agent": USER_AGENT,
        "accept-encoding": ACCEPTED if request.compressed else "identity",
        **{name.lower(): value for name, value in endpoint.headers},
        **{name.lower(): value for name, value in request.headers.items()},
    }
    try:
        async with asyncio.timeout(endpoint.first_byte_timeout_s):
            return await client.session.request(
                request.method,
                URL(request.url),
                headers=headers,
                data=request.content or None,
                allow_redirects=False,
                timeout=client.timeout(endpoint.connect_timeout_s),
                proxy=proxy.address if proxy else None,
                proxy_headers=proxy.headers if proxy else None,
            )
    except UpstreamError:
        raise
    except Exception as failure:
        if type(failure) is TimeoutError:  # ours; aiohttp's own, of a kind beneath it, is that of connecting
            raise timed_out("first_byte", endpoint) from failure
        raise error_of_failure(failure, endpoint, proxy) from failure


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; what comes several times stands in one line, as RFC 9110 (5.3) reads it."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _drain(answer: Answer) -> None:
    read = 0
    try:
        async with asyncio.timeout(DRAIN_S):
            while read < DRAIN_BYTES and (chunk := await answer.next_chunk()):
                read += len(chunk)
    except (UpstreamError, TimeoutError):
        pass  # then the connection is not used again
    finally:
        await answer.aclose()


def _broken(failure: Exception, endpoint: Endpoint) -> UpstreamError:
    """A body that ended before its end: whether anything of it counted is the reader's to say."""
    return interrupted(endpoint, "closed the connection in the middle of its answer")


class _Watch:
    """Cancels a read that has waited too long. One timer for a whole body, moved only when it fires."""

    __slots__ = ("_before", "_expired", "_handle", "_loop", "_since", "_task", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._since = self._before = 0.0
        self._expired = False
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0
        self._since = self._loop.time()
        if self._handle is None:
            self.start()

    def end(self) -> None:
        self._task = None

    def start(self) -> None:
        self.stop()
        self._handle = self._loop.call_later(self.seconds, self._check)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def expired(self) -> bool:
        """Was the cancellation that arrived just now ours alone? Takes it back if so."""
        if not self._expired:
            return False
        task = asyncio.current_task()
        return task is None or task.uncancel() <= self._before

    def _check(self) -> None:
        left = self.seconds if self._task is None else self._since + self.seconds - self._loop.time()
        if left > 0:
            self._handle = self._loop.call_later(left, self._check)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()
