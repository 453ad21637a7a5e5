"""A host on loopback that does exactly what a script says, byte by byte: resets, stalls, slices, bombs, bad TLS.

    async with FaultServer([reply(500)], [*head(), send(b"data: …\\n\\n"), reset()]) as host:
        … host.url …
        assert host.requests[0].path == "/v1/chat/completions"

Each argument is the script for one request, in order; the last one is repeated for all that follow; `choose=` picks the script
by what the request says instead. A script is a list of
actions, each awaited with the `Peer` (the connection). After a script that did not end the connection, the next request on
it is read. `Peer.gone` tells when the client has left.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

SSE = "text/event-stream"


@dataclass(slots=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class Peer:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: Received | None = None
    ended: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closed its side or the connection broke."""


Action = Callable[[Peer], Awaitable[None]]
Script = Sequence[Action]


class FaultServer:
    """Listens on 127.0.0.1 (port 0 unless given) while entered.

    `tls` makes it speak TLS with that context; `on_connect` runs with every connection before a request is read.
    """

    def __init__(
        self,
        *scripts: Script,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        on_connect: Script = (),
        choose: Callable[[Received], Script] | None = None,
    ) -> None:
        self.scripts = list(scripts)
        self.choose = choose or self._in_order
        self.on_connect = on_connect
        self.requests: list[Received] = []
        self.peers: list[Peer] = []
        self.arrived: asyncio.Queue[Received] = asyncio.Queue()
        """The same requests, for waiting until one is there."""
        self._tls, self._port = tls, port
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FaultServer:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self._port, ssl=self._tls, limit=2**20
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self.peers:
            peer.writer.transport.abort()

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """A base URL."""
        return f"{self.origin}/v1"

    def _in_order(self, _: Received) -> Script:
        if not self.scripts:
            return [reply(500)]
        return self.scripts[min(len(self.requests), len(self.scripts)) - 1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        peer = Peer(reader, writer)
        self.peers.append(peer)
        try:
            for action in self.on_connect:
                await action(peer)
            while not peer.ended and (request := await read_request(reader)):
                peer.request = request
                self.requests.append(request)
                self.arrived.put_nowait(request)
                for action in self.choose(request):
                    await action(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            peer.gone.set()
            self._tasks.discard(task)
            if not writer.transport.is_closing():
                writer.close()


async def read_request(reader: asyncio.StreamReader) -> Received | None:
    """The next request on a connection, None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body)


# --- actions


def send(data: bytes) -> Action:
    async def act(peer: Peer) -> None:
        peer.writer.write(data)
        await peer.writer.drain()

    return act


def send_slices(data: bytes, size: int = 1) -> Action:
    """The same in pieces, each its own write."""

    async def act(peer: Peer) -> None:
        for at in range(0, len(data), size):
            peer.writer.write(data[at : at + size])
            await asyncio.sleep(0)
        await peer.writer.drain()

    return act


def head(status: int = 200, content_type: str = SSE, **headers: str) -> list[Action]:
    """Status line and headers of a body that ends with the connection."""
    return [send(_head(status, {"content-type": content_type, "connection": "close", **_names(headers)}))]


def chunked_head(status: int = 200, content_type: str = SSE, **headers: str) -> list[Action]:
    """Status line and headers of a chunked body; see `chunk`."""
    return [
        send(_head(status, {"content-type": content_type, "transfer-encoding": "chunked", **_names(headers)}))
    ]


def chunk(data: bytes) -> Action:
    """A piece of a chunked body; an empty one is its end."""
    return send(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def reply(
    status: int = 200, body: bytes | Any = b"", content_type: str = "application/json", **headers: str
) -> Action:
    """A whole answer, with its length, on a connection that stays open; values other than bytes are sent as JSON."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return send(
        _head(status, {"content-type": content_type, "content-length": str(len(data)), **_names(headers)})
        + data
    )


def stream(*events: Any, done: bool = True) -> list[Action]:
    """A whole, chunked event stream of these values."""
    sent = [chunk(event(value)) for value in events]
    return [*chunked_head(), *sent, *([chunk(b"data: [DONE]\n\n")] if done else []), chunk(b"")]


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else orjson.dumps(value)) + b"\n\n"


def gzip_bomb(size: int = 256 * 2**20, content_type: str = "application/json") -> list[Action]:
    """A small body that unpacks to `size` bytes of blanks."""
    piece = gzip.compress(b" " * 2**20)
    return [*head(200, content_type, content_encoding="gzip"), *([send(piece)] * (size // 2**20)), close()]


def endless(data: bytes = b"x" * 65536) -> Action:
    """The same bytes again and again until the client leaves."""

    async def act(peer: Peer) -> None:
        while not peer.writer.transport.is_closing():
            peer.writer.write(data)
            await peer.writer.drain()
        peer.ended = True

    return act


def pause(until: asyncio.Event) -> Action:
    async def act(peer: Peer) -> None:
        await until.wait()

    return act


async def _stall(peer: Peer) -> None:
    peer.ended = True
    while await peer.reader.read(65536):
        pass


def stall() -> Action:
    """Says nothing more, and notices when the client leaves."""
    return _stall


def reset() -> Action:
    """A TCP reset instead of an end."""

    async def act(peer: Peer) -> None:
        peer.ended = True
        await peer.writer.drain()
        sock = peer.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.writer.transport.abort()

    return act


def close() -> Action:
    async def act(peer: Peer) -> None:
        peer.ended = True
        peer.writer.close()

    return act


def half_close() -> Action:
    """Ends its own side and keeps listening."""

    async def act(peer: Peer) -> None:
        peer.writer.write_eof()
        await _stall(peer)

    return act


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode()


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
