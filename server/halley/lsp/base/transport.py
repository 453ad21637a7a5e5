"""Bytes to and from one client, on the event loop.

A `Channel` hands each frame it reads to `on_frames` and writes whole messages only, from the loop only, so that
messages can never interleave (with PYTHONUNBUFFERED stdout writes from threads do). `open_stdout` and `open_stdin`
connect one to file descriptors, `serve_unix` makes one for each connection of a unix socket: above that there is
no difference.

Nothing here blocks the loop: a client that does not read makes `drain` wait, and beyond `FULL` bytes of unread
answers nothing more is read from it. Where the loop cannot watch a descriptor (files, terminals, Windows'
pipes), threads move the bytes (`thread_pipes.py`) and the loop still owns the order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
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
        self._reader: Any = None  # asyncio.ReadTransport, or what looks like one
        self._writer: Any = None  # asyncio.WriteTransport, or what looks like one
        self._writable = asyncio.Event()
        self._writable.set()
        self._holds: set[str] = set()  # who wants reading to pause
        self._closed = False
        self._later: list[bytes] | None = (
            None  # what is said in this turn of the loop after the first message
        )

    # Writing

    def write(self, body: bytes) -> None:
        """Sends one message. Call it on the loop; it never waits.

        The first of a turn of the loop goes at once, those that follow go together at its end: under many streams
        a call to the system for each message is what costs most.
        """
        if self._closed or self._writer is None or self._writer.is_closing():
            return
        if self._later is not None:
            self._later.append(frame(body))
            return
        self._later = []
        asyncio.get_running_loop().call_soon(self._write_later)
        self._pass_on(frame(body))

    def _write_later(self) -> None:
        later, self._later = self._later, None
        if later and self._writer is not None and not self._writer.is_closing():
            self._pass_on(b"".join(later))

    def _pass_on(self, data: bytes) -> None:
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
        for transport in (self._reader, self._writer):
            if transport is not None and not transport.is_closing():
                transport.abort() if hasattr(transport, "abort") else transport.close()
        self._writable.set()

    def use_writer(self, writer: Any) -> None:
        self._writer = writer
        writer.set_write_buffer_limits(high=HIGH_WATER)

    # asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        self._reader = transport
        if isinstance(transport, asyncio.Transport):  # a socket is both
            self.use_writer(transport)

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


class _WriteSide(asyncio.BaseProtocol):
    """What a write pipe tells, passed on to its channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.pause_writing = channel.pause_writing
        self.resume_writing = channel.resume_writing

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.connection_lost(exc)


async def open_stdout(channel: Channel, fd: int) -> None:
    """Lets `channel` write to a file descriptor, which it then owns."""
    if _is_watchable(fd):
        loop = asyncio.get_running_loop()
        writer, _ = await loop.connect_write_pipe(lambda: _WriteSide(channel), os.fdopen(fd, "wb", 0))
        channel.use_writer(writer)
    else:
        from halley.lsp.base.thread_pipes import ThreadWriter

        channel.use_writer(ThreadWriter(channel, fd, HIGH_WATER))


async def open_stdin(channel: Channel, fd: int) -> None:
    """Lets `channel` read from a file descriptor, which it then owns: frames come from now on."""
    if _is_watchable(fd):
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: channel, os.fdopen(fd, "rb", 0))
    else:
        from halley.lsp.base.thread_pipes import ThreadReader

        channel.connection_made(ThreadReader(channel, fd))


def _is_watchable(fd: int) -> bool:
    """Pipes and sockets. Terminals are shared with the shell, which must not find them non-blocking."""
    mode = os.fstat(fd).st_mode
    return sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


async def serve_unix(path: str, make_channel: Callable[[], Channel]) -> asyncio.AbstractServer:
    """Listens on a unix socket that only this user can open; one channel for each client.

    Raises FileExistsError when another daemon answers there, NotImplementedError where there are no unix sockets.
    """
    loop = asyncio.get_running_loop()
    if not hasattr(loop, "create_unix_server") or sys.platform == "win32":
        raise NotImplementedError("unix sockets")
    await _clear_stale_socket(path)
    mask = os.umask(0o177)
    try:
        return await loop.create_unix_server(make_channel, path)
    finally:
        os.umask(mask)


async def _clear_stale_socket(path: str) -> None:
    """Removes what a daemon that was killed left behind, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(path)
    except FileNotFoundError:
        return
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        Path(path).unlink()
        return
    writer.close()
    raise FileExistsError(path)
