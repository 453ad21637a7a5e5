"""Commands in the client's terminals, where the user watches them. Implements `Terminals` (`core/ports.py`).

They are the commands that would run here: the same program, the same sandbox, and none of the variables that may hold
keys. The client shows the output itself, so it is fetched for the model only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from halley.acp.errors import RpcError
from halley.acp.v1.files import Request
from halley.core.agent import Command, CommandState
from halley.core.errors import InvalidInput
from halley.stores.disk.commands import environment, resolve
from halley.stores.disk.sandbox import wrap

MOST_OUTPUT = 128_000
"""Bytes of output that the client keeps, the last ones."""
_GONE = (RpcError, ConnectionError)


@dataclass(slots=True)
class _Run:
    id: str
    terminal: str
    command: Command
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    output: str = ""
    status: int | None = None
    ended: Literal["", "time", "output", "stopped"] = ""
    work: asyncio.Task[None] | None = None


class ClientTerminals:
    """Those of one session, whose ID is the chat's."""

    def __init__(self, request: Request, environ: Mapping[str, str] = os.environ) -> None:
        self._request, self._environ = request, environ
        self._runs: dict[str, _Run] = {}
        self._newest = ""
        self._ending: set[asyncio.Task[None]] = set()

    def take_newest(self) -> str:
        """The terminal of the command that was just started, once; empty where there is none."""
        found, self._newest = self._newest, ""
        return found

    async def start(self, chat: str, command: Command, tell: Callable[[str], None]) -> str:
        argv = resolve(command, self._environ)
        if command.sandboxed:
            argv = wrap(argv, command)
        asked = {
            "command": argv[0],
            "args": argv[1:],
            "env": [{"name": name, "value": value} for name, value in self._env(command).items()],
            "cwd": str(command.cwd),
            "outputByteLimit": MOST_OUTPUT,
        }
        creating = asyncio.ensure_future(self._request("terminal/create", asked))
        try:
            answer = await asyncio.shield(creating)
        except asyncio.CancelledError:  # the client may be starting it already
            self._ending.add(ending := asyncio.ensure_future(self._end(creating)))
            ending.add_done_callback(self._ending.discard)
            raise
        except _GONE as error:
            said = error.message if isinstance(error, RpcError) else str(error)
            raise InvalidInput(
                f"{command.line[:200]} could not be started: {said[:200]}.", "Check it."
            ) from None
        run = _Run(f"cmd{secrets.token_hex(4)}", str(answer["terminalId"]), command)
        self._runs[run.id] = run
        run.work = asyncio.ensure_future(self._follow(run))
        self._newest = run.terminal
        tell("")  # so that the call is shown with its terminal
        return run.id

    async def wait(self, id: str, seconds: float) -> CommandState:
        run = self._find(id)
        assert run.work is not None
        await asyncio.wait([run.work], timeout=seconds)
        if run.seconds is None:
            await self._fetch(run)
        return _state(run)

    def state(self, chat: str, id: str) -> CommandState:
        return _state(self._find(id))

    async def stop(self, chat: str, id: str = "") -> None:
        works: list[asyncio.Task[None]] = []
        for run in self._runs.values():
            if id in ("", run.id) and run.work is not None and not run.work.done():
                run.stop.set()
                works.append(run.work)
        if works := [*works, *self._ending]:
            await asyncio.wait(works)

    def _env(self, command: Command) -> dict[str, str]:
        """What a command gets here; every other variable of ours is emptied, since it may hold a key."""
        return dict.fromkeys(self._environ, "") | environment(command, self._environ)

    async def _follow(self, run: _Run) -> None:
        """Until it has ended, is stopped or takes too long."""
        exited = asyncio.ensure_future(self._request("terminal/wait_for_exit", {"terminalId": run.terminal}))
        stopped = asyncio.ensure_future(run.stop.wait())
        try:
            await asyncio.wait(
                (exited, stopped), timeout=run.command.limit_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not exited.done():
                run.ended = "stopped" if run.stop.is_set() else "time"
                with contextlib.suppress(*_GONE):
                    await self._request("terminal/kill", {"terminalId": run.terminal})
            elif exited.exception() is None:
                run.status = _status(exited.result())
        finally:
            for task in (exited, stopped):
                task.cancel()
            await asyncio.gather(exited, stopped, return_exceptions=True)
        await self._fetch(run)
        run.seconds = time.monotonic() - run.began
        with contextlib.suppress(*_GONE):
            await self._request("terminal/release", {"terminalId": run.terminal})

    async def _end(self, creating: asyncio.Future[Any]) -> None:
        """Ends a command that was stopped before the client had started it."""
        with contextlib.suppress(*_GONE):
            terminal = str((await creating)["terminalId"])
            await self._request("terminal/kill", {"terminalId": terminal})
            await self._request("terminal/release", {"terminalId": terminal})

    async def _fetch(self, run: _Run) -> None:
        with contextlib.suppress(*_GONE):
            answer = await self._request("terminal/output", {"terminalId": run.terminal})
            if isinstance(answer, dict):
                cut = "… (the beginning is left out)\n" if answer.get("truncated") else ""
                run.output = f"{cut}{answer.get('output') or ''}"
                if isinstance(exit := answer.get("exitStatus"), dict) and run.status is None:
                    run.status = _status(exit)

    def _find(self, id: str) -> _Run:
        if id not in self._runs:
            raise InvalidInput(
                f"There is no command {id[:40]!r} in this chat.", "Use an ID that run_command returned."
            )
        return self._runs[id]


def _status(exit: Any) -> int | None:
    """Negative for a signal, as the system's own numbers are."""
    if not isinstance(exit, dict):
        return None
    if isinstance(code := exit.get("exitCode"), int):
        return code
    name = str(exit.get("signal") or "").upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    return -signal.Signals[name] if name in signal.Signals.__members__ else None


def _state(run: _Run) -> CommandState:
    running = run.seconds is None
    seconds = time.monotonic() - run.began if run.seconds is None else run.seconds
    return CommandState(run.id, run.command.line, run.output, running, run.status, run.ended, seconds)
