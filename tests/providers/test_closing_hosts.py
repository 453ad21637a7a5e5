"""Hosts that close a kept connection: it gets no request, and nothing that may have been read is sent twice."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from halley.core.errors import ProviderUnavailable
from halley.providers.endpoint import Endpoint
from halley.providers.http.client import Http, HttpRequest

EndpointOf = Callable[..., Endpoint]


class ClosingHost:
    """Answers one request on each connection, and closes it when told: before it reads the next one, or after."""

    def __init__(self, reads_first: bool) -> None:
        self.reads_first = reads_first
        self.requests = 0
        self.close_now, self.closed = threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection:
                    self._answer(connection)
                    self.close_now.wait(30)
                    if self.reads_first:
                        self._read(connection)
                self.closed.set()

    def _answer(self, connection: socket.socket) -> None:
        self._read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    def _read(self, connection: socket.socket) -> None:
        said = b""
        while not said.endswith(b"{}"):
            said += connection.recv(4096) or b"{}"
        self.requests += said.startswith(b"POST")

    def close(self) -> None:
        self.close_now.set()
        self._listening.close()


@contextlib.contextmanager
def closing_host(*, reads_first: bool) -> Iterator[ClosingHost]:
    host = ClosingHost(reads_first)
    try:
        yield host
    finally:
        host.close()


async def post(http: Http, endpoint: Endpoint) -> bytes:
    answer = await http.send(endpoint, HttpRequest("POST", endpoint.url("/x"), content=b"{}"))
    try:
        return await answer.read()
    finally:
        await answer.aclose()


async def test_a_connection_that_was_closed_while_idle_gets_no_request(
    http: Http, endpoint_of: EndpointOf
) -> None:
    """The end is in the socket, and the event loop has not had the time to read it."""
    with closing_host(reads_first=False) as host:
        endpoint = endpoint_of(host.url, "openai")
        assert await post(http, endpoint) == b"hi"
        host.close_now.set()
        assert host.closed.wait(30)  # blocks the loop
        assert await post(http, endpoint) == b"hi"
        assert host.requests == 2


async def test_a_request_that_the_host_may_have_taken_is_not_sent_again(
    http: Http, endpoint_of: EndpointOf
) -> None:
    with closing_host(reads_first=True) as host:
        endpoint = endpoint_of(host.url, "openai")
        assert await post(http, endpoint) == b"hi"
        host.close_now.set()
        with pytest.raises(ProviderUnavailable):
            await post(http, endpoint)
        assert host.requests == 2
