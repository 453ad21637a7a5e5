"""Running servers: one on stdin and stdout, or one for each client of a unix socket.

Both end in order: what is being worked on is cancelled, what was said is written out, what was opened is closed, and
the process leaves with its exit code even where a thread hangs (a key store that waits for D-Bus).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.lsp.base.channel import Channel
from halley.lsp.base.front import Opening
from halley.lsp.base.last_resort import arm
from halley.lsp.base.logs import describe
from halley.lsp.base.transport import Stdio, serve_unix

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)

QUIET_S = 1.0
"""After the start, until there is time for what a start does without."""


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


@contextlib.contextmanager
def end_on_signals(end: Callable[[], None]) -> Any:
    """SIGTERM, SIGINT and SIGHUP end the work in order, even while the loop sleeps; and the process at last, even if
    something holds the interpreter."""
    loop = asyncio.get_running_loop()
    names = [n for n in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, n)]
    for name in names:
        number = getattr(signal, name)
        try:
            loop.add_signal_handler(number, end)
        except (NotImplementedError, RuntimeError):  # Windows, or not the main thread
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
    armed: list[Callable[[], None]] = []
    timer = loop.call_later(QUIET_S, lambda: armed.append(arm(getattr(signal, name) for name in names)))
    try:
        yield
    finally:
        timer.cancel()
        for disarm in armed:
            disarm()
        for name in names:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(getattr(signal, name))


def run_to_the_end(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Runs `main` on a loop of its own; its result. Leaves the process at once if threads are still busy then."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        code = loop.run_until_complete(main())
        _cancel_rest(loop)
    finally:
        loop.close()
    if any(t is not threading.current_thread() and not t.daemon for t in threading.enumerate()):
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)  # the interpreter would wait for those threads
    return code


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.wait(rest, timeout=1.0))
    loop.run_until_complete(loop.shutdown_asyncgens())
