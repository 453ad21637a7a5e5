"""Commands that an agent runs: bounded in time and output, and ended with everything they started.

A command gets no input, a small environment without keys, and a process group of its own. It belongs to a chat and
never outlives it: `stop` ends all of a chat's, `aclose` all there are. Which commands may run is decided elsewhere
(`features/agent`); here they are only run. Implements `Terminals` (`core/ports.py`).
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from halley.core.agent import Command, CommandState
from halley.core.errors import InvalidInput
from halley.stores.disk.environment import current_environ
from halley.stores.disk.programs import absolute_path, end_group, find_program
from halley.stores.disk.sandbox import wrap

MOST_HEAD, MOST_TAIL = 32_000, 96_000
"""Characters of output that are kept: the first and the last."""
MOST_OUTPUT = 64 << 20
"""Bytes after which a command is ended: it does nothing but write."""
LAST_OUTPUT_S = 0.2
"""How long output is awaited that is still in the pipe when a command has ended."""
MOST_KEPT = 50
"""Commands of a chat whose output can still be read; the oldest that have ended are forgotten."""
PASSED_ON = (
    ("APPDATA", "LOCALAPPDATA", "PATHEXT", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "COMSPEC")
    if sys.platform == "win32"
    else ("HOME", "LOGNAME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ")
)
"""Variables that a command gets. Keys are in others, and so is what a repository could have had set."""


def environment(command: Command, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a command gets: nothing that holds a key, and a PATH without folders of the workspace."""
    environ = current_environ() if environ is None else environ
    env = {name: environ[name] for name in PASSED_ON if name in environ}
    quiet = {"TERM": "dumb", "NO_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}
    return env | quiet | {"PATH": absolute_path((command.root,), environ), "PWD": str(command.cwd)}


def resolve(command: Command, environ: Mapping[str, str] | None = None) -> list[str]:
    """The command with its program's absolute path. Raises InvalidInput where there is no such program."""
    if command.shell:
        shell = ["cmd.exe", "/c"] if sys.platform == "win32" else ["/bin/sh", "-c"]
        return [*shell, command.argv[0]]
    name = command.argv[0]
    if os.sep in name or "/" in name:
        found = str(command.cwd / name)  # as every system takes it: relative to where it runs
    else:
        found = find_program(name, (command.root,), environ) or ""
    if not found or not os.access(found, os.X_OK):
        raise InvalidInput(
            f"There is no program {name!r} outside the workspace.",
            "Programs are looked up on PATH; one in the workspace needs its path, such as `.venv/bin/pytest`.",
        )
    return [found, *command.argv[1:]]


@dataclass(slots=True)
class _Run:
    id: str
    chat: str
    command: Command
    process: asyncio.subprocess.Process
    tell: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    head: str = ""
    tail: str = ""
    dropped: int = 0
    bytes: int = 0
    ended: Literal["", "time", "output", "stopped"] = ""
    seconds: float | None = None
    work: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        room = MOST_HEAD - len(self.head)
        self.head += text[: max(0, room)]
        rest = self.tail + text[max(0, room) :]
        self.dropped += max(0, len(rest) - MOST_TAIL)
        self.tail = rest[-MOST_TAIL:]

    def take(self, text: str, bytes: int) -> None:
        self.bytes += bytes
        self.add(text)
        with contextlib.suppress(Exception):  # a listener's failure must not end the command
            self.tell(text)

    @property
    def output(self) -> str:
        gap = f"\n… ({self.dropped} characters left out) …\n" if self.dropped else ""
        return f"{self.head}{gap}{self.tail}"


class CommandRuns:
    """All commands of a process. Use it in one event loop."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._runs: dict[str, _Run] = {}

    async def start(self, chat: str, command: Command, tell: Callable[[str], None]) -> str:
        argv = resolve(command, self._environ)
        env = environment(command, self._environ)
        if command.sandboxed:
            argv = wrap(argv, command)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, cwd=command.cwd, env=env, start_new_session=sys.platform != "win32",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no system takes such arguments"
            raise InvalidInput(f"{command.line[:200]} could not be started: {why}.", "Check it.") from None
        run = _Run(f"cmd{secrets.token_hex(4)}", chat, command, process, tell)
        self._runs[run.id] = run
        self._forget_old(chat)
        run.work = asyncio.ensure_future(self._follow(run))
        return run.id

    async def wait(self, id: str, seconds: float) -> CommandState:
        run = self._find(id)
        assert run.work is not None
        await asyncio.wait([run.work], timeout=seconds)
        return _state(run)

    def state(self, chat: str, id: str) -> CommandState:
        run = self._find(id)
        if run.chat != chat:
            raise _unknown(id)
        return _state(run)

    async def stop(self, chat: str, id: str = "") -> None:
        runs = [run for run in self._runs.values() if run.chat == chat and id in ("", run.id)]
        await self._end(runs)

    async def aclose(self) -> None:
        await self._end(list(self._runs.values()))

    async def _end(self, runs: list[_Run]) -> None:
        works = [run.work for run in runs if run.work is not None and not run.work.done()]
        for run in runs:
            if run.work is not None and not run.work.done():
                run.ended = "stopped"
                run.work.cancel()
        if works:
            await asyncio.wait(works)

    async def _follow(self, run: _Run) -> None:
        """Reads until the end, whatever brings it about."""
        try:
            async with asyncio.timeout(run.command.limit_s):
                await self._read(run)
                if not run.ended:
                    await run.process.wait()
        except TimeoutError:
            run.ended = "time"
        except asyncio.CancelledError:
            run.ended = run.ended or "stopped"
        finally:
            await end_group(run.process)
            run.seconds = time.monotonic() - run.began

    async def _read(self, run: _Run) -> None:
        stream = run.process.stdout
        assert stream is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        ended = asyncio.ensure_future(run.process.wait())
        piece: asyncio.Future[bytes] | None = None
        try:
            while True:
                piece = asyncio.ensure_future(stream.read(1 << 16))
                await asyncio.wait((piece, ended), return_when=asyncio.FIRST_COMPLETED)
                if not piece.done():  # it has ended; a child of it may hold the pipe open for ever
                    await asyncio.wait((piece,), timeout=LAST_OUTPUT_S)
                if not piece.done() or not (data := piece.result()):
                    return
                run.take(decoder.decode(data), len(data))
                if run.bytes > MOST_OUTPUT:
                    run.ended = "output"
                    return
        finally:
            ended.cancel()
            if piece is not None:  # a stream has one reader at a time, and ending the process reads its rest
                piece.cancel()
                await asyncio.wait((piece,))

    def _find(self, id: str) -> _Run:
        if id not in self._runs:
            raise _unknown(id)
        return self._runs[id]

    def _forget_old(self, chat: str) -> None:
        over = [run for run in self._runs.values() if run.chat == chat and run.seconds is not None]
        for run in over[: max(0, len(over) - MOST_KEPT)]:
            del self._runs[run.id]


def _unknown(id: str) -> InvalidInput:
    return InvalidInput(
        f"There is no command {id[:40]!r} in this chat.", "Use an ID that run_command returned."
    )


def _state(run: _Run) -> CommandState:
    running = run.seconds is None
    return CommandState(
        run.id, run.command.line, run.output, running, None if running else run.process.returncode, run.ended,
        time.monotonic() - run.began if run.seconds is None else run.seconds,
    )  # fmt: skip
