"""Servers that others wrote: started, listed, called, ended; over pipes and over HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from halley.mcp.connection import ServerConnection
from halley.mcp.values import ServerSpec, ToolFailed

START_S = 120.0


@asynccontextmanager
async def running(*command: str, **more: object) -> AsyncIterator[ServerConnection]:
    spec = ServerSpec("real", command, start_timeout_s=START_S, **more)  # type: ignore[arg-type]
    connection = ServerConnection(spec)
    connection.start()
    try:
        assert await connection.wait(START_S), connection.problem
        yield connection
    finally:
        await connection.close()


async def test_time_from_pypi(pypi_servers: Path) -> None:
    async with running(str(pypi_servers / "mcp-server-time"), "--local-timezone", "UTC") as server:
        assert {tool.name for tool in server.offer.tools} == {"get_current_time", "convert_time"}
        outcome = await server.call(
            "convert_time",
            {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"},
            30,
        )
        assert "21:00" in outcome.text and not outcome.failed
        wrong = await server.call("get_current_time", {"timezone": "Nowhere/Land"}, 30)
        assert wrong.failed


async def test_git_from_pypi(pypi_servers: Path, tmp_path: Path) -> None:
    git = await asyncio.create_subprocess_exec("git", "init", "-q", str(tmp_path))
    assert await git.wait() == 0
    (tmp_path / "new.txt").write_text("new\n")
    async with running(str(pypi_servers / "mcp-server-git"), "--repository", str(tmp_path)) as server:
        outcome = await server.call("git_status", {"repo_path": str(tmp_path)}, 30)
        assert "new.txt" in outcome.text


async def test_files_from_npm(npm_servers: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("The door opens at nine.\n")
    async with running(str(npm_servers / "mcp-server-filesystem"), str(tmp_path)) as server:
        hints = {tool.name: tool.read_only for tool in server.offer.tools}
        assert hints["read_text_file"] and not hints["write_file"]
        outcome = await server.call("read_text_file", {"path": str(tmp_path / "notes.md")}, 30)
        assert "opens at nine" in outcome.text
        outside = await server.call("read_text_file", {"path": "/etc/hostname"}, 30)
        assert outside.failed


async def test_everything_from_npm(npm_servers: Path) -> None:
    async with running(str(npm_servers / "mcp-server-everything"), "stdio") as server:
        assert server.offer.tools and server.offer.prompts and server.offer.resources
        outcome = await server.call("echo", {"message": "hello"}, 30)
        assert "hello" in outcome.text
        text = await server.read_resource(server.offer.resources[0].uri)
        assert text


async def test_everything_from_npm_over_http(npm_servers: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        str(npm_servers / "mcp-server-everything"),
        "streamableHttp",
        env=os.environ | {"PORT": str(port)},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(START_S):
            while b"listening" not in (line := await process.stderr.readline()):
                assert line, "the server ended"
        async with running(url=f"http://127.0.0.1:{port}/mcp") as server:
            outcome = await server.call("echo", {"message": "hello"}, 30)
            assert "hello" in outcome.text
    finally:
        process.terminate()
        await process.wait()


async def test_a_real_server_that_is_killed_is_known_as_dead(npm_servers: Path, tmp_path: Path) -> None:
    """Noticed immediately, not with the next call; and restarted when it is needed."""
    states: list[str] = []
    died = asyncio.Event()
    pid_file = tmp_path / "pid"
    program = npm_servers / "mcp-server-filesystem"
    script = f'echo $$ > "{pid_file}"; exec "{program}" "{tmp_path}"'

    def changed() -> None:
        states.append(connection.state)
        if connection.state == "failed":
            died.set()

    connection = ServerConnection(ServerSpec("real", ("sh", "-c", script), start_timeout_s=START_S), changed)
    connection.start()
    try:
        assert await connection.wait(START_S), connection.problem
        os.kill(int(pid_file.read_text()), 9)
        async with asyncio.timeout(90):
            await died.wait()
        with pytest.raises(ToolFailed):
            await connection.call("list_allowed_directories", {}, 5)
        connection.start(force=True)
        assert await connection.wait(START_S), connection.problem
        assert (await connection.call("list_allowed_directories", {}, 30)).text
    finally:
        await connection.close()
    assert states[:3] == ["starting", "ready", "failed"]
