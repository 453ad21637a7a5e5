"""What an agent is allowed and what it runs, as values. Ports are `ports.py`'s, the agent itself `features/agent`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Mode = Literal["ask", "edit", "agent", "plan"]
"""`ask` reads only, `edit` changes files, `agent` runs commands too, `plan` does so once its plan is approved."""
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one reply with tools may go before its model has to answer with what it has."""

    calls: int
    seconds: float
    usd: float | None
    """None: no limit. Calls without a known price count as nothing."""
    setting: str = "tools"
    """The section of the settings that holds these, for the message that names the limit reached."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: `argv` as it is, or, with `shell`, one line for the system's shell."""

    argv: tuple[str, ...]
    root: Path
    """The workspace's folder, resolved."""
    cwd: Path
    """Within `root`."""
    limit_s: float
    shell: bool = False
    closed: tuple[Path, ...] = ()
    """Folders that a sandboxed command must not see."""
    network: bool = False
    sandboxed: bool = False
    fixed: tuple[Path, ...] = ()
    """Paths in `root` that a sandboxed command reads but never changes."""

    @property
    def line(self) -> str:
        """As a user reads it."""
        return self.argv[0] if self.shell else shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class CommandState:
    """A command as it is at the moment. `output` is what it wrote, its middle left out where it is long."""

    id: str
    line: str
    output: str
    running: bool
    status: int | None = None
    """The exit status; negative: the number of the signal that ended it."""
    ended: Literal["", "time", "output", "stopped"] = ""
    """Why Halley ended it, if it did."""
    seconds: float = 0.0


LanguageQuestion = Literal["definitions", "references", "hover", "actions"]
"""What is asked about a symbol in a text."""


@dataclass(frozen=True, slots=True)
class LanguageSpot:
    """A place that a language server names. Lines count from 1."""

    path: Path
    line: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic of a language server. Lines count from 1."""

    line: int
    severity: Literal["error", "warning", "information", "hint"]
    message: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class LanguageAction:
    """What a language server offers to do at a place."""

    title: str
    kind: str = ""
    runs: bool = False
    """It runs a command of the editor instead of editing."""


@dataclass(frozen=True, slots=True)
class LanguageAnswer:
    """What language servers say; empty where they say nothing."""

    spots: tuple[LanguageSpot, ...] = ()
    text: str = ""
    findings: tuple[Finding, ...] = ()
    actions: tuple[LanguageAction, ...] = ()
