"""HTTP/1.1 as the simulator needs it: one asyncio protocol per connection, handlers that only compute.

A handler takes a `Request` and returns a `Response`; it never waits and never sees a socket. When and how the
bytes leave (delay, pace, a reset half-way) is data in the response, and `connection.py` acts on it. Start with
`Response`; `read_request` is the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

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


def read_request(buffer: bytearray) -> Request | None:
    """Takes one whole request off the front of `buffer`, or None when more bytes are needed.

    Raises Refused for what is too large or not HTTP/1.x (RFC 9112).
    """
    while buffer.startswith((b"\r\n", b"\n")):  # RFC 9112, section 2.2: ignore an empty line before a request
        del buffer[: buffer.index(b"\n") + 1]
    end = buffer.find(b"\r\n\r\n")
    if (len(buffer) if end < 0 else end) > MAX_HEAD:
        raise Refused(431, "the request's headers are too large")
    if end < 0:
        return None
    method, target, version, headers = _parse_head(bytes(buffer[:end]))
    start = end + 4
    if "chunked" in headers.get("transfer-encoding", "").lower():
        taken = _read_chunked(buffer, start)
    else:
        taken = _read_sized(buffer, start, headers.get("content-length", "0"))
    if taken is None:
        return None
    body, after = taken
    del buffer[:after]
    return Request(method, target, headers, body, http10=version == "HTTP/1.0")


def expects_continue(buffer: bytearray) -> bool:
    """True when a head has arrived whose sender waits for `100 Continue` before the body."""
    end = buffer.find(b"\r\n\r\n")
    return end >= 0 and b"\r\nexpect: 100-continue" in bytes(buffer[: end + 2]).lower()


def _parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Refused(400, "not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Refused(400, "malformed header")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return parts[0], parts[1], parts[2], headers


def _read_sized(buffer: bytearray, start: int, declared: str) -> tuple[bytes, int] | None:
    if not (declared.isascii() and declared.isdigit() and len(declared) < 12):
        raise Refused(400, "malformed Content-Length")
    length = int(declared)
    if length > MAX_BODY:
        raise Refused(413, "the request's body is too large")
    after = start + length
    return (bytes(buffer[start:after]), after) if len(buffer) >= after else None


def _read_chunked(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    pieces: list[bytes] = []
    total = 0
    while True:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        try:
            size = int(bytes(buffer[at:line_end]).split(b";")[0], 16)
        except ValueError as error:
            raise Refused(400, "malformed chunk size") from error
        total += size
        if total > MAX_BODY:
            raise Refused(413, "the request's body is too large")
        at = line_end + 2
        if size == 0:
            if buffer[at : at + 2] not in (b"", b"\r", b"\r\n"):
                raise Refused(400, "trailers are not supported")
            return (b"".join(pieces), at + 2) if len(buffer) >= at + 2 else None
        if len(buffer) < at + size + 2:
            return None
        pieces.append(bytes(buffer[at : at + size]))
        at += size + 2
