"""Running servers: on stdin and stdout, or one for each client of a unix socket.

Both end in order: what is being worked on is cancelled, what was said is written out, what was opened is closed.
Signals and the end of the process are `lsp/process.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from halley.lsp.base.front import Opening
from halley.lsp.base.transport import Stdio
from halley.lsp.logs import describe
from halley.lsp.process import end_on_signals
from halley.lsp.socket_file import listening

if TYPE_CHECKING:
    from halley.lsp.base.channel import Channel
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)


async def serve_stdio(server: HalleyServer, opening: Opening, stdin: int, stdout: int) -> int:
    """Runs `server` from where `opening` left off, and ends with the process; its exit code."""
    with end_on_signals(lambda: server.end(0)):
        return await converse(server, opening, stdin, stdout)


async def converse(server: HalleyServer, opening: Opening, stdin: int, stdout: int) -> int:
    """As `serve_stdio`, for one of several clients of this process."""
    protocol = server.protocol
    stdio = Stdio(server.connect(opening.parser), stdin, stdout)
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
    clients: dict[asyncio.Task[None], HalleyServer] = {}
    stop = asyncio.Event()

    def connect() -> Channel:
        server = make_server()
        task = asyncio.get_running_loop().create_task(attend(server))
        clients[task] = server
        task.add_done_callback(clients.pop)
        return server.connect()

    async def attend(server: HalleyServer) -> None:
        try:
            await server.ended.wait()
            await server.aclose()
        except Exception as error:
            logger.error("a client's end failed: %s", describe(error))

    with end_on_signals(stop.set):
        async with listening(path, connect):
            await stop.wait()
        for server in tuple(clients.values()):
            server.end(0)
        if clients:
            await asyncio.wait(tuple(clients), timeout=5)
    return 0
