"""Running servers: one on stdin and stdout, or one for each client of a unix socket.

Both end in order: what is being worked on is cancelled, what was said is written out, what was opened is closed.
Signals and the end of the process are `lsp/process.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from halley.lsp.base.channel import Channel
from halley.lsp.base.front import Opening
from halley.lsp.base.transport import Stdio, serve_unix
from halley.lsp.logs import describe
from halley.lsp.process import end_on_signals

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)


async def serve_stdio(server: HalleyServer, opening: Opening, stdin: int, stdout: int) -> int:
    """Runs `server` from where `opening` left off; its exit code."""
    protocol = server.protocol
    server.connect(Channel(protocol.receive, protocol.at_end_of_input, opening.parser))
    stdio = Stdio(server.channel, stdin, stdout)
    with end_on_signals(lambda: server.end(0)):
        await stdio.open()
        if opening.params is not None:
            server.begin(opening.params)
        protocol.receive(opening.frames)
        await stdio.listen()
        await server.ended.wait()
        await server.aclose()
        await stdio.aclose()
    return server.code


async def serve_pipe(make_server: Callable[[], HalleyServer], path: str) -> int:
    """Runs one server for each client of the unix socket at `path` until a signal ends the process.

    Raises FileExistsError when another daemon answers there, NotImplementedError on Windows.
    """
    running: set[asyncio.Task[None]] = set()
    servers: set[HalleyServer] = set()
    stop = asyncio.Event()

    def connect() -> Channel:
        server = make_server()
        server.connect(Channel(server.protocol.receive, server.protocol.at_end_of_input))
        servers.add(server)
        task = asyncio.get_running_loop().create_task(attend(server))
        running.add(task)
        task.add_done_callback(running.discard)
        return server.channel

    async def attend(server: HalleyServer) -> None:
        try:
            await server.ended.wait()
            await server.aclose()
        except Exception as error:
            logger.error("a client's end failed: %s", describe(error))
        finally:
            servers.discard(server)

    with end_on_signals(stop.set):
        listener = await serve_unix(path, connect)
        ours = _identity(path)
        try:
            await stop.wait()
        finally:
            listener.close()
            if ours is not None and _identity(path) == ours:  # else another daemon listens there by now
                with contextlib.suppress(OSError):
                    Path(path).unlink()
        for server in tuple(servers):
            server.end(0)
        if running:
            await asyncio.wait(tuple(running), timeout=5)
    return 0


def _identity(path: str) -> tuple[int, int, int] | None:
    """Which file it is. With the time, since an inode's number is soon given to the next file."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_ctime_ns
