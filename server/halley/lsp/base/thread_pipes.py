"""File descriptors the loop cannot watch: files, terminals, Windows' pipes.

Each direction has a daemon thread that only moves bytes. They look like asyncio's transports to `transport.Channel`,
which calls them, and is called by them, on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from halley.lsp.base.transport import Channel

_CHUNK = 256 * 1024


class ThreadReader:
    """Reads a descriptor the loop cannot watch."""

    def __init__(self, channel: Channel, fd: int) -> None:
        self._channel, self._fd = channel, fd
        self._loop = asyncio.get_running_loop()
        self._going = threading.Event()
        self._going.set()
        self._closed = False
        threading.Thread(target=self._run, name="halley-stdin", daemon=True).start()

    def _run(self) -> None:
        while not self._closed:
            self._going.wait()
            try:
                data = os.read(self._fd, _CHUNK)
            except OSError:
                data = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                if not data:
                    self._loop.call_soon_threadsafe(self._channel.eof_received)
                    return
                taken = threading.Event()
                self._loop.call_soon_threadsafe(self._deliver, data, taken)
                taken.wait()

    def _deliver(self, data: bytes, taken: threading.Event) -> None:
        self._channel.data_received(data)
        taken.set()

    def pause_reading(self) -> None:
        self._going.clear()

    def resume_reading(self) -> None:
        self._going.set()

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True


class ThreadWriter:
    """Writes a descriptor the loop cannot watch, in the order of the loop's calls."""

    def __init__(self, channel: Channel, fd: int, high_water: int) -> None:
        self._channel, self._fd = channel, fd
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._unwritten = 0
        self._high = high_water
        self._closing = False
        threading.Thread(target=self._run, name="halley-stdout", daemon=True).start()

    def write(self, data: bytes) -> None:
        self._unwritten += len(data)
        self._queue.put(data)
        if self._unwritten > self._high:
            self._channel.pause_writing()

    def _run(self) -> None:
        while True:
            data = self._queue.get()
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._fd, view) :]
            except OSError:
                self._call(self._break)
                return
            self._call(self._written, len(data))

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *args)

    def _written(self, count: int) -> None:
        self._unwritten -= count
        if self._unwritten <= self._high // 4:
            self._channel.resume_writing()

    def _break(self) -> None:
        self._closing = True
        self._unwritten = 0
        self._channel.connection_lost(None)

    def set_write_buffer_limits(self, high: int) -> None:
        self._high = high
        if self._unwritten > high:
            self._channel.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self._unwritten

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True
