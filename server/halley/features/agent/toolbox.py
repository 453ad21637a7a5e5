"""The tools that act, as they are offered: one row each, with the modes it is for and what prepares its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halley.core.agent import Mode
from halley.core.errors import BlockedByPolicy
from halley.features.agent.editing import prepare_creation, prepare_deletion, prepare_edit, prepare_move
from halley.features.agent.planning import prepare_plan, prepare_step
from halley.features.agent.renaming import prepare_action, prepare_rename
from halley.features.agent.running import prepare_command, prepare_reading, prepare_stop
from halley.features.agent.work import AgentWork
from halley.features.tools.switches import BUILTIN, Switches
from halley.features.tools.toolbox import OfferedTool, Prepared, own_tool
from halley.mcp.values import RemoteTool

Prepare = Callable[[AgentWork, Mapping[str, Any], str], Awaitable[Prepared]]
EDITS: frozenset[Mode] = frozenset(("edit", "agent", "plan"))
RUNS: frozenset[Mode] = frozenset(("agent", "plan"))
PLANS: frozenset[Mode] = frozenset(("plan",))


@dataclass(frozen=True, slots=True)
class ActingTool:
    tool: RemoteTool
    modes: frozenset[Mode]
    prepare: Prepare
    read_only: bool = False
    needs_language: bool = False
    """Offered only where the editor's language servers can be asked."""


def acting_tools(work: AgentWork, switches: Switches) -> list[OfferedTool]:
    """Those of the work's mode that are switched on."""
    return [
        _offered(work, row)
        for row in ACTING.values()
        if work.mode in row.modes
        and (work.language is not None or not row.needs_language)
        and switches.tool(BUILTIN, row.tool.name).enabled
    ]


def _offered(work: AgentWork, row: ActingTool) -> OfferedTool:
    async def prepare(arguments: Mapping[str, Any], call: str) -> Prepared:
        if row.modes is not PLANS and not work.may_act:
            raise BlockedByPolicy(
                "There is no approved plan yet, so nothing is changed or run.", "Write one with write_plan."
            )
        return await row.prepare(work, arguments, call)

    repeats = row.prepare is prepare_command
    return own_tool(row.tool, prepare=prepare, read_only=row.read_only, repeats=repeats)


def _tool(
    name: str, title: str, description: str, required: Sequence[str] = (), **properties: Mapping[str, Any]
) -> RemoteTool:
    schema = {"type": "object", "properties": dict(properties), "required": list(required)}
    return RemoteTool(name, title, description, schema)


def _text(description: str) -> Mapping[str, Any]:
    return {"type": "string", "description": description}


_PATH = _text("Path relative to the workspace.")
_FLAG = {"type": "boolean"}
_TEXTS = {"type": "array", "items": {"type": "string"}}

ACTING: Mapping[str, ActingTool] = {
    row.tool.name: row
    for row in (
        ActingTool(
            _tool(
                "edit_file",
                "Edit a file",
                "Replaces a passage of a file. `old_text` must be in it exactly once, with its indentation, unless "
                "`all` is set.",
                ("path", "old_text", "new_text"),
                path=_PATH,
                old_text=_text("The passage as it is now, some whole lines."),
                new_text=_text("What takes its place."),
                all={**_FLAG, "description": "Replace it wherever it stands."},
            ),
            EDITS,
            prepare_edit,
        ),
        ActingTool(
            _tool(
                "create_file",
                "Create a file",
                "A new text file, with the folders above it.",
                ("path", "text"),
                path=_PATH,
                text=_text("All of its text."),
            ),
            EDITS,
            prepare_creation,
        ),
        ActingTool(
            _tool(
                "move_file", "Move a file", "Gives a file another name.", ("path", "to"), path=_PATH, to=_PATH
            ),
            EDITS,
            prepare_move,
        ),
        ActingTool(
            _tool("delete_file", "Delete a file", "Deletes one text file.", ("path",), path=_PATH),
            EDITS,
            prepare_deletion,
        ),
        ActingTool(
            _tool(
                "rename_symbol",
                "Rename a symbol",
                "Renames a symbol wherever it is used, in all files, by the language server.",
                ("path", "line", "symbol", "new_name"),
                path=_PATH,
                line={"type": "integer", "description": "A line, from 1, in which the symbol stands."},
                symbol=_text("The symbol as it is written there."),
                new_name=_text("Its new name."),
            ),
            EDITS,
            prepare_rename,
            needs_language=True,
        ),
        ActingTool(
            _tool(
                "apply_code_action",
                "Apply a code action",
                "Makes the edits of a code action that list_code_actions named, in all files.",
                ("path", "line", "symbol", "action"),
                path=_PATH,
                line={"type": "integer", "description": "The line, from 1, that was asked about."},
                symbol=_text("The code in that line that was asked about."),
                action=_text("The title of the action, exactly."),
            ),
            EDITS,
            prepare_action,
            needs_language=True,
        ),
        ActingTool(
            _tool(
                "run_command",
                "Run a command",
                "Runs a program in the workspace and returns its exit status and output. It gets no input.",
                (),
                command={**_TEXTS, "description": "The program and its arguments; no shell reads them."},
                shell_line=_text(
                    "Instead of `command`: one line for the shell, where pipes and the like are needed."
                ),
                cwd=_text("The folder to run it in, relative to the workspace."),
                timeout_s={"type": "number", "description": "Seconds after which it is ended."},
                background={**_FLAG, "description": "Return while it runs; read_output reads on."},
            ),
            RUNS,
            prepare_command,
        ),
        ActingTool(
            _tool(
                "read_output",
                "Read a command's output",
                "The state and output of a command of this chat.",
                ("id",),
                id=_text("What run_command returned."),
                wait_s={"type": "number", "description": "Wait so many seconds for its end first."},
            ),
            RUNS,
            prepare_reading,
            read_only=True,
        ),
        ActingTool(
            _tool(
                "stop_command",
                "Stop a command",
                "Ends a command of this chat and all it started.",
                ("id",),
                id=_text("What run_command returned."),
            ),
            RUNS,
            prepare_stop,
            read_only=True,
        ),
        ActingTool(
            _tool(
                "write_plan",
                "Write a plan",
                "Shows the user your plan for approval. Replaces the plan there is.",
                ("steps",),
                steps={**_TEXTS, "description": "The steps in order, a sentence each."},
            ),
            PLANS,
            prepare_plan,
        ),
        ActingTool(
            _tool(
                "mark_step",
                "Mark a step of the plan",
                "Says how far a step of the approved plan is.",
                ("step", "state"),
                step={"type": "integer", "description": "Its number, from 1."},
                state=_text("open, doing, done or dropped."),
            ),
            PLANS,
            prepare_step,
            read_only=True,
        ),
    )
}
"""Name → its row."""
