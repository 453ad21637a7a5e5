"""Stdin and stdout as lines: two threads move the bytes, so that files, terminals and Windows' pipes work alike.

Whatever else prints goes to stderr from here on: one stray word on stdout would end the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

_CHUNK = 256 * 1024
MOST_LINE = 64 << 20
"""Bytes of a message; a longer one is dropped, and the line after it is read again."""


class Lines:
    """Owns both descriptors from now on. `on_line` and `on_end` are called in the loop."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self._in, self._out = stdin, stdout
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="halley-acp-out", daemon=True)

    @classmethod
    def of_process(cls) -> Lines:
        """The process's own. Standard output leads to stderr afterwards."""
        found = cls(os.dup(0), os.dup(1))
        os.dup2(2, 1)
        return found

    def send(self, line: bytes) -> None:
        """Hands a line over; waits for nothing."""
        self._queue.put(line)

    def open(self, on_line: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._writer.start()

        def read() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed
                for line in self._lines():
                    loop.call_soon_threadsafe(on_line, line)
                loop.call_soon_threadsafe(on_end)

        threading.Thread(target=read, name="halley-acp-in", daemon=True).start()

    async def aclose(self) -> None:
        """Waits until what was sent is written, for two seconds at most."""
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join, 2.0)

    def _lines(self) -> Iterator[bytes]:
        held, dropping = bytearray(), False
        while data := self._read():
            *whole, rest = data.split(b"\n")
            for part in whole:
                if not dropping:
                    yield bytes(held) + part
                held.clear()
                dropping = False
            held += rest
            if len(held) > MOST_LINE:
                held.clear()
                dropping = True
        if held and not dropping:
            yield bytes(held)

    def _read(self) -> bytes:
        try:
            return os.read(self._in, _CHUNK)
        except OSError:
            return b""

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # the reader is gone: the end of stdin tells of it
            while (line := self._queue.get()) is not None:
                view = memoryview(line)
                while view:
                    view = view[os.write(self._out, view) :]
