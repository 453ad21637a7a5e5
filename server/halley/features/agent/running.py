"""Tools that run programs: run_command, read_output, stop_command.

A command is a list of a program and its arguments; a shell only where the model says so, and then it always asks. The
user's rules come first (`engine/guards/command_rules.py`), then what was approved: exactly this command, in this
workspace. Where the system has a sandbox the command runs in it.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from halley.core.agent import Command, CommandState
from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.events import TerminalOutput
from halley.engine.guards.command_rules import decide
from halley.engine.guards.protected import takes_effect
from halley.engine.markdown.inert import visible
from halley.features.agent.paths import check_root
from halley.features.agent.work import AgentWork, flag_of, text_of, texts_of
from halley.features.tools.toolbox import Prepared
from halley.mcp.values import Outcome
from halley.stores.disk.commands import resolve
from halley.stores.disk.sandbox import find_sandbox

SOON_S = 1.0
"""How long a command in the background is watched before its first output is returned."""


async def prepare_command(work: AgentWork, arguments: Mapping[str, Any], call: str) -> Prepared:
    command = await _command(work, arguments)
    rules = work.settings.commands
    verdict = decide(rules.allow, rules.ask, rules.deny, command.argv, shell=command.shell)
    if verdict == "deny":
        raise BlockedByPolicy(
            f"A rule of the user denies {command.line[:200]}.", "See `agent.commands.deny`."
        )
    # Before the user is asked: a program that does not exist needs no approval.
    resolve(command)
    where = "" if command.cwd == command.root else f" (in {command.cwd.relative_to(command.root).as_posix()})"
    sandbox = "" if command.sandboxed else " (no sandbox)"
    kind = "shell: " if command.shell else ""
    background = flag_of(arguments, "background")

    async def run(limit_s: float) -> Outcome:
        return await _run(work, command, call, limit_s, background)

    # What is approved is what is shown: marks that reverse the text's direction would let a command look like
    # another.
    shown = visible(f"{kind}{command.line}{where}{sandbox}")
    return Prepared(run, asks=verdict != "allow", always=verdict != "ask", shape=shown, command=shown)


async def prepare_reading(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    id = text_of(arguments, "id")

    async def run(limit_s: float) -> Outcome:
        state = work.terminals.state(work.chat, id)
        wait = arguments.get("wait_s")
        if state.running and isinstance(wait, int | float) and wait > 0:
            state = await work.terminals.wait(id, min(float(wait), limit_s))
        return _told(state)

    return Prepared(run, asks=False)


async def prepare_stop(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    id = text_of(arguments, "id")

    async def run(_limit_s: float) -> Outcome:
        work.terminals.state(work.chat, id)
        await work.terminals.stop(work.chat, id)
        return _told(work.terminals.state(work.chat, id))

    return Prepared(run, asks=False)


async def _command(work: AgentWork, arguments: Mapping[str, Any]) -> Command:
    check_root(work.root)
    root = Path(os.path.realpath(work.root))
    line = text_of(arguments, "shell_line", "").strip()
    # No shell reads a list, so quotes, pipes and variables in it are only text.
    argv = (line,) if line else _argv(arguments)
    if any("\0" in word for word in argv):
        raise InvalidInput("A command cannot contain NUL characters.", "Leave them out.")
    settings = work.settings
    limit = arguments.get("timeout_s") or settings.command_timeout_s
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0:
        raise InvalidInput("`timeout_s` must be a number of seconds.", "Leave it out for the default.")
    # Trying the sandbox starts a program, so it is done in a thread.
    sandboxed = settings.sandbox != "off" and await asyncio.to_thread(find_sandbox) is not None
    if settings.sandbox == "required" and not sandboxed:
        raise BlockedByPolicy(
            "Commands need a sandbox (`agent.sandbox`), and this system has none that works.",
            "Install bubblewrap, or set it to auto.",
            setting="agent.sandbox",
        )
    fixed = await asyncio.to_thread(_fixed, root) if sandboxed else ()
    return Command(
        argv, root, _cwd(root, text_of(arguments, "cwd", "")), min(float(limit), settings.command_timeout_s),
        bool(line), work.closed, settings.network, sandboxed, fixed,
    )  # fmt: skip


def _fixed(root: Path) -> tuple[Path, ...]:
    """What in the workspace's folder takes effect by itself, such as git's hooks and the editor's settings."""
    with os.scandir(root) as entries:
        return tuple(sorted(Path(entry.path) for entry in entries if takes_effect(entry.name)))


