"""One editor's session in the shared daemon, from its pipes to its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import HalleyError
from halley.joining.words import ENDED, pack
from halley.lsp.base import serving
from halley.lsp.joined.logs import LogBySession
from halley.lsp.joined.porter import Arrival
from halley.lsp.joined.rooms import Rooms
from halley.lsp.logs import describe
from halley.lsp.streams import show_error
from halley.stores.disk.environment import work_with

if TYPE_CHECKING:
    from halley.features.shared import Shared
    from halley.lsp.base.server import HalleyServer

logger = logging.getLogger(__name__)

MakeServer = Callable[["Shared"], "HalleyServer"]


class Sessions:
    """All of the process. `on_empty` is called when the last one has ended."""

    def __init__(
        self, rooms: Rooms, logs: LogBySession, make_server: MakeServer, on_empty: Callable[[], None]
    ) -> None:
        self._rooms, self._logs, self._make_server, self._on_empty = rooms, logs, make_server, on_empty
        self._running: dict[asyncio.Task[None], HalleyServer | None] = {}

    @property
    def count(self) -> int:
        return len(self._running)

    def begin(self, arrival: Arrival) -> None:
        """Takes an editor; its session runs as a task with a context of its own."""
        task = asyncio.get_running_loop().create_task(self._attend(arrival))
        self._running[task] = None
        task.add_done_callback(self._over)

    async def aclose(self) -> None:
        """Ends them all in order."""
        for server in list(self._running.values()):
            if server is not None:
                server.end(0)
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=5)

    def _over(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not self._running:
            self._on_empty()

    async def _attend(self, arrival: Arrival) -> None:
        code = 1
        work_with(arrival.environ)
        try:
            log_file = Path(arrival.folder, arrival.log_file) if arrival.log_file else None
            log = self._logs.begin(arrival.stderr, log_file, arrival.log_level)
            try:
                code = await self._converse(arrival)
            finally:
                self._logs.end(log)
        except HalleyError as error:
            show_error(arrival.stdout, f"{error.problem.message} {error.problem.help}")
        except Exception as error:
            logger.error("a session failed: %s", describe(error))
        finally:
            await _say_goodbye(arrival, code)

    async def _converse(self, arrival: Arrival) -> int:
        """Raises StoreFailed."""
        shared = self._rooms.enter(arrival.environ)
        try:
            server = self._make_server(shared)
            task = asyncio.current_task()
            assert task is not None
            self._running[task] = server
            with _ended_with(arrival, lambda: server.end(0)):
                return await serving.converse(server, arrival.opening, *arrival.take_pipes())
        finally:
            self._rooms.leave(arrival.environ)


@contextlib.contextmanager
def _ended_with(arrival: Arrival, end: Callable[[], None]):
    """Calls `end` when the process that the editor started ends, or asks for it by closing its side."""
    loop, descriptor = asyncio.get_running_loop(), arrival.connection.fileno()

    def ended() -> None:
        loop.remove_reader(descriptor)
        end()

    loop.add_reader(descriptor, ended)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


async def _say_goodbye(arrival: Arrival, code: int) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.get_running_loop().sock_sendall(arrival.connection, pack([ENDED, b"%d" % code]))
    arrival.close()
