"""Daemons and windows.

window = await daemon()                       `halley serve` over stdio, initialized, with the simulator configured
one, two = await shared_daemon(2)             `halley serve --pipe`, with so many windows
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from demo_tools import Demo
from setting import CONFIG, guarded
from window import Agreeing, Client, Json, Window

from halley.simulator import Simulator

Start = Callable[..., Awaitable[Window]]


@pytest.fixture
def config(halley_home: Path, simulator: Simulator) -> Path:
    """`config.toml` with the simulator in every role; tests may rewrite it."""
    path = halley_home / "config.toml"
    path.write_text(CONFIG.format(url=simulator.base_url))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def demo(config: Path, tmp_path: Path) -> Demo:
    return Demo(config, tmp_path / "ran.jsonl")


@pytest.fixture
async def daemon(config: Path, workspace: Path) -> AsyncIterator[Start]:
    """Starts `halley serve` and opens a window on it. Arguments: `folder`, `capabilities`, `settings`, `env`."""
    clients: list[Client] = []

    async def start(
        folder: Path = workspace,
        capabilities: Json | None = None,
        settings: Json | None = None,
        env: dict[str, str] | None = None,
    ) -> Window:
        client = Client()
        clients.append(client)
        await client.start_daemon(guarded(env))
        window = Window(client, folder, settings=settings or {})
        await window.initialize(capabilities)
        return window

    yield start
    for client in clients:
        await client.kill()


@pytest.fixture
async def window(daemon: Start) -> Window:
    return await daemon()


@pytest.fixture
async def agreeing(daemon: Start, monkeypatch: pytest.MonkeyPatch) -> Agreeing:
    monkeypatch.setitem(daemon.__globals__, "Window", Agreeing)  # type: ignore[attr-defined]
    return await daemon()  # type: ignore[return-value]


@pytest.fixture
async def shared_daemon(
    config: Path, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[list[Window]]]]:
    """Starts `halley serve --pipe` once and opens windows on it, on the folders given."""
    import os
    import sys

    path, clients = tmp_path / "halley.sock", list[Client]()
    command = ["-m", "halley", "serve", "--pipe", str(path)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, env=os.environ | guarded())

    async def windows(*folders: Path, **arguments: Any) -> list[Window]:
        await listening(path, process)
        opened: list[Window] = []
        for folder in folders:
            client = Client()
            clients.append(client)
            await client.connect(path)
            opened.append(Window(client, folder))
            await opened[-1].initialize(**arguments)
        return opened

    yield windows
    for client in clients:
        await client.kill()
    process.terminate()
    async with asyncio.timeout(90):
        await process.wait()


async def listening(path: Path, process: asyncio.subprocess.Process) -> None:
    """Until a client can connect."""
    async with asyncio.timeout(90):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(path)
                return writer.close()
            except (FileNotFoundError, ConnectionRefusedError):
                assert process.returncode is None, "the daemon ended"
                await asyncio.sleep(0.01)
