"""A daemon that ends takes nothing from another, and one whose stderr is not read keeps working."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lspclient import Client
from setting import CONFIG, guarded
from window import Window

from halley.simulator import Simulator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="unix sockets and pipes")


async def started(path: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "serve", "--pipe", str(path), env=os.environ | guarded()
    )
    async with asyncio.timeout(90):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(path)
            except (FileNotFoundError, ConnectionRefusedError):
                assert process.returncode is None
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return process


async def test_the_first_daemons_end_leaves_the_seconds_socket(tmp_path: Path) -> None:
    path = tmp_path / "halley.sock"
    first = await started(path)
    path.unlink()  # as a cleaner of /tmp does
    second = await started(path)
    try:
        first.terminate()
        await asyncio.wait_for(first.wait(), 90)
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
    finally:
        second.terminate()
        await asyncio.wait_for(second.wait(), 90)
    assert not path.exists(), "its own socket goes with it"


async def test_an_unread_stderr_blocks_nothing(
    halley_home: Path, tmp_path: Path, simulator: Simulator
) -> None:
    (halley_home / "config.toml").write_text(
        CONFIG.format(url=simulator.base_url) + '\n[log]\nlevel = "debug"\n'
    )
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writing, b"x")  # it is full from the start
    os.set_blocking(writing, True)
    client = Client()
    # The client opens stderr itself: a shell gives the daemon ours.
    command = 'exec "$0" -m halley serve 2>&' + str(writing)
    os.set_inheritable(writing, True)
    await client.start_io("bash", "-c", command, sys.executable, env=os.environ | guarded(), close_fds=False)
    window = Window(client, tmp_path)
    try:
        await window.initialize()
        buffer = await window.open("shop.py", "def total(items):\n    return sum(items)\n")
        action = await window.action(buffer, buffer.range("total"), "halley.explain")
        for _ in range(3):  # at `debug` each logs what its prompt holds
            await window.run(action)
        assert await window.close() == 0
    finally:
        await client.kill()
        os.close(writing)
        os.close(reading)


def test_what_was_dropped_is_reported_once_there_is_room(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from halley.lsp.streams import never_wait_for_stderr\n"
        "stderr = never_wait_for_stderr()\n"
        "for number in range(5000): stderr.write('a line of the log that is long enough\\n')\n"
        "os.write(1, b'wrote all')\n"
        "sys.stdin.read()\n"
        "stderr.write('the last line\\n')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin and process.stdout and process.stderr
    assert process.stdout.read(9) == b"wrote all"
    os.set_blocking(process.stderr.fileno(), False)
    while process.stderr.read(1 << 20):
        pass
    os.set_blocking(process.stderr.fileno(), True)
    process.stdin.close()
    said = process.stderr.read().decode()
    assert "were dropped" in said
    assert said.endswith("the last line\n")
    process.wait(90)
    process.stdout.close()
    process.stderr.close()