def _argv(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    given = arguments.get("command")
    if isinstance(given, str):
        try:
            given = shlex.split(given)
        except ValueError:
            raise InvalidInput("`command` has an open quote.", "Give a list of texts.") from None
        arguments = {"command": given}
    argv = tuple(texts_of(arguments, "command"))
    if not argv or not argv[0].strip():
        raise InvalidInput("`command` is empty.", "Give the program and its arguments as a list.")
    return argv


def _cwd(root: Path, given: str) -> Path:
    cwd = Path(os.path.realpath(root / given.strip()))
    if not cwd.is_relative_to(root):
        raise BlockedByPolicy(f"{given} is outside the workspace.", "Commands run in the workspace only.")
    if not cwd.is_dir():
        raise InvalidInput(f"There is no folder {given}.", "Name a folder of the workspace.")
    return cwd


async def _run(work: AgentWork, command: Command, call: str, limit_s: float, background: bool) -> Outcome:
    _cwd(command.root, str(command.cwd))  # a link may have been put there since
    unsaved = await _save(work)

    def tell(text: str) -> None:
        work.tell(TerminalOutput(call, visible(text)))

    id = await work.terminals.start(work.chat, command, tell)
    try:
        state = await work.terminals.wait(id, SOON_S if background else limit_s)
        if state.running and not background:
            await work.terminals.stop(work.chat, id)
            state = work.terminals.state(work.chat, id)
    except asyncio.CancelledError:
        # A stopped turn leaves no program running in the background.
        await work.terminals.stop(work.chat, id)
        raise
    return _told(state, unsaved, await _made(command))


async def _made(command: Command) -> list[str]:
    """What a sandboxed command created that takes effect by itself: nothing can be mounted over what is not there."""
    if not command.sandboxed:
        return []
    now = await asyncio.to_thread(_fixed, command.root)
    return [path.name for path in now if path not in command.fixed]


async def _save(work: AgentWork) -> list[str]:
    """Has the files saved whose only unsaved changes are the agent's; those the command does not see as they are."""
    unsaved = work.bench.unsaved()
    # A command must see what the agent wrote; what the user has not saved is theirs to save.
    own = [path for path in unsaved if work.edited.get(path)]
    saved = set(await work.bench.save(own)) if own else set[Path]()
    return [
        path.relative_to(work.root).as_posix()
        for path in unsaved
        if path not in saved and path.is_relative_to(work.root)
    ]


def _told(state: CommandState, unsaved: Sequence[str] = (), made: Sequence[str] = ()) -> Outcome:
    """A command that fails is a result, not a failure of the tool."""
    why = {
        "time": "It took too long and was ended.",
        "output": "It wrote too much and was ended.",
        "stopped": "It was stopped.",
    }
    if state.running:
        head = f"It is running. Its ID is {state.id}: read_output reads on, stop_command ends it."
    else:
        head = why.get(state.ended, f"It ended with exit status {state.status} after {state.seconds:.1f} s.")
    note = (
        f"\nIt did not see unsaved changes in {', '.join(unsaved)}: the user has not saved these files."
        if unsaved
        else ""
    )
    if made:
        note += f"\nIt created {visible(', '.join(made))}, which takes effect by itself: tell the user to check it."
    return Outcome(f"{head}{note}\n\n{state.output or '(no output)'}")
