"""Stdin and stdout as the two ends of a channel. A unix socket needs nothing of this: it is both ends itself.

The loop reads and writes pipes and sockets itself. Everything else (files, terminals, Windows' pipes) it cannot watch:
there, two threads move the bytes to and from a socket pair, and the channel has its other end. pygls reads in the
thread pool of its handlers instead, where six slow ones block all input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
import threading

from halley.lsp.base.channel import Channel

_CHUNK = 256 * 1024


class Stdio:
    """Two file descriptors, owned from now on, as a channel's two ends."""

    def __init__(self, channel: Channel, stdin: int, stdout: int) -> None:
        self._channel, self._in, self._out = channel, stdin, stdout
        self._far: socket.socket | None = None
        self._writer = threading.Thread(target=self._pump_out, name="halley-stdout", daemon=True)

    async def open(self) -> None:
        """Lets the channel write."""
        loop = asyncio.get_running_loop()
        if _is_watchable(self._in) and _is_watchable(self._out):
            stdout = os.fdopen(self._out, "wb", 0)
            await loop.connect_write_pipe(lambda: self._channel, stdout)
        else:
            near, self._far = socket.socketpair()
            self._writer.start()
            await loop.create_connection(lambda: self._channel, sock=near)

    async def listen(self) -> None:
        """Lets the channel read: frames come from now on."""
        if self._far is None:
            stdin = os.fdopen(self._in, "rb", 0)
            await asyncio.get_running_loop().connect_read_pipe(lambda: self._channel, stdin)
        else:
            threading.Thread(target=self._pump_in, name="halley-stdin", daemon=True).start()

    async def aclose(self) -> None:
        """Waits, after the channel has closed, until a thread has passed on what was written."""
        if self._far is not None:
            await asyncio.to_thread(self._writer.join, 2.0)

    def _pump_in(self) -> None:
        assert self._far is not None
        with contextlib.suppress(OSError):
            while data := os.read(self._in, _CHUNK):
                self._far.sendall(data)
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_WR)
        os.close(self._in)

    def _pump_out(self) -> None:
        assert self._far is not None
        with contextlib.suppress(OSError):
            while data := self._far.recv(_CHUNK):
                view = memoryview(data)
                while view:
                    view = view[os.write(self._out, view) :]
        with contextlib.suppress(OSError):  # the reader is gone: the channel notices
            self._far.shutdown(socket.SHUT_RDWR)
        os.close(self._out)


def _is_watchable(fd: int) -> bool:
    """Pipes and sockets. Terminals are shared with the shell, which must not find them non-blocking."""
    mode = os.fstat(fd).st_mode
    return sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))
