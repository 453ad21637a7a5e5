"""Daemons that start warm: forked from a process that has imported what a daemon imports, which is nine tenths of a start.

    process = await start(["serve"], env)    like `asyncio.create_subprocess_exec`, with pipes; None where it must be cold

A daemon of its own for each test took half of the whole suite's time. What is forked is the same code, in a process of
its own that is spoken to over the same pipes; only the imports are not repeated. What they do is held by tests that start
cold: `lsp_base`, `joined`, `cli`, `acp` and the editors. `HALLEY_TEST_COLD=1` starts every daemon cold.

Run as a program this file is the process that is forked. It has one thread, and ends with the tests' process.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "OPENSSL_", "SSL_")
"""Variables that begin so are read when a process starts, so one that has others starts cold."""
_MOST = 1 << 20
"""Bytes of an order: arguments and environment."""


class Warm:
    """A daemon's process, as `asyncio.subprocess.Process` is one."""

    def __init__(self, pid: int, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, None
        self.returncode: int | None = None
        self._over = asyncio.Event()
        self._watched = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._watched, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._watched)
        os.close(self._watched)
        self.returncode = order({"wait": self.pid})["code"]
        self.stdin.close()
        self._over.set()

    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def start(arguments: Sequence[str], env: Mapping[str, str]) -> Warm | None:
    """A daemon with this environment, in the current folder; its stderr is dropped."""
    if (
        not hasattr(os, "pidfd_open")
        or os.environ.get("HALLEY_TEST_COLD")
        or _at_start(env) != _at_start(_begun().env)
    ):
        return None
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    try:
        told = {"start": list(arguments), "env": dict(env), "cwd": str(Path.cwd())}
        pid = order(told, theirs_in, theirs_out)["pid"]
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    loop = asyncio.get_running_loop()
    stdout = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(ours_out, "rb", 0))
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(ours_in, "wb", 0)
    )
    return Warm(pid, asyncio.StreamWriter(transport, protocol, None, loop), stdout)


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(READ_AT_START)}


class Begun:
    """The process that is forked: started with the tests' environment as it is now, and ended with the tests."""

    def __init__(self) -> None:
        from setting import guarded

        self.env = os.environ | guarded()
        self.end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.end, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=self.env, stdin=subprocess.DEVNULL
            )
        atexit.register(process.wait)
        atexit.register(self.end.close)  # called first


@functools.cache
def _begun() -> Begun:
    return Begun()


def order(told: dict[str, Any], *fds: int) -> dict[str, Any]:
    """What the process that is forked answers."""
    end = _begun().end
    socket.send_fds(end, [json.dumps(told).encode()], list(fds))
    return json.loads(end.recv(_MOST))


# -- the process that is forked


def load() -> None:
    """Imports what a daemon has imported once its editor was quiet, and what its first request does."""
    import gc
    from importlib import import_module

    from halley.lsp import server

    server.hold_collecting()
    from attrs import has as has_fields
    from lsprotocol import types

    for name in (*server.HANDLERS, *(module for later in server.FIRST_USED.values() for module in later)):
        import_module(name)
    from halley.features import room, shared  # noqa: F401
    from halley.lsp.base import serving  # noqa: F401
    from halley.lsp.process import run_to_the_end  # noqa: F401
    from halley.providers.http.pool import load_libraries

    load_libraries()
    for one in vars(types).values():
        has_fields(one)  # which completes it: once, not in each process
    gc.collect()
    gc.freeze()


def serve(end: socket.socket) -> list[str] | None:
    """Carries out orders. None at their end; in a daemon that was forked, its arguments."""
    while True:
        data, fds, _, _ = socket.recv_fds(end, _MOST, 2)
        if not data:
            return None
        told = json.loads(data)
        if "wait" in told:
            _, status = os.waitpid(told["wait"], 0)
            end.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        if pid := os.fork():
            for fd in fds:
                os.close(fd)
            end.send(json.dumps({"pid": pid}).encode())
            continue
        end.close()
        become(told, *fds)
        return told["start"]


def become(told: dict[str, Any], stdin: int, stdout: int) -> None:
    """Takes over the pipes, the environment and the folder."""
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    for fd in (stdin, stdout):
        os.close(fd)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    os.environ.clear()
    os.environ.update(told["env"])
    os.chdir(told["cwd"])


if __name__ == "__main__":
    del sys.path[0]  # this folder, which no daemon has
    load()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        started = serve(orders)
    if started is not None:
        from halley.cli import main

        sys.argv = ["halley", *started]
        main()
