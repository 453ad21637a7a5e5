"""Slash commands: what each makes of what was typed.

A row of COMMANDS is a command of ours: its help, the prompt it stands for, and what it brings in when the user named
nothing. Every macro is a command too. What `/clear`, `/compact` and `/model` do is in `turns/command.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from halley.core.errors import InvalidInput
from halley.core.models import Role
from halley.core.settings import MacroSettings
from halley.core.snapshot import Document, Selection, Snapshot
from halley.engine.chat_input import ChatInput, Variable, read_input
from halley.engine.prompting.templates import names_in, render
from halley.features.actions.action import Job
from halley.features.chat.desk import ChatDesk
from halley.features.macros.inputs import missing_inputs, read_inputs
from halley.features.macros.values import NOWHERE, load_values


@dataclass(frozen=True, slots=True)
class Command:
    help: str
    prompt: str = ""
    """Put before what else was typed."""
    brings: str = "here"
    """`here`: the selection, else the buffer; a variable; or nothing."""
    edits: bool = False
    """Whether it needs a model that may edit: a chat in the mode `ask` answers it in the mode `edit`."""


COMMANDS: Mapping[str, Command] = {
    "explain": Command("Explain the code", "Explain this code."),
    "fix": Command(
        "Find and fix what is wrong", "Find what is wrong with this code and show the corrected version."
    ),
    "tests": Command("Write tests", "Write tests for this code, in the project's own test framework."),
    "doc": Command("Write documentation", "Document this code in its language's own convention."),
    "review": Command(
        "Review the changes, a range of commits such as `main..HEAD`, `--staged`, or the selected code",
        "Review this as a strict and kind maintainer: correctness first, then clarity. Name the line for each finding.",
    ),
    "commit": Command(
        "A commit message for the changes",
        "Write a commit message for these changes: one line of at most 72 characters, then why, if that is not plain. "
        "Reply with the message only.",
        "staged",
    ),
    "init": Command(
        "Write an AGENTS.md for this workspace",
        "Look at this workspace with your tools: its manifest files, README, CI, the layout, a few typical sources and "
        "tests. Then write an `AGENTS.md` at its root with create_file (or bring the one there is up to date with "
        "edit_file): at most 60 lines that a newcomer needs and cannot guess. What it is, the layout, the exact "
        "commands to build, test and lint, conventions the code really follows, and pitfalls. Only what you saw.",
        "",
        edits=True,
    ),
    "search": Command("Search the workspace; calls no model", "", ""),
    "compare": Command("Ask several models the same question", "", ""),
    "image": Command("Create a picture, or edit an attached one", "", ""),
    "speak": Command("Read the last reply aloud", "", ""),
    "video": Command("Make a video", "", ""),
    "dictate": Command("Send a recording's words; put `translate` before its path for English", "", ""),
    "model": Command("Choose the model of this workspace", "", ""),
    "mode": Command("What the model may do here: `ask`, `edit`, `agent` or `plan`", "", ""),
    "restore": Command("Take back the files an agent's last turn changed; `undo` reverses it", "", ""),
    "share": Command("Share this chat with your team as it is now; `stop` deletes the team's copy", "", ""),
    "compact": Command("Summarise the conversation so far", "", ""),
    "tools": Command(
        "List this chat's tools; switch with `off`, `on`, or a server's name and `off`, `on`, `signin` or `signout`",
        "",
        "",
    ),
    "clear": Command("Clear the context; history is kept", "", ""),
}


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is asked in the end, and by whose models."""

    typed: ChatInput
    role: Role = "chat"
    edits: bool = False


