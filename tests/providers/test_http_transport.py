"""What can go wrong on the way, each over a real socket, and the message for the user."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_server as f
import pytest
import trustme
from fault_server import FaultServer

from halley.core.errors import (
    BadReply,
    HalleyError,
    Interrupted,
    ProviderUnavailable,
    ProxyFailed,
    RedirectRefused,
    TlsFailed,
    UpstreamTimeout,
)
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.host import Host
from halley.providers.http.client import Http, HttpRequest
from halley.providers.http.unpack import PIECE, Unpacker

EndpointOf = Callable[..., Endpoint]


async def fetch(http: Http, endpoint: Endpoint, **request: Any) -> bytes:
    answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x"), **request))
    try:
        return await answer.read()
    finally:
        await answer.aclose()


def certificates(tmp_path: Path) -> tuple[trustme.CA, Path, ssl.SSLContext]:
    """A CA, its certificate in a file, and a server context of its making."""
    ca = trustme.CA()
    bundle = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return ca, bundle, context


FAULTS: list[tuple[str, list[Any], type[HalleyError], str]] = [
    ("reset before the first byte", [f.reset()], ProviderUnavailable, "closed the connection"),
    ("closed before the first byte", [f.close()], ProviderUnavailable, "closed the connection"),
    ("half-closed before the first byte", [f.half_close()], ProviderUnavailable, "closed the connection"),
    ("reset in the body", [*f.chunked_head(), f.chunk(b"data"), f.reset()], Interrupted, "in the middle"),
    ("chunked body cut", [*f.chunked_head(), f.chunk(b"data"), f.close()], Interrupted, "in the middle"),
    (
        "shorter than its length",
        [f.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"), f.close()],
        Interrupted,
        "in the middle",
    ),
    (
        "broken in the packet of its head",
        [f.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"), f.close()],
        ProviderUnavailable,
        "before answering",
    ),
    ("no HTTP", [f.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), f.close()], BadReply, "does not speak valid HTTP"),
    (
        "endless header line",
        [f.send(b"HTTP/1.1 200 OK\r\nx: "), f.endless(b"y" * 4096)],
        BadReply,
        "does not speak valid HTTP",
    ),
    (
        "endless headers",
        [f.send(b"HTTP/1.1 200 OK\r\n"), f.endless(b"x-a: " + b"y" * 80 + b"\r\n")],
        BadReply,
        "does not speak valid HTTP",
    ),
    ("gzip bomb", f.gzip_bomb(), BadReply, "without end"),
    ("endless body", [*f.head(), f.endless()], BadReply, "without end"),
    (
        "not really gzip",
        [*f.head(content_encoding="gzip"), f.send(b"plain"), f.close()],
        BadReply,
        "unexpected compression",
    ),
    (
        "compressed unasked",
        [*f.head(content_encoding="br"), f.send(b"plain"), f.close()],
        BadReply,
        "unexpected compression",
    ),
]


@pytest.mark.parametrize(
    ("script", "kind", "says"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
async def test_fault(
    http: Http, endpoint_of: EndpointOf, script: list[Any], kind: type[HalleyError], says: str
) -> None:
    async with FaultServer(script) as host:
        with pytest.raises(HalleyError) as caught:
            await fetch(http, endpoint_of(host.url))
        assert type(caught.value) is kind
        assert says in caught.value.problem.message
        assert caught.value.problem.provider == "host"
        assert caught.value.problem.help
        assert len(host.requests) == 1 or isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize(
    ("script", "setting"),
    [
        ([f.stall()], "first_byte_timeout_s"),
        ([f.send(b"HTTP/1.1 200 OK\r\nx-slow"), f.stall()], "first_byte_timeout_s"),
        ([*f.head(), f.stall()], "stall_timeout_s"),
        ([*f.chunked_head(), f.chunk(b"data"), f.stall()], "stall_timeout_s"),
    ],
    ids=["no answer", "half a header", "headers only", "after a piece"],
)
async def test_silence(http: Http, endpoint_of: EndpointOf, script: list[Any], setting: str) -> None:
    async with FaultServer(script) as host:
        endpoint = endpoint_of(host.url, first_byte_timeout_s=0.2, stall_timeout_s=0.2)
        with pytest.raises(UpstreamTimeout) as caught:
            await fetch(http, endpoint)
        assert caught.value.problem.setting == f"providers.host.{setting}"
        async with asyncio.timeout(5):
            await host.peers[0].gone.wait()


async def test_a_slow_reader_is_no_silence_of_the_host(http: Http, endpoint_of: EndpointOf) -> None:
    release = asyncio.Event()
    script = [*f.chunked_head(), f.chunk(b"one"), f.pause(release), f.chunk(b"two"), f.stall()]
    async with FaultServer(script) as host:
        endpoint = endpoint_of(host.url, stall_timeout_s=0.05)
        answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x")))
        assert await answer.next_chunk() == b"one"
        await asyncio.sleep(0.15)  # longer than the bound: the reader is busy, not the host
        release.set()
        assert await answer.next_chunk() == b"two"
        with pytest.raises(UpstreamTimeout):
            async with asyncio.timeout(5):
                await answer.next_chunk()
        task = asyncio.current_task()
        assert task and task.cancelling() == 0, "the time-out leaves no cancellation behind"
        await answer.aclose()


async def test_a_cancelled_read_stays_cancelled(http: Http, endpoint_of: EndpointOf) -> None:
    """A cancellation from outside is not taken for a time-out of ours, and reaches the socket."""
    async with FaultServer([*f.head(), f.stall()]) as host:
        task = asyncio.create_task(fetch(http, endpoint_of(host.url)))
        await host.arrived.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.5):
            await host.peers[0].gone.wait()


async def test_leaving_early_closes_the_connection(http: Http, endpoint_of: EndpointOf) -> None:
    async with FaultServer([*f.chunked_head(), f.chunk(b"one"), f.stall()]) as host:
        endpoint = endpoint_of(host.url)
        answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x")))
        await answer.next_chunk()
        await answer.aclose()
        async with asyncio.timeout(0.5):
            await host.peers[0].gone.wait()


async def test_a_connection_is_used_again_after_its_answer_was_drained(
    http: Http, endpoint_of: EndpointOf
) -> None:
    script = [*f.chunked_head(), f.chunk(b"data: [DONE]\n\n"), f.chunk(b"left over"), f.chunk(b"")]
    async with FaultServer(script) as host:
        endpoint = endpoint_of(host.url)
        for _ in range(3):
            answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x")))
            await answer.next_chunk()
            answer.finish()
            await asyncio.gather(*http._draining)  # type: ignore[attr-defined]
        assert len(host.requests) == 3
        assert len(host.peers) == 1


async def test_nothing_is_drained_of_an_answer_that_has_ended(http: Http, endpoint_of: EndpointOf) -> None:
    script = [*f.chunked_head(), f.chunk(b"data: [DONE]\n\n"), f.chunk(b"")]
    async with FaultServer(script) as host:
        endpoint = endpoint_of(host.url)
        for _ in range(3):
            answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x")))
            assert await answer.read() == b"data: [DONE]\n\n"
            answer.finish()
            assert not http._draining  # type: ignore[attr-defined]
        assert len(host.requests) == 3
        assert len(host.peers) == 1


async def test_nothing_follows_a_redirect(http: Http, provider_of: Any, ask: Any) -> None:
    async with FaultServer([f.reply(200, {"data": []})]) as other:
        moved = [f.reply(301, b"", location=f"{other.url}/chat/completions")]
        async with FaultServer(moved) as host:
            events, error = await ask(provider_of(host.url))
        assert isinstance(error, RedirectRefused) and not events
        assert other.url in error.problem.help
        assert other.requests == []


async def test_bytes_arrive_as_they_were_cut(http: Http, endpoint_of: EndpointOf) -> None:
    raw = "data: a\u2028b\u0085c\r\n\r\n".encode()
    async with FaultServer([*f.head(), f.send_slices(raw), f.close()]) as host:
        assert await fetch(http, endpoint_of(host.url)) == raw


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello " * 10_000)),
        ("gzip", gzip.compress(b"hello " * 5_000) + gzip.compress(b"hello " * 5_000)),
        ("deflate", zlib.compress(b"hello " * 10_000)),
        ("deflate", zlib.compress(b"hello " * 10_000)[2:-4]),
    ],
    ids=["gzip", "two members", "deflate", "bare deflate"],
)
async def test_compressed(http: Http, endpoint_of: EndpointOf, encoding: str, packed: bytes) -> None:
    async with FaultServer([*f.head(content_encoding=encoding), f.send_slices(packed, 7), f.close()]) as host:
        assert await fetch(http, endpoint_of(host.url), compressed=True) == b"hello " * 10_000
        assert host.requests[0].headers["accept-encoding"] == "gzip, deflate"


def test_unpacking_goes_in_pieces() -> None:
    packed = gzip.compress(b" " * 50 * 2**20)
    sizes = [len(piece) for piece in Unpacker("gzip").feed(packed)]
    assert sum(sizes) == 50 * 2**20 and max(sizes) <= PIECE


async def test_a_key_goes_to_its_own_origin_only(http: Http, endpoint_of: EndpointOf) -> None:
    async def get_key() -> str:
        return "sk-x"

    async with FaultServer([f.reply(200, {})]) as host, FaultServer([f.reply(200, {})]) as other:
        with pytest.raises(AssertionError):
            await Host(endpoint_of(host.url), http, get_key).send(f"{other.url}/models")
        assert other.requests == []


async def test_what_is_sent(http: Http, endpoint_of: EndpointOf) -> None:
    """Our own headers and the user's; no cookies, no proxy headers, nothing of aiohttp's."""
    async with FaultServer([f.reply(200, {}, set_cookie="a=b; Path=/")]) as host:
        url = host.url.replace("127.0.0.1", "localhost")  # addresses keep no cookies anyway
        endpoint = endpoint_of(url, headers={"X-Team": "editor"})
        await fetch(http, endpoint)
        await fetch(http, endpoint)
        sent = host.requests[1].headers
        assert sent.pop("user-agent").startswith("halley/")
        assert sent == {
            "host": f"localhost:{host.port}",
            "accept": "*/*",
            "accept-encoding": "identity",
            "x-team": "editor",
        }


async def test_refused(http: Http, endpoint_of: EndpointOf) -> None:
    async with FaultServer() as host:
        url = host.url
    with pytest.raises(ProviderUnavailable, match="refuses connections") as caught:
        await fetch(http, endpoint_of(url))
    assert caught.value.problem.setting == "providers.host.base_url"


async def test_connecting_takes_too_long(http: Http, endpoint_of: EndpointOf) -> None:
    """Connections to this port are not accepted, and its queue is full: the next attempt waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(UpstreamTimeout, match="could not be reached") as caught:
            await fetch(http, endpoint_of(url, connect_timeout_s=0.2))
    assert caught.value.problem.setting == "providers.host.connect_timeout_s"


