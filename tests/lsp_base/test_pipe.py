"""One daemon, many editors: the same server once for each connection of a unix socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest
from rawclient import PATIENCE_S, RawClient

from halley.lsp import socket_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")


@pytest.fixture
async def daemon(start, tmp_path):
    """A running daemon and the path of its socket."""
    path = tmp_path / "halley.sock"
    client = await start("--pipe", str(path))
    async with asyncio.timeout(PATIENCE_S):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
    yield client.process, path
    if client.process.returncode is None:
        client.process.terminate()


async def connect(path: Path) -> RawClient:
    return RawClient(*await asyncio.open_unix_connection(path))


async def test_each_client_gets_its_own_answers(daemon):
    _, path = daemon
    one, two = await connect(path), await connect(path)
    encodings = {"general": {"positionEncodings": ["utf-8", "utf-16"]}}
    assert (await one.initialize(encodings))["capabilities"]["positionEncoding"] == "utf-8"
    assert (await two.error("halley/echo"))["code"] == -32002
    assert (await two.initialize())["capabilities"]["positionEncoding"] == "utf-16"
    ids = [
        (await one.ask("halley/echo", {"n": n}), await two.ask("halley/echo", {"n": -n})) for n in range(50)
    ]
    for n, (first, second) in enumerate(ids):
        assert (await one.answer_to(first))["result"] == {"n": n}
        assert (await two.answer_to(second))["result"] == {"n": -n}
    slow = await one.ask("halley/sleep")
    await one.until("halley/began")
    assert await two.result("halley/events") == []
    await two.result("shutdown")
    await two.notify("exit")
    assert await two.nothing_more() == b""  # its connection is closed, the other continues
    await one.notify("$/cancelRequest", {"id": slow})
    assert (await one.answer_to(slow))["error"]["code"] == -32800
    await one.aclose()
    again = await connect(path)
    await again.initialize()
    await again.aclose()


async def test_bad_bytes_of_one_client_do_not_reach_another(daemon):
    _, path = daemon
    one, two = await connect(path), await connect(path)
    await two.initialize()
    await one.send_bytes(os.urandom(5000) + b"\n")
    await one.aclose()
    assert await two.result("halley/echo", {"n": 1}) == {"n": 1}
    await two.aclose()


async def test_only_its_user_can_connect_and_the_socket_goes_with_it(daemon):
    process, path = daemon
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    client = await connect(path)
    await client.initialize()
    await client.ask("halley/sleep")
    await client.until("halley/began")
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    assert not path.exists()
    await client.aclose()


async def test_a_second_daemon_is_refused_and_a_dead_ones_socket_is_taken_over(daemon, start):
    process, path = daemon
    second = await start("--pipe", str(path))
    assert await second.exit_code() == 1
    assert "in use" in await second.log()
    process.kill()
    await process.wait()
    assert path.exists()
    third = await start("--pipe", str(path))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                client = await connect(path)
                break
            except OSError:
                await asyncio.sleep(0.01)
    await client.initialize()
    await client.aclose()
    third.process.send_signal(signal.SIGINT)
    assert await third.exit_code() == 0


async def test_a_file_in_the_way_is_left_alone(start, tmp_path):
    (tmp_path / "file").write_text("precious")
    client = await start("--pipe", str(tmp_path / "file"))
    assert await client.exit_code() == 1
    assert (tmp_path / "file").read_text() == "precious"
    client = await start("--pipe", str(tmp_path / "no" / "folder"))
    assert await client.exit_code() == 1
    assert "Cannot listen" in await client.log()


async def test_a_socket_is_there_only_when_it_listens(tmp_path, monkeypatch):
    """Else a client is refused, and a second daemon takes the file for one that a killed daemon left."""
    path = tmp_path / "halley.sock"
    seen: list[bool] = []
    listen = socket.socket.listen
    monkeypatch.setattr(
        socket.socket, "listen", lambda self, *n: (seen.append(path.exists()), listen(self, *n))[1]
    )
    async with socket_file.listening(str(path), asyncio.Protocol):
        assert seen[0] is False
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
        with pytest.raises(FileExistsError):
            async with socket_file.listening(str(path), asyncio.Protocol):
                pass
        assert not list(tmp_path.glob(".*")), "the name it was made under is gone"
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


async def test_of_two_daemons_that_start_together_one_is_refused(tmp_path, monkeypatch):
    """Both have looked and found nothing when the first takes the place."""
    path = str(tmp_path / "halley.sock")

    async def found_nothing(_path: str) -> None: ...

    monkeypatch.setattr(socket_file, "_clear_stale_socket", found_nothing)
    async with socket_file.listening(path, asyncio.Protocol):
        with pytest.raises(FileExistsError):
            async with socket_file.listening(path, asyncio.Protocol):
                pass
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
