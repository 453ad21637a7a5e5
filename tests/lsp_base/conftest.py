"""Servers to talk to: the real `halley serve`, and one with features that misbehave on purpose."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from rawclient import RawClient

HERE = Path(__file__).parent
Start = Callable[..., Awaitable[RawClient]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a server as an editor would and gives a client for it: the sample, or `halley` with arguments.

    The sample's first argument may name another script of this folder.
    """
    clients: list[RawClient] = []

    async def start_server(*arguments: str, halley: bool = False, **env: str) -> RawClient:
        script, *rest = (
            arguments if arguments and arguments[0].endswith(".py") else ("sample_server.py", *arguments)
        )
        command = ["-m", "halley", *(arguments or ["serve"])] if halley else [str(HERE / script), *rest]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HALLEY_HOME": str(tmp_path / "home"), **env},
            limit=2**26,
        )
        assert process.stdout and process.stdin
        clients.append(RawClient(process.stdout, process.stdin, process))
        return clients[-1]

    yield start_server
    for client in clients:
        await client.aclose()


@pytest.fixture
async def sample(start: Start) -> RawClient:
    """The sample server, initialized."""
    client = await start()
    await client.initialize()
    return client
