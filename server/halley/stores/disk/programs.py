"""Starting a program: found by absolute path, with nothing inherited that a repository could set, and ended whole.

`find_program` looks a name up on the absolute folders of PATH only: a relative or empty entry means the working
folder, which may be anyone's repository. `run_bounded` reads at most so many bytes for at most so many seconds,
then ends the program with everything it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from halley.stores.disk.environment import current_environ

MOST_MEMORY = 1 << 30
"""Bytes of data a bounded program may hold, where the system can say so (Linux)."""
LAST_WAIT_S = 1.0


def find_program(
    name: str, outside: Iterable[Path] = (), environ: Mapping[str, str] | None = None
) -> str | None:
    """The absolute path of the program that `name` starts; None when there is none.

    A name with a folder in it is taken as it is. Folders of PATH within one of `outside` are skipped. Without
    `environ` it is the current one (`environment.py`).
    """
    environ = current_environ() if environ is None else environ
    if os.path.dirname(name):  # noqa: PTH120 - a path that the user spelled out
        return name
    for folder in _absolute_folders(outside, environ):
        for ending in _endings(name, environ):
            found = Path(folder, name + ending)
            with contextlib.suppress(OSError):  # a folder that this user may not enter
                if found.is_file() and os.access(found, os.X_OK):
                    return str(found)
    return None


def absolute_path(outside: Iterable[Path] = (), environ: Mapping[str, str] | None = None) -> str:
    """PATH without relative and empty entries, and without folders within one of `outside`."""
    return os.pathsep.join(_absolute_folders(outside, current_environ() if environ is None else environ))


def _absolute_folders(outside: Iterable[Path], environ: Mapping[str, str]) -> list[str]:
    closed = [os.path.realpath(folder) for folder in outside]
    return [
        folder
        for folder in environ.get("PATH", os.defpath).split(os.pathsep)
        if os.path.isabs(folder)  # noqa: PTH117 - strings all the way
        and not any(_is_within(os.path.realpath(folder), one) for one in closed)
    ]


def _is_within(folder: str, outer: str) -> bool:
    return Path(folder).is_relative_to(outer)


def _endings(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Windows finds `git.exe` for `git`; elsewhere a program is called as its file is."""
    if sys.platform != "win32":
        return ("",)
    known = tuple(environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").lower().split(os.pathsep))
    return ("",) if name.lower().endswith(known) else known


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended, and the beginning of what it wrote."""

    status: int
    """Its exit status; negative when it was ended."""
    output: bytes
    is_cut: bool
    """It wrote more than was asked for, and was ended for it."""
    errors: str = ""
    """The beginning of what it wrote on stderr."""


async def run_bounded(
    command: Sequence[str | bytes],
    *,
    cwd: Path,
    env: Mapping[str, str],
    most_bytes: int,
    limit_s: float,
    given: bytes = b"",
) -> Ran:
    """Runs `command`, whose program is an absolute path, with `given` as its input.

    Raises OSError when it cannot be started, TimeoutError past `limit_s`. Whatever happens, nothing of it is left
    running: not what it started either.
    """
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=dict(env), start_new_session=sys.platform != "win32",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _limit_memory(process.pid)
    try:
        async with asyncio.timeout(limit_s):
            return await _talk(process, given, most_bytes)
    finally:
        await end_group(process)


async def _talk(process: asyncio.subprocess.Process, given: bytes, most_bytes: int) -> Ran:
    assert process.stdin and process.stdout and process.stderr
    said = asyncio.create_task(_beginning(process.stderr, 2000))
    told = asyncio.create_task(_tell(process.stdin, given))
    try:
        output = await read_at_most(process.stdout, most_bytes + 1)
        if len(output) > most_bytes:
            return Ran(-1, output[:most_bytes], is_cut=True)
        errors = (await said).decode("utf-8", "replace")
        return Ran(await process.wait(), output, is_cut=False, errors=errors)
    finally:
        said.cancel()
        told.cancel()


async def _tell(stdin: asyncio.StreamWriter, given: bytes) -> None:
    with contextlib.suppress(OSError):  # it may end without reading
        stdin.write(given)
        await stdin.drain()
        stdin.close()


async def read_at_most(stream: asyncio.StreamReader, most: int) -> bytes:
    """What comes until the end, or its first `most` bytes."""
    pieces: list[bytes] = []
    left = most
    while left > 0 and (piece := await stream.read(min(left, 1 << 16))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


async def _beginning(stream: asyncio.StreamReader, most: int) -> bytes:
    """The first `most` bytes; the rest is read too, so that the program never waits for us."""
    first = await read_at_most(stream, most)
    while await stream.read(1 << 16):
        pass
    return first


async def end_group(process: asyncio.subprocess.Process) -> None:
    """Ends the process and all that it started, and lets go of its pipes. It leads its own group."""
    _kill(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WAIT_S):
            await process.communicate()
    # One that left the group may hold a pipe for ever: closing our end needs the transport.
    process._transport.close()  # type: ignore[attr-defined]


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            _kill_tree(process.pid)
        else:
            os.killpg(process.pid, signal.SIGKILL)  # also after its own end: the group outlives its leader


def _kill_tree(pid: int) -> None:
    """Windows has no groups that can be ended: the children one by one."""
    import psutil

    with contextlib.suppress(psutil.Error):
        whole = psutil.Process(pid)
        for one in [*whole.children(recursive=True), whole]:
            with contextlib.suppress(psutil.Error):
                one.kill()


def _limit_memory(pid: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
