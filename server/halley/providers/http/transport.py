"""The one seam to the network: an `httpx.AsyncBaseTransport` over aiohttp's connections. Only this file knows aiohttp.

A transport takes an `httpx.Request` and gives an `httpx.Response` whose stream is still to be read. It follows no
redirect, keeps no cookie, unpacks nothing, and raises httpx's exceptions, with the operating system's own failure
(`OSError`, `ssl.SSLError`) as `__cause__`. Bounds on silence and size are in `client.py` and `answer.py`; what a
failure means to the user is in `connection_errors.py`.

Why not httpx's own connections? httpcore looks at every open connection for every request: quadratic under many
chats. Why not the transport of `httpx-aiohttp`? It reports a connection that the host closed as `ConnectTimeout`,
lets aiohttp's own exceptions out where an answer is no HTTP, and reads a body through two generators
(`bench/README.md` has the figures).

This module imports both libraries, so `pool.py` imports it in a thread, with the first request.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.connector import Connection
from aiohttp.resolver import ThreadedResolver
from multidict import CIMultiDict
from yarl import URL

from halley.providers.http.addresses import is_public
from halley.providers.http.proxies import Proxy

logging.getLogger("aiohttp.client").setLevel(logging.WARNING)  # one kind of host wants keys in its URL

KEEP_ALIVE_S = 30.0
DNS_TTL_S = 30
LARGEST_HEADER = 32 * 1024
"""Bytes of a status line or a header line; a longer one counts as no HTTP."""


class Transport(httpx.AsyncBaseTransport):
    """Connections that share a TLS context and a proxy. Made inside the event loop that uses it.

    `request.extensions["timeout"]["connect"]` bounds connecting, in seconds. With `public_only` no connection is made
    to this machine or a private network.
    """

    def __init__(
        self, context: ssl.SSLContext | None = None, proxy: Proxy | None = None, *, public_only: bool = False
    ) -> None:
        self._session = _open_session(context, public_only, proxy)
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}
        self._options: dict[str, Any] = {"allow_redirects": False}
        if proxy is not None and not proxy.is_socks:
            self._options |= {"proxy": proxy.address, "proxy_headers": proxy.headers}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response as soon as its headers are there. Raises httpx.TransportError."""
        try:
            response = await self._session.request(
                request.method,
                # httpx has quoted it already. yarl would do so again, and a signed address would no longer fit its
                # signature.
                URL(str(request.url), encoded=True),
                headers=CIMultiDict(_items(request.headers)),
                data=request.read() or None,
                timeout=self._timeout(request),
                **self._options,
            )
        except Exception as failure:
            raise _failure_of_opening(failure, request) from _cause_of(failure)
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=Body(response), request=request
        )

    async def aclose(self) -> None:
        """Closes every connection, also those in use."""
        await self._session.close()

    def _timeout(self, request: httpx.Request) -> aiohttp.ClientTimeout:
        connect_s = request.extensions.get("timeout", {}).get("connect")
        found = self._timeouts.get(connect_s)
        if found is None:
            found = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
            self._timeouts[connect_s] = found
        return found


def _items(headers: httpx.Headers) -> list[tuple[str, str]]:
    """As `multi_items`, which works out the encoding again for each of them."""
    try:
        return [(name.decode("ascii").lower(), value.decode("ascii")) for name, value in headers.raw]
    except UnicodeDecodeError:
        return headers.multi_items()