# --- TLS


async def test_unknown_certificate(http: Http, endpoint_of: EndpointOf, tmp_path: Path) -> None:
    _, bundle, context = certificates(tmp_path)
    async with FaultServer([f.reply(200, {})], tls=context) as host:
        with pytest.raises(TlsFailed, match="is not trusted") as caught:
            await fetch(http, endpoint_of(host.url))
        assert caught.value.problem.setting == "providers.host.ca_bundle"
        assert host.requests == []
        assert await fetch(http, endpoint_of(host.url, ca_bundle=str(bundle))) == b"{}"


async def test_a_changed_ca_bundle_applies_immediately(
    http: Http, endpoint_of: EndpointOf, tmp_path: Path
) -> None:
    _, bundle, context = certificates(tmp_path)
    good = bundle.read_bytes()
    trustme.CA().cert_pem.write_to_path(str(bundle))
    os.utime(bundle, (1, 1))
    async with FaultServer([f.reply(200, {})], tls=context) as host:
        endpoint = endpoint_of(host.url, ca_bundle=str(bundle))
        with pytest.raises(TlsFailed):
            await fetch(http, endpoint)
        bundle.write_bytes(good)
        assert await fetch(http, endpoint) == b"{}"


async def test_client_certificate(http: Http, endpoint_of: EndpointOf, tmp_path: Path) -> None:
    ca, bundle, context = certificates(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    mine = tmp_path / "me.pem"
    ca.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(str(mine))
    async with FaultServer([f.reply(200, {})], tls=context) as host:
        with pytest.raises(HalleyError):
            await fetch(http, endpoint_of(host.url, ca_bundle=str(bundle)))
        assert await fetch(http, endpoint_of(host.url, ca_bundle=str(bundle), client_cert=str(mine))) == b"{}"


@pytest.mark.parametrize("content", [None, b"not a certificate"])
async def test_unusable_certificate_file(
    http: Http, endpoint_of: EndpointOf, tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(TlsFailed, match="The certificate file") as caught:
        await fetch(http, endpoint_of("https://127.0.0.1:9", ca_bundle=str(bundle)))
    assert caught.value.problem.setting == "providers.host.ca_bundle"


async def test_plain_http_behind_https(http: Http, endpoint_of: EndpointOf) -> None:
    async with FaultServer(on_connect=[f.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), f.close()]) as host:
        with pytest.raises(TlsFailed, match="does not speak TLS") as caught:
            await fetch(http, endpoint_of(host.url.replace("http:", "https:")))
        assert "http://" in caught.value.problem.help


# --- proxies


async def test_a_proxy_gets_what_is_for_others(endpoint_of: EndpointOf) -> None:
    async with FaultServer([f.reply(200, {"via": "proxy"})]) as proxy:
        http = Http(
            {
                "HTTPS_PROXY": "http://nobody:9",
                "http_proxy": proxy.origin,
                "no_proxy": "other.example,10.0.0.0/8",
            }
        )
        assert b"proxy" in await fetch(http, endpoint_of("http://models.example/v1"))
        assert proxy.requests[0].path == "http://models.example/v1/x"
        await http.aclose()


async def test_loopback_never_takes_a_proxy(http: Http, endpoint_of: EndpointOf) -> None:
    async with FaultServer([f.reply(200, {})]) as host, FaultServer([f.reply(200, {})]) as proxy:
        await fetch(http, endpoint_of(host.url, proxy=proxy.origin))
        assert len(host.requests) == 1 and proxy.requests == []


async def test_tunnel_through_a_proxy_with_a_password(endpoint_of: EndpointOf) -> None:
    async with FaultServer([f.reply(407)]) as proxy:
        http = Http({})
        address = proxy.origin.replace("://", "://me:s3cret-word@")
        with pytest.raises(ProxyFailed, match="user name and password") as caught:
            await fetch(http, endpoint_of("https://models.example/v1", proxy=address))
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].path == "models.example:443"
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
        assert "s3cret-word" not in str(caught.value.problem)
        assert caught.value.problem.setting == "providers.host.proxy"
        await http.aclose()


