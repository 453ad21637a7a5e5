"""Where one message ends and the next begins: the header part of the base protocol, on bytes.

Start at `FrameParser.feed`. It never raises and never waits for bytes that will not come: what cannot be a
message comes out as a `BadFrame`, after which the parser looks for the next header and continues. It knows
nothing of JSON. On the way to the answer of `initialize`, so it imports nothing but `re`.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#headerPart
"""

from __future__ import annotations

import re

MAX_BODY = 64 * 1024 * 1024
"""Bytes of the longest message that is read."""
MAX_LINE = 8 * 1024
"""Bytes of the longest header line."""
MAX_HEADERS = 8 * MAX_LINE

_HEADER = re.compile(rb"([A-Za-z0-9-]+)[ \t]*:[ \t]*(.*?)[ \t\r]*\Z", re.DOTALL)
_LENGTH = re.compile(rb"[0-9]{1,8}\Z")  # a longer number is over MAX_BODY anyway
_NEXT_HEADER = re.compile(rb"content-length[ \t]{0,8}:[ \t]{0,8}[0-9]{1,8}[ \t]{0,8}\r?\n", re.IGNORECASE)
_LONGEST_NEXT_HEADER = 64


class BadFrame:
    """Bytes that are no message. `reason` is a sentence; it quotes nothing of them."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"BadFrame({self.reason!r})"


class FrameParser:
    """Cuts a byte stream into message bodies.

    After a bad header it is *lost*: everything up to the next `Content-Length: <digits>` line is dropped. That
    is safe because JSON has no raw line break inside a string, so no body can look like that line.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None  # of the body, once a Content-Length was read
        self._in_body = False
        self._header_bytes = 0
        self._lost = False

    def feed(self, data: bytes) -> list[bytes | BadFrame]:
        """The bodies that `data` completes, in order, with a `BadFrame` where the stream made no sense."""
        self._buffer += data
        frames: list[bytes | BadFrame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> bytes | BadFrame | None:
        if self._lost and not self._find_header():
            return None
        if not self._in_body:
            problem = self._read_headers()
            if problem is not None:
                return self._lose_track(problem)
        return self._read_body() if self._in_body else None

    def _read_body(self) -> bytes | None:
        length = self._length or 0
        if len(self._buffer) < length:
            return None
        with memoryview(self._buffer) as view:
            body = bytes(view[:length])
        del self._buffer[:length]
        self._expect_header()
        return body

    def _read_headers(self) -> str | None:
        """Eats header lines up to the empty one. A sentence if they cannot be headers."""
        buffer = self._buffer
        while True:
            end = buffer.find(b"\n", 0, MAX_LINE + 1)
            if end < 0:
                return "A header line is too long." if len(buffer) > MAX_LINE else None
            line = bytes(buffer[:end]).rstrip(b"\r")
            if not line:
                del buffer[: end + 1]
                if self._length is not None:
                    self._in_body = True
                    return None
                if self._header_bytes:
                    return "The header has no Content-Length."
                continue  # an empty line between messages
            header = _HEADER.match(line)
            if header is None:
                return "A header line is malformed."  # it stays: the next header may hide in it
            del buffer[: end + 1]
            self._header_bytes += end + 1
            if self._header_bytes > MAX_HEADERS:
                return "The header is too long."
            if header[1].lower() == b"content-length" and (problem := self._read_length(header[2])):
                return problem

    def _read_length(self, value: bytes) -> str | None:
        if not _LENGTH.match(value):
            return "Content-Length is not a length." if not value.isdigit() else "The message is too long."
        length = int(value)
        if length > MAX_BODY:
            return "The message is too long."
        if self._length not in (None, length):
            return "Content-Length is given twice."
        self._length = length
        return None

    def _lose_track(self, reason: str) -> BadFrame:
        self._expect_header()
        self._lost = True
        return BadFrame(reason)

    def _find_header(self) -> bool:
        found = _NEXT_HEADER.search(self._buffer)
        if found is None:  # the end is kept: it may be half of a header
            del self._buffer[: max(0, len(self._buffer) - _LONGEST_NEXT_HEADER)]
            return False
        at = found.start()
        del found  # it holds a view of the buffer, which may not shrink meanwhile
        del self._buffer[:at]
        self._lost = False
        return True

    def _expect_header(self) -> None:
        self._length, self._in_body, self._header_bytes = None, False, 0


def frame(body: bytes) -> bytes:
    """`body` with its header: what goes out."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