async def expand_command(desk: ChatDesk, typed: ChatInput) -> Expanded:
    """What the command stands for, as if it had been typed. Raises InvalidInput for one there is none of."""
    if not typed.command:
        return Expanded(typed)
    macro = desk.around.settings.macros.get(typed.command)
    if macro is not None and macro.prompt:
        return await _expand_macro(desk, typed, macro, macro.prompt)
    command = COMMANDS.get(typed.command)
    if command is None:
        from halley.features.chat.tool_offers import expand_prompt

        if offered := await expand_prompt(desk, typed):
            return Expanded(offered)
        raise unknown_command(desk, typed.command)
    models = typed.models
    if typed.command == "compare" and len(models) < 2:
        models = await _compared(desk, models)
    brought = typed.variables or _brought(desk, command)
    prompt = command.prompt if brought else command.prompt.replace("this code", "this")
    text = "\n\n".join(part for part in (prompt, typed.text) if part)
    return Expanded(
        replace(typed, text=text, command="", variables=brought, models=models), edits=command.edits
    )


def unknown_command(desk: ChatDesk, name: str) -> InvalidInput:
    names = ", ".join(f"/{one}" for one in dict.fromkeys((*COMMANDS, *desk.around.settings.macros)))
    return InvalidInput(f"There is no command /{name}.", f"Commands are {names}.")


async def _compared(desk: ChatDesk, named: tuple[str, ...]) -> tuple[str, ...]:
    """With fewer than two named, the models of the chat role's route."""
    route = [str(ref) for ref in await desk.around.line.route_of("chat")]
    models = tuple(dict.fromkeys((*named, *route)))
    if len(models) < 2:
        raise InvalidInput(
            "/compare needs at least two models.",
            "Name them: /compare @provider/a @provider/b …, or give the chat role fallbacks.",
            setting="roles.chat",
        )
    return models[:4]


def _brought(desk: ChatDesk, command: Command) -> tuple[Variable, ...]:
    snapshot = desk.snapshot
    if command.brings not in ("", "here"):
        return (Variable(command.brings, "", 0, 0),)
    if command.brings != "here" or snapshot is None:
        return ()
    return (Variable("buffer" if snapshot.selection.is_empty else "selection", "", 0, 0),)


async def _expand_macro(desk: ChatDesk, typed: ChatInput, macro: MacroSettings, prompt: str) -> Expanded:
    """The macro's prompt with its variables; its own `#variables` bring in what they name."""
    inputs, rest = typed_inputs(macro, typed.text)
    filled = read_inputs(typed.command, macro, inputs)
    own = read_input(prompt).variables
    values = await load_values(macro_job(desk, rest), names_in(prompt) - filled.keys())
    text = render(prompt, values | filled)
    if rest and not names_in(prompt) & {"input", "instruction"} and rest not in filled.values():
        text = f"{text}\n\n{rest}"
    models = typed.models or ((macro.model,) if macro.model else ())
    role: Role = macro.role if macro.role != "image" else "chat"
    return Expanded(
        replace(typed, text=text, command="", models=models, variables=(*typed.variables, *own)), role
    )


_INPUT = re.compile(r"\s*([A-Za-z][\w.-]*)=(\"[^\"\n]*\"|'[^'\n]*'|\S+)")


def typed_inputs(macro: MacroSettings, text: str) -> tuple[dict[str, str], str]:
    """`name=value` pairs at the beginning of what was typed, for inputs the macro has; and the rest.

    When one text is still missing, the rest is it.
    """
    inputs: dict[str, str] = {}
    at = 0
    while (match := _INPUT.match(text, at)) and match[1] in macro.inputs:
        value = match[2]
        inputs[match[1]] = value[1:-1] if value[:1] in "\"'" else value
        at = match.end()
    rest = text[at:].strip()
    missing = [key for key in missing_inputs(macro) if key not in inputs]
    if rest and len(missing) == 1 and macro.inputs[missing[0]].type == "string":
        inputs[missing[0]] = rest
    return inputs, rest


def macro_job(desk: ChatDesk, instruction: str, inputs: Mapping[str, str] | None = None) -> Job:
    """A macro's surroundings, as actions have them."""
    nothing = Snapshot(
        Document(NOWHERE, ""), Selection(0, 0), settings=desk.around.settings, workspace=desk.around.workspace
    )
    return Job(desk.around, desk.snapshot or nothing, instruction=instruction, inputs=inputs or {})
