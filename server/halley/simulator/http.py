"""HTTP/1.1 as the simulator needs it: one asyncio protocol per connection, handlers that only compute.

A handler takes a `Request` and returns a `Response`; it never waits and never sees a socket. When and how the
bytes leave (delay, pace, a reset half-way) is data in the response, and `connection.py` acts on it. Start with
`Response`; `Incoming` reads the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import orjson

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024

Ending = Literal["end", "reset", "cut", "stall"]
"""How a response ends: as it should; by a TCP reset; closed in the middle; never."""


class Refused(Exception):
    """A request that is not HTTP as we speak it. `status` answers it, then the connection closes."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes = b""
    http10: bool = False

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def keep_alive(self) -> bool:
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" if self.http10 else wish != "close"


@dataclass(slots=True)
class Response:
    """An answer and the manner of its leaving.

    `body` as bytes is sent whole, with its length; any other iterable is sent piece by piece, chunked: the first
    piece after `delay_s`, then one every `every_s` seconds (0: as fast as the client reads).
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    delay_s: float = 0.0
    every_s: float = 0.0
    waits: Callable[[int], bool] | None = None
    """Whether a stream waits after that many pieces, as long as a test says."""
    ending: Ending = "end"
    declared_length: int | None = None
    """A Content-Length that may lie, for a body that is cut short."""
    on_end: Callable[[str, int], None] | None = None
    """Told once how it ended (`complete`, `closed_early`, or the ending's name) and how many pieces had gone."""

    @property
    def is_stream(self) -> bool:
        return not isinstance(self.body, bytes)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"content-type": "application/json", **(headers or {})}, orjson.dumps(value))


def html_response(text: str, status: int = 200) -> Response:
    return Response(status, {"content-type": "text/html; charset=utf-8"}, text.encode())


class Incoming:
    """The requests in one connection's bytes, read by h11. Answers go past it: some are meant to be wrong."""

    def __init__(self) -> None:
        self._begin(b"")

    def _begin(self, data: bytes) -> None:
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._head, self._body = h11.Request(method="GET", target="/", headers=[("host", "")]), bytearray()
        if data:
            self.add(data)

    def add(self, data: bytes) -> None:
        self._parser.receive_data(data)

    @property
    def expects_continue(self) -> bool:
        """A head has arrived whose sender waits for `100 Continue` before the body."""
        return self._parser.they_are_waiting_for_100_continue

    def take(self) -> Request | None:
        """The next whole request; None when more bytes are needed. Raises Refused."""
        try:
            while (event := self._parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.EndOfMessage):
                    return self._whole()
                self._read(event)
        except h11.RemoteProtocolError as error:
            raise Refused(error.error_status_hint, str(error)) from error
        return None

    def _read(self, event: object) -> None:
        length = 0
        if isinstance(event, h11.Request):
            self._head, length = event, int(dict(event.headers).get(b"content-length", 0))
        elif isinstance(event, h11.Data):
            self._body += event.data
        if self._head.http_version not in (b"1.0", b"1.1"):
            raise Refused(400, "not an HTTP/1.1 request")
        if max(length, len(self._body)) > MAX_BODY:
            raise Refused(413, "the request's body is too large")

    def _whole(self) -> Request:
        head, body, headers = self._head, bytes(self._body), dict[str, str]()
        for name, value in (
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers
        ):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        # A parser is for one exchange, as h11 counts it: what came after this request is the next one's.
        self._begin(self._parser.trailing_data[0])
        return Request(head.method.decode(), head.target.decode(), headers, body, head.http_version == b"1.0")
