"""Editors that join the user's running daemon, each by a process of its own, as they would start it.

editors = Editors(home)
one = await editors.start(KEY="…")            `halley serve --shared`, over stdio, not initialized yet
editors.about()                               what the daemon says of itself
await editors.aclose()                        ends the daemon too
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from daemons import end_daemons
from rawclient import PATIENCE_S, RawClient

from halley.joining.about import About, ask
from halley.joining.place import DaemonPlace, find_place

SHARED = (sys.executable, "-m", "halley", "serve", "--shared")


class Editors:
    """All that join the daemon of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"},
            "HALLEY_HOME": str(home),
        }
        self._clients: list[RawClient] = []

    @property
    def place(self) -> DaemonPlace:
        return find_place(self.environ)

    def about(self) -> About | None:
        return ask(self.environ)

    @property
    def daemon(self) -> int:
        """The daemon's process id."""
        about = self.about()
        assert about is not None, "no daemon runs"
        return about.pid

    async def start(self, *command: str, cwd: Path | None = None, **env: str) -> RawClient:
        process = await asyncio.create_subprocess_exec(
            *(command or SHARED),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environ | env,
            cwd=cwd,
            limit=2**26,
        )
        assert process.stdout and process.stdin
        self._clients.append(RawClient(process.stdout, process.stdin, process))
        return self._clients[-1]

    async def opened(self, *command: str, cwd: Path | None = None, **env: str) -> RawClient:
        """As `start`, initialized."""
        client = await self.start(*command, cwd=cwd, **env)
        await client.initialize()
        return client

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()
        await asyncio.to_thread(end_daemons, self.home)  # also one that nobody finds any more


async def gone(pid: int) -> None:
    """Waits until a process that is no child of ours has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


async def leave(client: RawClient) -> int:
    """shutdown and exit, as editors do; the exit code."""
    await client.result("shutdown")
    await client.notify("exit")
    return await client.exit_code()


@pytest.fixture
async def editors() -> AsyncIterator[Editors]:
    """Editors of a new home, whose path is short enough for a socket wherever the tests lie."""
    home = Path(tempfile.mkdtemp(prefix="hj-", dir="/tmp"))
    running = Editors(home)
    try:
        yield running
    finally:
        with contextlib.suppress(Exception):
            await running.aclose()
        shutil.rmtree(home, ignore_errors=True)
