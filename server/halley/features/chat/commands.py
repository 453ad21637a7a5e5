"""Slash commands: what each makes of what was typed.

A row of COMMANDS is a command of ours: its help, the prompt it stands for, and what it brings in when the person named
nothing. Every macro is a command too. Commands that are about the chat itself (`/clear`, `/compact`, `/model`) are the
business of whoever shows it, and of `halley/chat/*`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from halley.core.errors import BadRequest
from halley.engine.chat_input import ChatInput, Variable
from halley.engine.templates import render
from halley.features.chat.desk import ChatDesk
from halley.features.macro_actions import macro_values


@dataclass(frozen=True, slots=True)
class Command:
    help: str
    prompt: str = ""
    """Put before what else was typed."""
    brings: str = "here"
    """`here`: the selection, else the buffer; `diff`; or nothing."""


COMMANDS: Mapping[str, Command] = {
    "explain": Command("Explain the code", "Explain this code."),
    "fix": Command("Find and fix what is wrong", "Find what is wrong with this code and show it corrected."),
    "tests": Command("Write tests", "Write tests for this code, in the project's own test framework."),
    "doc": Command("Write documentation", "Document this code in its language's own convention."),
    "review": Command(
        "Review the code or the changes",
        "Review this as a strict and kind maintainer: correctness first, then clarity. Name the line for each finding.",
    ),
    "commit": Command(
        "A commit message for the changes", "Write a commit message for these changes.", "diff"
    ),
    "compare": Command("Ask several models the same thing", "", ""),
    "model": Command("Choose the model of this workspace", "", ""),
    "compact": Command("Sum up what was said so far", "", ""),
    "clear": Command("Begin anew, keeping the history", "", ""),
}


async def expand_command(desk: ChatDesk, typed: ChatInput) -> ChatInput:
    """What the command stands for, as if it had been typed. Raises BadRequest for one there is none of."""
    if not typed.command:
        return typed
    macro = desk.line.settings.macros.get(typed.command)
    if macro is not None and macro.prompt:
        values = macro_values(desk.snapshot) if desk.snapshot else {}
        text = render(macro.prompt, values | {"input": typed.text, "instruction": typed.text})
        return replace(
            typed, text=text, command="", models=typed.models or ((macro.model,) if macro.model else ())
        )
    command = COMMANDS.get(typed.command)
    if command is None:
        names = ", ".join(f"/{name}" for name in (*COMMANDS, *desk.line.settings.macros))
        raise BadRequest(f"There is no command /{typed.command}.", f"Commands are {names}.")
    if typed.command == "compare" and len(typed.models) < 2:
        raise BadRequest(
            "/compare needs at least two models.", "Name them: /compare @provider/a @provider/b …"
        )
    text = "\n\n".join(part for part in (command.prompt, typed.text) if part)
    return replace(typed, text=text, command="", variables=typed.variables or _brought(desk, command))


def _brought(desk: ChatDesk, command: Command) -> tuple[Variable, ...]:
    snapshot = desk.snapshot
    if command.brings == "diff":
        return (Variable("diff", "", 0, 0),)
    if command.brings != "here" or snapshot is None:
        return ()
    return (Variable("buffer" if snapshot.selection.is_empty else "selection", "", 0, 0),)
