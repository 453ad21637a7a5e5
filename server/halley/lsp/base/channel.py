"""One client's bytes, both ways, on the event loop.

A `Channel` hands each frame it reads to `on_frames` and writes whole messages only, from the loop only, so that
messages can never interleave (with PYTHONUNBUFFERED, pygls' writes from threads do). Nothing here blocks the loop: a
client that does not read makes `drain` wait, and beyond `FULL` bytes of unread answers nothing more is read from it.
What it is connected to is `transport.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from halley.lsp.base.frames import BadFrame, FrameParser, frame

HIGH_WATER = 1024 * 1024
"""Unread bytes from which on `drain` waits."""
FULL = 32 * 1024 * 1024
"""Unread bytes from which on the client is not listened to."""

OnFrames = Callable[[list[bytes | BadFrame]], None]


class Channel(asyncio.Protocol):
    """One client's byte stream, both ways."""

    def __init__(self, on_frames: OnFrames, on_end: Callable[[], None], parser: FrameParser | None = None):
        self._on_frames, self._on_end = on_frames, on_end
        self._parser = parser or FrameParser()
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._holds: set[str] = set()  # who wants reading to pause
        self._closed = False
        self._later: list[bytes] | None = None  # messages of this turn of the loop after the first

    # Writing

    def write(self, body: bytes) -> None:
        """Sends one message. Call it on the loop; it never waits.

        The first of a turn of the loop is written immediately, those that follow together at its end: under many
        streams a call to the system for each message is what costs most.
        """
        if self._closed:
            return
        if self._later is not None:
            self._later.append(frame(body))
            return
        self._later = []
        asyncio.get_running_loop().call_soon(self._write_later)
        self._pass_on(frame(body))

    def _write_later(self) -> None:
        later, self._later = self._later, None
        if later:
            self._pass_on(b"".join(later))

    def _pass_on(self, data: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            return
        self._writer.write(data)
        if self._writer.get_write_buffer_size() > FULL:
            self.hold_reading("unread answers")

    @property
    def is_writable(self) -> bool:
        """False while the client has more than `HIGH_WATER` bytes to read."""
        return self._writable.is_set()

    async def drain(self) -> None:
        """Waits until the client has read enough of what was sent, or is gone."""
        await self._writable.wait()

    # Reading

    def hold_reading(self, why: str) -> None:
        """Reads nothing more until `why` is released."""
        if not self._holds and self._reader is not None:
            self._reader.pause_reading()
        self._holds.add(why)

    def release_reading(self, why: str) -> None:
        if why in self._holds:
            self._holds.discard(why)
            if not self._holds and self._reader is not None and not self._closed:
                self._reader.resume_reading()

    # The life of the connection

    async def aclose(self, timeout_s: float = 2.0) -> None:
        """Writes out what was sent, for at most `timeout_s`, and closes both ways."""
        if self._closed:
            return
        if self._writer is not None:
            self._write_later()
            self._writer.set_write_buffer_limits(high=0)  # from now on `drain` waits for the last byte
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self.drain()
        self._closed = True
        ends: tuple[Any, Any] = self._reader, self._writer  # a pipe's reading end has no `abort`
        for transport in ends:
            if transport is not None and not transport.is_closing():
                transport.abort() if hasattr(transport, "abort") else transport.close()
        self._writable.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once with a socket, which is both, or once with each of two pipes."""
        if isinstance(transport, asyncio.WriteTransport):
            self._writer = transport
            transport.set_write_buffer_limits(high=HIGH_WATER)
        if isinstance(transport, asyncio.ReadTransport):
            self._reader = transport

    def data_received(self, data: bytes) -> None:
        frames = self._parser.feed(data)
        if frames:
            self._on_frames(frames)

    def eof_received(self) -> bool:
        self._on_end()
        return True  # the rest is still written; `aclose` closes

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        self._on_end()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
        self.release_reading("unread answers")
