"""The seam to the network: httpx's words above it, aiohttp beneath it in one file, and nothing around it."""

from __future__ import annotations

import ast
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import fault_server as f
import httpx
import pytest
from fault_server import FaultServer

import halley
from halley.core.errors import ProviderUnavailable
from halley.core.events import Finish, TextDelta
from halley.providers.endpoint import Endpoint
from halley.providers.http import pool
from halley.providers.http.client import Http, HttpRequest
from halley.providers.http.transport import Transport

PACKAGE = Path(halley.__file__).parent
TRANSPORT = PACKAGE / "providers/http/transport.py"
LIBRARIES = {"aiohttp", "httpx_aiohttp", "yarl", "multidict"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level names of all that is imported anywhere in a file, also by a name in a string."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module"), args=[ast.Constant(value=str(name)), *_]
            ):
                yield name.partition(".")[0]
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield name.partition(".")[0]
            case ast.Subscript(value=ast.Attribute(attr="modules"), slice=ast.Constant(value=str(name))):
                yield name.partition(".")[0]
            case _:
                pass


def test_one_file_imports_aiohttp() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if "sample" not in path.parts]
    knowing = {path for path in files if LIBRARIES & set(imported(ast.parse(path.read_text("utf-8"))))}
    assert knowing == {TRANSPORT}


@pytest.mark.parametrize(
    "code",
    [
        "import aiohttp.web",
        "def a():\n    from aiohttp import web",
        "import_module('aiohttp')",
        "sys.modules['aiohttp']",
    ],
)
def test_the_search_for_imports_finds_them(code: str) -> None:
    assert set(imported(ast.parse(code))) == {"aiohttp"}


async def test_each_request_reaches_aiohttp_through_the_transport(
    http: Http, endpoint_of: Callable[..., Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    callers: list[str] = []

    def trace(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            frame = sys._getframe(1)
            while frame.f_back and not frame.f_globals["__name__"].startswith("halley."):
                frame = frame.f_back
            callers.append(frame.f_globals["__name__"])
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", trace(aiohttp.ClientSession.__init__))
    monkeypatch.setattr(aiohttp.ClientSession, "_request", trace(aiohttp.ClientSession._request))
    monkeypatch.setattr(httpx.AsyncClient, "__init__", None)
    async with FaultServer([f.reply(200, {})]) as host:
        endpoint = endpoint_of(host.url)
        answer = await http.send(endpoint, HttpRequest("GET", endpoint.url("/x")))
        assert await answer.read() == b"{}"
        await answer.aclose()
    assert callers == ["halley.providers.http.transport"] * 2


async def test_any_transport_of_httpx_will_do(
    provider_of: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider over httpx's own test transport: what stands above the seam needs nothing of aiohttp."""
    got: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        got.append(request)
        chunk = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=chunk)

    monkeypatch.setattr(pool, "build_transport", lambda *_: httpx.MockTransport(answer))
    events, error = await ask(provider_of("http://127.0.0.1:9/v1"))
    assert error is None
    assert events[0] == TextDelta("Hi") and isinstance(events[-1], Finish)
    (request,) = got
    assert request.headers["host"] == "127.0.0.1:9"
    assert int(request.headers["content-length"]) == len(request.content)


async def test_httpx_errors_of_any_transport_become_ours(
    provider_of: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone", request=request)

    monkeypatch.setattr(pool, "build_transport", lambda *_: httpx.MockTransport(fail))
    _, error = await ask(provider_of("http://127.0.0.1:9/v1"))
    assert isinstance(error, ProviderUnavailable)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([f.reset()], httpx.ReadError),
        ([f.close()], httpx.ReadError),
        ([f.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), f.close()], httpx.RemoteProtocolError),
        (
            [f.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"), f.close()],
            httpx.RemoteProtocolError,
        ),
        ([*f.chunked_head(), f.chunk(b"data"), f.reset()], httpx.ReadError),
        ([*f.chunked_head(), f.chunk(b"data"), f.close()], httpx.ReadError),
    ],
    ids=["reset", "closed", "no HTTP", "broken in the packet of its head", "body reset", "body cut"],
)
async def test_the_transport_raises_httpx_errors(script: list[Any], kind: type[Exception]) -> None:
    async with FaultServer(script) as host, Transport() as transport:
        with pytest.raises(httpx.TransportError) as caught:
            response = await transport.handle_async_request(httpx.Request("GET", host.url))
            await response.aread()
    assert isinstance(caught.value, kind)


async def test_the_system_own_failure_is_the_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with Transport() as transport:
            with pytest.raises(httpx.ConnectError) as refused:
                await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}"))
    assert isinstance(refused.value.__cause__, ConnectionRefusedError)
    no_tls = [f.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), f.close()]
    async with FaultServer(on_connect=no_tls) as host, Transport(ssl.create_default_context()) as transport:
        with pytest.raises(httpx.ConnectError) as plain:
            await transport.handle_async_request(httpx.Request("GET", host.url.replace("http:", "https:")))
    assert isinstance(plain.value.__cause__, ssl.SSLError)


@pytest.mark.parametrize("header", ["X-Team: Zoë", "X-Team: a\r\nX-Evil: b"])
async def test_headers_beyond_ascii_are_sent_and_broken_ones_are_not(
    http: Http, endpoint_of: Callable[..., Endpoint], header: str
) -> None:
    name, _, value = header.partition(": ")
    async with FaultServer([f.reply(200, {})]) as host:
        endpoint = endpoint_of(host.url)
        request = HttpRequest("GET", endpoint.url("/x"), {name: value})
        if "\r" in value:
            with pytest.raises(ProviderUnavailable):
                await http.send(endpoint, request)
            assert not host.requests
            return
        await (await http.send(endpoint, request)).aclose()
        assert host.requests[0].headers["x-team"].encode("latin-1").decode() == value


@pytest.mark.parametrize(
    "path", ["/a%2Fb/c%20d?sig=a%2Bb%2F%3D&x=%7e&y=~", "/Gr%C3%BC%C3%9Fe?q=a+b%20c", "/plain?e=;,:@!$'()*"]
)
async def test_an_address_is_sent_as_it_was_given(
    http: Http, endpoint_of: Callable[..., Endpoint], path: str
) -> None:
    """The signature of a signed address covers its spelling."""
    async with FaultServer([f.reply(200, {})]) as host:
        endpoint = endpoint_of(host.url)
        await (await http.send(endpoint, HttpRequest("GET", host.origin + path))).aclose()
        assert host.requests[0].path == path
