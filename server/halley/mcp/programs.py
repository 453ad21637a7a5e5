"""A server that is a program: JSON messages, one a line, over its pipes.

Not the SDK's own transport: a line is bounded here, the program's stderr is kept for the error that users read
(never printed, never a file that grows), and the program's exit is reported immediately. The program gets a small
environment of its own, runs in the home folder, and goes with everything it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types
from mcp.shared.message import SessionMessage

from halley.mcp.values import ServerSpec, ToolFailed

MOST_LINE = 16 << 20
"""Bytes of one message."""
MOST_SAID = 2000
"""Characters of stderr that are kept: the last."""
PATIENCE_S = 1.5
"""To end by itself, then to end when asked to."""
INHERITED = (
    (
        "APPDATA",
        "LOCALAPPDATA",
        "PATH",
        "PATHEXT",
        "SYSTEMROOT",
        "TEMP",
        "USERNAME",
        "USERPROFILE",
        "HOMEDRIVE",
        "HOMEPATH",
    )
    if sys.platform == "win32"
    else ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
)


class Stderr:
    """The end of what a program wrote on stderr."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, data: bytes) -> None:
        self.text = (self.text + data.decode(errors="replace"))[-MOST_SAID:]

    @property
    def last(self) -> str:
        """The last line that says something."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


@asynccontextmanager
async def talk_to_program(
    spec: ServerSpec, said: Stderr, ended: asyncio.Event
) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams the SDK's client takes; `ended` is set when the program has closed its side.

    Raises ToolFailed when it cannot be started.
    """
    process = await _start(spec)
    inbox_in, inbox = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outbox_in, outbox = anyio.create_memory_object_stream[SessionMessage](0)

    async def read() -> None:
        assert process.stdout is not None
        try:
            async with inbox_in:
                while line := await _line(process.stdout):
                    await inbox_in.send(_parse(line))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            pass
        except ToolFailed as error:
            said.add(f"\n{error}\n".encode())
        finally:
            ended.set()

    async def write() -> None:
        assert process.stdin is not None
        try:
            async with outbox:
                async for message in outbox:
                    json = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                    process.stdin.write(json.encode() + b"\n")
                    await process.stdin.drain()
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            await inbox_in.aclose()

    async def listen() -> None:
        assert process.stderr is not None
        # Read even if never shown: a full pipe would stop the program.
        while data := await process.stderr.read(4096):
            said.add(data)

    async with anyio.create_task_group() as group:
        for work in (read, write, listen):
            group.start_soon(work)
        try:
            yield inbox, outbox_in
        finally:
            # Also when we are cancelled: a program that is left running would outlive the daemon.
            with anyio.CancelScope(shield=True):
                inbox.close()
                outbox_in.close()
                await _end(process)
            group.cancel_scope.cancel()


async def _start(spec: ServerSpec) -> asyncio.subprocess.Process:
    # Not our own environment, which holds keys of every provider.
    ours = os.environ if spec.inherited is None else spec.inherited
    environ = {name: ours[name] for name in INHERITED if name in ours}
    program = str(Path(spec.command[0]).expanduser()) if spec.command[0].startswith("~") else spec.command[0]
    try:
        return await asyncio.create_subprocess_exec(
            program,
            *spec.command[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ | dict(spec.env),
            cwd=Path(spec.cwd).expanduser() if spec.cwd else Path.home(),
            # A group of its own, so that what the program starts can be ended with it, and Ctrl-C in a terminal stays
            # ours.
            start_new_session=True,
            limit=MOST_LINE,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name or arguments cannot be used"
        raise ToolFailed(f"{Path(program).name} cannot be started: {why}.") from None


async def _line(stream: asyncio.StreamReader) -> bytes:
    """Empty at the end. Raises ToolFailed for one that does not end."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return b""
    except asyncio.LimitOverrunError:
        raise ToolFailed(f"It sent a message of more than {MOST_LINE >> 20} MiB.") from None
    except OSError:
        return b""


def _parse(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return ValueError("a line that is not a message")  # never its text: it is logged


async def _end(process: asyncio.subprocess.Process) -> None:
    """Closes its stdin, waits, asks the whole group to end, waits, ends it."""
    if process.stdin is not None:
        process.stdin.close()
    for end in (None, "SIGTERM", "SIGKILL"):
        if end and process.returncode is None:
            _signal(process, end)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await _gone(process)
        if process.returncode is not None:
            break
    _signal(process, "SIGKILL")  # what is left of its group


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Not `wait()`, which also waits for pipes that a grandchild may hold."""
    while process.returncode is None:  # noqa: ASYNC110 - the loop's child watcher sets it without a notification
        await asyncio.sleep(0.01)


def _signal(process: asyncio.subprocess.Process, name: str) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, getattr(signal, name))