async def test_a_proxy_that_is_not_there(endpoint_of: EndpointOf) -> None:
    async with FaultServer() as gone:
        address = gone.origin
    http = Http({"ALL_PROXY": address})
    with pytest.raises(ProxyFailed, match="cannot be reached") as caught:
        await fetch(http, endpoint_of("https://models.example/v1"))
    assert caught.value.problem.setting == "ALL_PROXY"
    await http.aclose()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4a"])
async def test_a_socks_proxy_carries_requests(scheme: str, endpoint_of: EndpointOf) -> None:
    async with FaultServer([f.reply(200, {"via": "socks"})]) as host, SocksServer(host.port) as proxy:
        http = Http({"all_proxy": f"{scheme}://127.0.0.1:{proxy.port}"})
        address = "http://models.example/v1" if scheme != "socks5" else "http://10.9.8.7/v1"
        assert b"socks" in await fetch(http, endpoint_of(address))
        assert b"socks" in await fetch(http, endpoint_of(address))
        assert proxy.asked == ["10.9.8.7:80" if scheme == "socks5" else "models.example:80"], "kept open"
        assert host.requests[0].headers["host"] == ("10.9.8.7" if scheme == "socks5" else "models.example")
        await http.aclose()


@pytest.mark.parametrize("manner", ["answers", "hangs up"])
async def test_a_socks_proxy_with_a_password(endpoint_of: EndpointOf, manner: str) -> None:
    login = "me:s3cret word"
    async with FaultServer([f.reply(200, {})]) as host, SocksServer(host.port, login, manner=manner) as proxy:
        http = Http({})
        right = f"socks5h://me:s3cret%20word@127.0.0.1:{proxy.port}"
        await fetch(http, endpoint_of("http://models.example/v1", proxy=right))
        with pytest.raises(ProxyFailed, match="user name and password") as caught:
            await fetch(
                http, endpoint_of("http://models.example/v1", proxy=right.replace("s3cret", "other-w0rd"))
            )
        assert "other-w0rd" not in str(caught.value.problem)
        assert caught.value.problem.setting == "providers.host.proxy"
        await http.aclose()


