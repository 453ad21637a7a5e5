"""One client connection: requests in, responses out, in the manner each response asks for.

Pipelined requests wait their turn in the buffer. A client that goes away is noticed immediately (`connection_lost`), and the
response's `on_end` hears of it, so that a test can ask which calls were closed early.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from http.client import responses

from halley.simulator import http
from halley.simulator.http import Request, Response

HEAVY_BODY = 32 * 1024
"""Bytes of a request from which on answering may take long enough to be noticed elsewhere."""

BURST = 16
"""Pieces an unpaced stream writes before it lets the loop look at other connections."""

RESET_AFTER_S = 0.02
"""So that what was written before a reset has time to arrive: a reset also throws away what is still under way."""

HELD_S = 0.01
"""How often a stream that a test holds asks whether it may continue."""

CATCH_UP_S = 1.0
"""A paced stream that is later than this continues from where it is."""

SLOT_S = 0.001
"""Deadlines are rounded up to this, so that a thousand paced streams are a thousand wake-ups a second, not twenty thousand."""


def slot_after(when: float) -> float:
    """Never early, and at most one slot late."""
    return (int(when / SLOT_S) + 1) * SLOT_S


class Connection(asyncio.Protocol):
    def __init__(self, handler: Callable[[Request], Response], accept: Callable[[Connection], bool]) -> None:
        self._handler, self._accept = handler, accept
        self._loop = asyncio.get_running_loop()
        self._incoming, self._buffer = http.Incoming(), bytearray()
        self._current: Response | None = None
        self._keep_alive = True
        self._chunked = True
        self._pieces: Iterator[bytes] = iter(())
        self._sent = 0
        self._due = 0.0
        self._paused = self._continued = False
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.on_lost: Callable[[], None] = lambda: None

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        if not self._accept(self):
            self.reset()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._current is None:
            self._next_request()
        elif len(self._buffer) > http.MAX_BODY:
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("closed_early")
        self.on_lost()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._current is not None and self._sent:
            self._due = self._loop.time()
            self._step()

    # -- requests

    def _next_request(self) -> None:
        if self._buffer:
            self._incoming.add(bytes(self._buffer))
            self._buffer.clear()
        try:
            request = self._incoming.take()
        except http.Refused as refused:
            self._keep_alive = False
            error = {"message": str(refused), "type": "invalid_request_error"}
            return self._answer(http.json_response({"error": error}, refused.status))
        if request is None:
            if not self._continued and self._incoming.expects_continue:
                self._continued = True
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._continued = False
        self._keep_alive, self._chunked = request.keep_alive, not request.http10
        if len(request.body) >= HEAVY_BODY:
            return self._answer_aside(request)
        return self._answer(self._handler(request))

    def _answer_aside(self, request: Request) -> None:
        """Answers a large request in a thread, so that computing it holds up no other connection's stream."""
        self._current = waiting = Response()

        def ready(done: asyncio.Future[Response]) -> None:
            response = done.result()
            if self._current is waiting:
                self._answer(response)
            elif response.on_end is not None:  # the client has left meanwhile
                response.on_end("closed_early", 0)

        self._loop.run_in_executor(None, self._handler, request).add_done_callback(ready)

    def _answer(self, response: Response) -> None:
        self._current, self._sent = response, 0
        if response.delay_s > 0:
            self._at(self._loop.time() + response.delay_s, lambda: self._begin(response))
        else:
            self._begin(response)

    # -- responses

    def _begin(self, response: Response) -> None:
        if self._current is not response:
            return
        if response.is_stream:
            self._pieces = iter(response.body)  # type: ignore[arg-type]
            self._due = self._loop.time()
            self._step()
        else:
            self._send_whole(response, response.body)  # type: ignore[arg-type]

    def _send_whole(self, response: Response, body: bytes) -> None:
        if response.status or body:
            length = len(body) if response.declared_length is None else response.declared_length
            self.transport.write(self._head(response, f"content-length: {length}\r\n") + body)
        self._finish(response)

    def _step(self) -> None:
        """Writes the pieces that are due and books the next."""
        response = self._current
        if response is None or self._paused or self.transport.is_closing():
            return None
        again = lambda: self._step() if self._current is response else None  # noqa: E731
        for _ in range(BURST):
            if response.waits is not None and response.waits(self._sent):
                return self._at(self._loop.time() + HELD_S, again)
            piece = next(self._pieces, None)
            if piece is None:
                return self._finish(response)
            self._write_piece(response, piece)
            if self._paused or self._current is not response:
                return None
            if response.every_s > 0:
                # As planned, so that a late piece is caught up with, unless it is too late for that.
                due, now = self._due + response.every_s, self._loop.time()
                self._due = due if now - due < CATCH_UP_S else now
                return self._at(self._due, again)
        self._loop.call_soon(again)
        return None

    def _at(self, when: float, callback: Callable[[], None]) -> None:
        self._loop.call_at(slot_after(when), callback)

    def _write_piece(self, response: Response, piece: bytes) -> None:
        data = b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece
        if self._sent == 0:
            data = self._head(response, "transfer-encoding: chunked\r\n" if self._chunked else "") + data
        self._sent += 1
        self.transport.write(data)

    def _head(self, response: Response, framing: str) -> bytes:
        self._keep_alive = self._keep_alive and (self._chunked or not response.is_stream)
        phrase = responses.get(response.status, "Unknown")
        lines = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        keep = "keep-alive" if self._keep_alive and response.ending == "end" else "close"
        head = f"HTTP/1.1 {response.status} {phrase}\r\n{lines}{framing}connection: {keep}\r\n\r\n"
        return head.encode("latin-1")

    def _finish(self, response: Response) -> None:
        if response.ending == "stall":
            return  # says nothing more, until the client gives up
        if response.is_stream and response.ending == "end":
            if self._sent == 0:
                self.transport.write(self._head(response, "content-length: 0\r\n"))
            elif self._chunked:
                self.transport.write(b"0\r\n\r\n")
        self._end("complete" if response.ending == "end" else response.ending)
        if response.ending == "reset":
            self.transport.pause_reading()
            self._at(self._loop.time() + (RESET_AFTER_S if self._sent else 0), self.reset)
        elif response.ending == "cut" or not self._keep_alive:
            self.transport.close()
        else:
            self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        if self._current is None and not self.transport.is_closing():
            self.transport.resume_reading()
            self._next_request()

    def _end(self, how: str) -> None:
        response, self._current = self._current, None
        if response is not None and response.on_end is not None:
            response.on_end(how, self._sent)

    def reset(self) -> None:
        """Closes with a TCP RST instead of a FIN (`SO_LINGER` of zero), as a crashed host does."""
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
