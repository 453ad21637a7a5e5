"""`Simulator`: the API on a loopback port, as a value to start and stop.

async with Simulator(tokens_per_s=200) as sim:
    client = AsyncOpenAI(base_url=sim.base_url, api_key="sk-sim")
    sim.script("exactly this")
    …
    assert sim.requests[-1].state == "complete"
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any, Self

from halley.simulator.app import App
from halley.simulator.connection import Connection
from halley.simulator.faults import parse_rule
from halley.simulator.options import Options
from halley.simulator.records import Seen
from halley.simulator.script import ScriptedReply

HOST = "127.0.0.1"
KEY = "sk-sim"
"""A key the simulator takes, as it takes any that begins so."""


class Simulator:
    """One simulated host. Options as in `options.Options`; `faults` are rules as `faults.parse_rule` reads them."""

    def __init__(
        self, port: int = 0, *, faults: Iterable[str] = (), keys: Iterable[str] = (), **options: Any
    ) -> None:
        rules = tuple(parse_rule(text) for text in faults)
        self._app = App(Options(faults=rules, keys=frozenset(keys), **options), lambda: self.origin)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self.port = port
        self.accepted = 0
        """Connections made so far."""

    # -- running

    async def start(self) -> Self:
        """Listens. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, HOST, self.port, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Closes the port and every connection."""
        await self.stop_listening()
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    async def stop_listening(self) -> None:
        """New connections are refused, as when a host is down; open ones stay. `start` listens again, same port."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _connect(self) -> Connection:
        connection = Connection(self._app.handle, self._accept)
        connection.on_lost = lambda: self._connections.discard(connection)
        return connection

    def _accept(self, connection: Connection) -> bool:
        self.accepted += 1
        self._connections.add(connection)
        random = Random(f"{self.options.seed}:accept:{self.accepted}")
        rules = [rule for rule in self.options.faults if rule.fault.at_accept]
        return not any(self._app.strikes(rule, random) for rule in rules)

    # -- what a test wants to know and say

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`: the base address of the Anthropic wire."""
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/v1`: the base address of the OpenAI wires."""
        return f"{self.origin}/v1"

    @property
    def requests(self) -> list[Seen]:
        """The calls so far, oldest first."""
        return list(self._app.records.all)

    @property
    def open_streams(self) -> int:
        """Calls that have not ended."""
        return len(self._app.records.open)

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._connections)

    @property
    def options(self) -> Options:
        return self._app.options

    @options.setter
    def options(self, options: Options) -> None:
        self._app.options = options
        self._app.asked.clear()

    def set_faults(self, *rules: str) -> None:
        """Other faults from now on; their counts start over."""
        self.options = replace(self.options, faults=tuple(parse_rule(rule) for rule in rules))

    def script(self, text: str = "", **fields: Any) -> None:
        """Queues a reply (`script.ScriptedReply`'s fields)."""
        self._app.script.waiting.append(ScriptedReply(text, **fields))

    def release(self) -> None:
        """Lets replies that a script holds back continue."""
        self._app.script.release()

    def clear(self) -> None:
        """Forgets the calls and the scripted replies."""
        self._app.records.all.clear()
        self._app.script.waiting.clear()

    async def wait_for(self, condition: Any, timeout: float = 60.0) -> None:
        """Until `condition(self)` is true; TimeoutError after `timeout` seconds. Saves tests their sleeps."""
        async with asyncio.timeout(timeout):
            while not condition(self):  # noqa: ASYNC110 - any condition, not one event
                await asyncio.sleep(0.001)