async def test_a_socks_proxy_that_refuses_or_is_not_there(endpoint_of: EndpointOf) -> None:
    async with SocksServer(0, reply=2) as proxy:
        http = Http({"ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}"})
        with pytest.raises(ProxyFailed, match="would not connect to models") as caught:
            await fetch(http, endpoint_of("https://models.example/v1"))
        assert caught.value.problem.setting == "ALL_PROXY"
    with pytest.raises(ProxyFailed, match="cannot be reached"):
        await fetch(http, endpoint_of("https://models.example/v1"))
    await http.aclose()


async def test_a_host_on_the_loopback_of_ipv6(http: Http, endpoint_of: EndpointOf) -> None:
    server = await asyncio.start_server(_answer_once, "::1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert b"six" in await fetch(http, endpoint_of(f"[::1]:{port}"))


async def _answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nsix")
    writer.close()


class SocksServer:
    """A SOCKS proxy (versions 4 and 5) that leads every connection to one port of this machine."""

    def __init__(self, port: int, login: str = "", reply: int = 0, *, manner: str = "answers") -> None:
        self._to, self._login, self._reply = port, login, reply
        self._manner = manner  # with a wrong password: answers or hangs up
        self.asked: list[str] = []

    async def __aenter__(self) -> SocksServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            version = (await reader.readexactly(1))[0]
            if await (self._five(reader, writer) if version == 5 else self._four(reader, writer)):
                there = await asyncio.open_connection("127.0.0.1", self._to)
                await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _five(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self._login else 0
        writer.write(bytes([5, wanted if wanted in methods else 255]))
        if self._login:
            await reader.readexactly(1)
            user, word = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in "12"]
            good = f"{user}:{word}" == self._login
            if good or self._manner == "answers":
                writer.write(bytes([1, 0 if good else 1]))
            if not good:
                return False
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            name = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            name = ".".join(map(str, await reader.readexactly(4)))
        self.asked.append(f"{name}:{int.from_bytes(await reader.readexactly(2), 'big')}")
        writer.write(bytes([5, self._reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        return self._reply == 0

    async def _four(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, *port = await reader.readexactly(3)
        await reader.readexactly(4)
        await reader.readuntil(b"\0")
        name = (await reader.readuntil(b"\0"))[:-1].decode()
        self.asked.append(f"{name}:{int.from_bytes(bytes(port), 'big')}")
        writer.write(bytes([0, 90, 0, 0, 0, 0, 0, 0]))
        return True


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_clients_are_shared_and_idle_ones_closed(
    http: Http, endpoint_of: EndpointOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bundle, _ = certificates(tmp_path)
    async with FaultServer([f.reply(200, {})]) as host:
        await fetch(http, endpoint_of(host.url))
        await fetch(http, endpoint_of(host.url, headers={"X-Other": "1"}))
        pool = http._pool  # type: ignore[attr-defined]
        assert len(pool._transports) == 1
        with pytest.raises(ProviderUnavailable):
            await fetch(http, endpoint_of("https://127.0.0.1:1/v1", ca_bundle=str(bundle)))
        assert len(pool._transports) == 2
        monkeypatch.setattr("halley.providers.http.pool.IDLE_S", 0.0)
        pool.close_idle()
        assert len(pool._transports) == 1
        assert all(shared.in_use == 0 for shared in pool._transports.values())


def test_a_request_loads_no_more_than_it_needs() -> None:
    """httpx's words over aiohttp's connections: neither httpx's own connections nor its command line."""
    code = (
        "import sys, halley.providers.http.client, halley.providers.http.pool as p\n"
        "assert not {'aiohttp', 'httpx'} & set(sys.modules), 'before the first request'\n"
        "p.load_libraries()\n"
        "assert {'aiohttp', 'httpx'} <= set(sys.modules)\n"
        "unneeded = {'httpcore', 'httpx2', 'httpx_aiohttp', 'anyio', 'certifi', 'rich', 'pygments', 'click'}\n"
        "assert not unneeded & set(sys.modules), 'more than a request needs'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