class Body(httpx.AsyncByteStream):
    """A response's bytes as they come off the socket, once: iterated, or pushed.

    Raises httpx.ReadError where they break off.

    Its own iterator: a generator for each body would cost more than reading does.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._content = response.content
        self.heard_at = 0.0
        """When bytes came last while they were pushed, on the monotonic clock."""

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._content.readany()
        except Exception as failure:
            raise httpx.ReadError(str(failure)) from _cause_of(failure)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def push(self, receive: Callable[[bytes], bool]) -> bool:
        """Calls `receive` with the bytes as they are parsed, until it returns False or the body ends (then True).

        It is called in the caller's context. What comes after a False is kept, within the bounds of aiohttp's buffer.
        """
        content = self._content
        try:
            while not content.at_eof():
                if not (data := content.read_nowait()):
                    if type(content) is aiohttp.StreamReader:
                        return await _Pushing.start(content, self, receive)
                    data = await content.readany()
                if data and not receive(data):
                    return False
        except Exception as failure:
            raise httpx.ReadError(str(failure)) from _cause_of(failure)
        return True

    def has_ended(self) -> bool:
        """Whether all of it has come and was read; aiohttp gives the connection back by itself then."""
        return self._content.at_eof() and self._content.exception() is None

    async def aclose(self) -> None:
        """Gives the connection back; one whose body was not read to its end is closed instead."""
        self._response.release()


_nothing: Any = ().__len__
"""Does nothing."""


class _Pushing(aiohttp.StreamReader):
    """aiohttp's reader while it passes bytes on instead of keeping them.

    aiohttp has no public way to do so. Its parser makes the reader and calls the five methods below by name, so a
    reader that no task waits for changes its class as long as bytes are pushed. `_waiter` holds the receiver meanwhile.
    """

    __slots__ = ()

    @classmethod
    async def start(cls, content: aiohttp.StreamReader, body: Body, receive: Callable[[bytes], bool]) -> bool:
        if not content.total_bytes:
            content.begin_http_chunk_receiving()  # so that it may go on in the middle of an HTTP chunk
        pushed = _Pushed(content, body, receive)
        content._waiter = pushed  # pyright: ignore
        content.__class__ = cls
        try:
            return await pushed.ended
        finally:
            pushed.stop()

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        pushed: Any = self._waiter
        if data:
            pushed.body.heard_at = time.monotonic()
            if not pushed.run(pushed.receive, data):
                pushed.end(False)
        return False

    # For each chunk of HTTP both are called, and there is nothing to do: a method written in C costs no frame.
    begin_http_chunk_receiving = end_http_chunk_receiving = _nothing

    def feed_eof(self) -> None:
        pushed: Any = self._waiter
        pushed.end(True)
        self.feed_eof()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        pushed: Any = self._waiter
        pushed.stop()
        # By now the class is aiohttp's again, so this is aiohttp's own method: later readers get the failure too.
        self.set_exception(exc, *(() if exc_cause is None else (exc_cause,)))
        if not pushed.ended.done():
            pushed.ended.set_exception(exc)


class _Pushed:
    """One stretch of a body that is pushed."""

    __slots__ = ("body", "content", "ended", "receive", "run")

    def __init__(self, content: aiohttp.StreamReader, body: Body, receive: Callable[[bytes], bool]) -> None:
        self.content, self.body, self.receive = content, body, receive
        self.ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.run = copy_context().run

    def end(self, whole: bool) -> None:
        self.stop()
        if not self.ended.done():
            self.ended.set_result(whole)

    def stop(self) -> None:
        """The reader keeps what comes from now on."""
        if self.content._waiter is self:
            self.content._waiter = None
            self.content.__class__ = aiohttp.StreamReader


class ProxyRefused(httpx.ProxyError):
    """The proxy answered, and would not make the connection."""

    def __init__(self, status: int, request: httpx.Request) -> None:
        super().__init__(f"the proxy answered with status {status}", request=request)
        self.status = status


class SocksRefused(httpx.ProxyError):
    """A SOCKS proxy answered, and would not make the connection. `code` is its reply code (RFC 1928, section 6); None
    where it ended the handshake before the request for a connection."""

    def __init__(self, code: int | None, request: httpx.Request) -> None:
        super().__init__("the proxy would not make the connection", request=request)
        self.code = code


class BrokenBody(httpx.RemoteProtocolError):
    """HTTP whose body breaks in the same packet as its head, so that there is no response to read it from."""


def _open_session(
    context: ssl.SSLContext | None, public_only: bool, proxy: Proxy | None
) -> aiohttp.ClientSession:
    options: dict[str, Any] = {
        "limit": 0,  # how many requests run at the same time is decided in routing
        "keepalive_timeout": KEEP_ALIVE_S,
        "ssl": context if context is not None else True,
    }
    if proxy is not None and proxy.is_socks:
        connector = _through_socks(proxy, options)
    else:
        resolver = _PublicResolver() if public_only else None
        connector = _Living(ttl_dns_cache=DNS_TTL_S, resolver=resolver, **options)
    return aiohttp.ClientSession(
        connector=connector,
        # A cookie would tie together requests of different windows and keys; no API of models needs one.
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        # `unpack.py` unpacks, and stops at a bound: a bomb of 300 KB would fill the memory here.
        auto_decompress=False,
        # aiohttp would read `.netrc` for passwords and choose proxies by its own rules; ours are in `proxies.py`.
        trust_env=False,
        max_line_size=LARGEST_HEADER,
        max_field_size=LARGEST_HEADER,
    )


class _Living(aiohttp.TCPConnector):
    """Gives no request to a connection that its host has closed.

    Hosts close what has been idle (llama.cpp's server after five seconds, and after each stream). aiohttp knows of that
    only once the event loop has read the end from the socket, and until then hands the connection out: the request is
    lost, and whether the host took it cannot be known. So the loop reads first. Nothing is sent twice, because nothing
    has been sent yet.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._used: WeakSet[asyncio.Transport] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> Connection:
        """A connection of the pool that lives, or a fresh one."""
        while True:
            connection = await super().connect(*arguments, **options)
            transport = connection.transport
            if transport is None or transport not in self._used:
                if transport is not None:
                    self._used.add(transport)
                return connection
            if await _is_alive(connection):
                return connection


async def _is_alive(connection: Connection) -> bool:
    """Whether it still is after the event loop has read what the socket holds; closed where not."""
    try:
        for _ in range(2):  # one turn of the loop finds that there is something, the next one reads it
            await asyncio.sleep(0)
    except BaseException:
        connection.close()
        raise
    if connection.closed:
        connection.close()
        return False
    return True


def _through_socks(proxy: Proxy, options: dict[str, Any]) -> aiohttp.TCPConnector:
    """Connections made by a SOCKS proxy (RFC 1928, RFC 1929). The library is imported only where one is used."""
    from aiohttp_socks import ProxyConnector, ProxyType

    class SocksConnector(_Living, ProxyConnector):
        pass

    parts = urlsplit(proxy.url)
    return SocksConnector(
        host=parts.hostname or "",
        port=parts.port or 1080,
        proxy_type=ProxyType.SOCKS4 if parts.scheme.startswith("socks4") else ProxyType.SOCKS5,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        # A name that only the proxy knows (Tor, a company) must not be looked up here, nor be seen by our DNS.
        rdns=parts.scheme in ("socks5h", "socks4a"),
        **options,
    )


class _PublicResolver(ThreadedResolver):
    """Takes no name that leads to this machine or into a private network."""

    async def resolve(self, host: str, *arguments: Any, **options: Any) -> Any:
        found = await super().resolve(host, *arguments, **options)
        # All of them: a name may have one address of each kind, and the connector takes whichever answers first.
        if not all(is_public(row["host"]) for row in found):
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not public")
        return found


def _failure_of_opening(failure: Exception, request: httpx.Request) -> httpx.TransportError:
    """The same failure in httpx's words. The order matters: aiohttp's kinds overlap."""
    if type(failure).__module__.startswith("aiohttp_socks"):
        return _failure_of_socks(failure, request)
    match failure:
        case aiohttp.ClientHttpProxyError():
            return ProxyRefused(failure.status, request)
        case aiohttp.ClientProxyConnectionError():
            kind = httpx.ProxyError
        case aiohttp.ConnectionTimeoutError():
            kind = httpx.ConnectTimeout
        case aiohttp.ClientConnectorError() | aiohttp.ClientSSLError() | ssl.SSLError():
            kind = httpx.ConnectError
        case aiohttp.ClientResponseError() if "chunk" in failure.message.lower():
            kind = BrokenBody  # aiohttp distinguishes it from an answer that is no HTTP by its message only
        case aiohttp.ClientResponseError():  # no HTTP, or header lines beyond the limits
            kind = httpx.RemoteProtocolError
        case asyncio.IncompleteReadError():  # the SOCKS library's: aiohttp has streams of its own
            return SocksRefused(None, request)
        case aiohttp.ClientError() | OSError():
            kind = httpx.ReadError
        case _:  # a header or an address that cannot be sent
            kind = httpx.LocalProtocolError
    return kind(str(failure), request=request)


def _failure_of_socks(failure: Exception, request: httpx.Request) -> httpx.TransportError:
    """The proxy could not be reached, took too long, or answered that it would not connect."""
    from aiohttp_socks import ProxyError, ProxyTimeoutError

    if isinstance(failure, ProxyError):
        return SocksRefused(failure.error_code, request)
    kind = httpx.ConnectTimeout if isinstance(failure, ProxyTimeoutError) else httpx.ProxyError
    return kind(str(failure), request=request)


def _cause_of(failure: BaseException) -> BaseException:
    """The system's own failure beneath aiohttp's, where there is one."""
    under = getattr(failure, "os_error", None) or getattr(failure, "certificate_error", None)
    return under if isinstance(under, Exception) else failure
