"""Approval of a call.

Asked with the arguments shown whole. A permanent approval holds in one workspace, for one tool with arguments of one
shape, and only while the server is run as it was and says of the tool what it said then; otherwise the user is asked
again and shown the difference. No one to ask, no answer in time, anything but an approval: denied.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from halley.engine.tool_calls import shape_of, show_arguments
from halley.features.tools.toolbox import OfferedTool
from halley.stores.config.tool_picks import Approval, ToolPicks

Decision = Literal["once", "always", "deny"]


@dataclass(frozen=True, slots=True)
class Question:
    """One call that waits for approval, as users see it."""

    call_id: str
    server: str
    tool: str
    title: str
    arguments: Mapping[str, Any]
    arguments_text: str
    read_only: bool
    changed: str = ""
    always: bool = True


Ask = Callable[[Question], Awaitable[Decision]]


async def is_agreed(
    picks: ToolPicks,
    root: Path | None,
    tool: OfferedTool,
    arguments: Mapping[str, Any],
    call_id: str,
    ask: Ask | None,
    on_ask: Callable[[], None],
) -> bool:
    """Whether the call may be made; asks where that is not settled, and keeps an "always"."""
    if not tool.asks:
        return True
    wanted = _approval(tool, arguments)
    standing = {approval.id: approval for approval in picks.approvals(root)} if root else {}
    given = standing.get(wanted.id)
    if given and (given.command, given.schema) == (wanted.command, wanted.schema):
        return True
    if ask is None:
        return False
    on_ask()
    changed = _what_changed(given, wanted) if given else ""
    question = Question(
        call_id, tool.server, tool.name, tool.title, arguments, show_arguments(arguments), tool.read_only, changed,
        root is not None,
    )  # fmt: skip
    decision = await ask(question)
    if decision == "always" and root is not None:
        picks.approve(root, wanted)
    return decision in ("once", "always")


def _approval(tool: OfferedTool, arguments: Mapping[str, Any]) -> Approval:
    return Approval(tool.server, tool.name, shape_of(arguments), tool.command, tool.schema_hash)


def _what_changed(given: Approval, wanted: Approval) -> str:
    parts = []
    if given.command != wanted.command:
        parts.append(f"the server {wanted.server} is started with a different command")
    if given.schema != wanted.schema:
        parts.append(f"{wanted.server} describes {wanted.tool} differently")
    return f"You approved this before, but since then {' and '.join(parts)}."
