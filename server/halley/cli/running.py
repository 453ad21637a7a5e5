"""How a command runs: one event loop, one engine room, and every error told in two lines with the right exit code.

    @command("models")
    async def models(desk: Desk, ...): ...

Exit codes: 0 ok, 1 failed, 2 wrong usage (click's own).
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from halley.core.calls import Caller, Operation
from halley.core.errors import Cancelled, HalleyError, Problem
from halley.core.models import Role, Route
from halley.core.settings import Settings
from halley.features.ask import Line
from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.stores.config.layers import Layer
from halley.stores.disk.state import listen

MOST_PROBLEMS = 3
"""Problems of the configuration that a command reports."""

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex
    from halley.features.surroundings import Surroundings


@dataclass(slots=True)
class Desk:
    """What a command works with: what the process has one of, and the workspace it was called in."""

    shared: Shared
    root: Path

    @property
    def room(self) -> EngineRoom:
        return self.shared.room

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.room.layers(self.root)

    @property
    def settings(self) -> Settings:
        return self.room.settings(self.root)

    def caller(self) -> Caller:
        return Caller(str(self.root), on_operation=show_operation, confirm=confirm)

    def line(self) -> Line:
        """An open line to the models."""
        settings, layers = self.settings, self.layers

        async def route_of(role: Role) -> Route:
            return (await self.room.prepare_route(role, settings, layers)).route

        return Line(self.room.router, self.caller(), settings, route_of)

    def surroundings(self, index: WorkspaceIndex | None = None) -> Surroundings:
        """What features find around them here. A command that searches names the index it keeps meanwhile."""
        from halley.features.surroundings import Surroundings

        return Surroundings(
            self.line(),
            self.room.template,
            self.room.config.workspace(self.root).workspace,
            self.shared.project(self.root),
            index,
            lambda: self.shared.media,
            self.room.macro_runs,
        )


Main = Callable[..., Coroutine[Any, Any, int | None]]


def with_desk(main: Main, *, reports_config: bool = True, failed: int = 1) -> Callable[..., None]:
    """A click callback of an async function whose first parameter is a `Desk`; its result is the exit code.

    `reports_config` is false for a command that lists the problems of the configuration in its own output; `failed` is
    the exit code of one that ends with an error.
    """

    @functools.wraps(main)
    def run(**options: Any) -> None:
        try:
            code = asyncio.run(_at_desk(main, options, reports_config))
        except HalleyError as error:
            from halley.cli.output import print_error

            print_error(error)
            code = failed
        except (KeyboardInterrupt, asyncio.CancelledError):
            code = failed
        except BrokenPipeError:  # the reader has had enough: no traceback at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = failed
        sys.exit(code)

    return run


async def _at_desk(main: Main, options: dict[str, Any], reports_config: bool) -> int:
    room = EngineRoom.open()
    shared = Shared(room)
    desk = Desk(shared, find_root(Path.cwd()))
    stop = listen(_tell_of_file)
    try:
        if reports_config:
            await asyncio.to_thread(report_config_problems, desk)
        return await main(desk, **options) or 0
    finally:
        stop()
        await shared.aclose()
        await room.aclose()


def report_config_problems(desk: Desk) -> None:
    """Configuration that does not apply, a line each on stderr; a file with many mistakes does not fill the screen."""
    from halley.cli.output import tell

    problems = [p for p in desk.room.config.problems(desk.root) if p.severity != "information"]
    for problem in problems[:MOST_PROBLEMS]:
        tell(str(problem))
    if len(problems) > MOST_PROBLEMS:
        tell(f"… and {len(problems) - MOST_PROBLEMS} more: run `halley doctor`.")


def _tell_of_file(problem: Problem) -> None:
    from halley.cli.output import problem_text, tell

    tell(problem_text(problem))


def find_root(start: Path) -> Path:
    """The workspace a folder lies in: the nearest with a `.halley.toml` or `.git`, else itself. Above it only this
    user's folders and files count."""
    from halley.stores.workspace.ours import is_ours, own_folders

    for folder in own_folders(start):
        for mark in (folder / ".halley.toml", folder / ".git"):
            if mark.exists() and (folder == start or is_ours(mark)):
                return folder
    return start


def show_operation(operation: Operation) -> None:
    """Waits and failovers, reported on stderr."""
    from halley.cli.output import is_watched, tell

    if not is_watched():
        return
    if operation.state == "waiting" and operation.wait_ms >= 1000:
        tell(
            f"… {operation.reason} Waiting {operation.wait_ms / 1000:.0f} s ({operation.attempt}/{operation.of})."
        )
    elif operation.state == "failedOver":
        tell(f"… {operation.reason}; asking {operation.target}.")


def can_ask() -> bool:
    """Whether a user reads the questions and can answer them."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def confirm(question: str) -> bool:
    """The user's answer; false without a terminal. Raises Cancelled when they interrupt."""
    if not can_ask():
        return False
    try:
        return await asyncio.to_thread(click.confirm, question, err=True)
    except click.Abort:
        raise Cancelled("Nothing was sent.") from None
