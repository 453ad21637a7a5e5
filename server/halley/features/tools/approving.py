"""Approval of a call.

Asked with the arguments shown whole. A permanent approval holds in one workspace, for one tool with arguments of one
shape, and only while the server is run as it was and says of the tool what it said then; otherwise the user is asked
again and shown the difference. No one to ask, no answer in time, anything but an approval: denied.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from halley.engine.edits.hunks import Hunk
from halley.engine.tool_calls import shape_of, show_arguments
from halley.features.tools.toolbox import Agreed, OfferedTool, OnlyHunks, Prepared
from halley.stores.config.tool_picks import Approval, ToolPicks

Decision = Literal["once", "chat", "always", "deny"]
"""`chat`: also further calls of its kind in this chat; `always`: in this workspace."""


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
    """Whether it can be approved for good; that needs a workspace."""
    chat: bool = False
    """Whether it can be approved for the rest of the chat."""
    diff: str = ""
    """What an edit does, as a unified diff."""
    command: str = ""
    """What is run, or the plan that is worked through."""
    why: str = ""
    """A reason to look closely."""
    hunks: tuple[Hunk, ...] = ()
    """What `diff` is made of, where some of it can be approved and the rest refused."""

    @property
    def text(self) -> str:
        """What a user must see before they approve: the diff or command, else the arguments whole."""
        return self.diff or self.command or self.arguments_text


Ask = Callable[[Question], Awaitable[Decision | OnlyHunks]]


async def is_agreed(
    picks: ToolPicks,
    root: Path | None,
    tool: OfferedTool,
    arguments: Mapping[str, Any],
    call_id: str,
    ask: Ask | None,
    on_ask: Callable[[], None],
    prepared: Prepared | None = None,
    in_chat: set[Approval] | None = None,
) -> Agreed:
    """Whether the call may be made, or which hunks of it; asks where that is not settled, and keeps an "always".

    `in_chat` holds what was approved for the rest of the chat.
    """
    if not (prepared.asks if prepared else tool.asks):
        return True
    wanted = _approval(tool, arguments, prepared)
    lasts = prepared is None or prepared.always
    if lasts and in_chat is not None and wanted in in_chat:
        return True
    standing = {approval.id: approval for approval in picks.approvals(root)} if root and lasts else {}
    given = standing.get(wanted.id)
    if given and (given.command, given.schema) == (wanted.command, wanted.schema):
        return True
    if ask is None:
        return False
    on_ask()
    changed = _what_changed(given, wanted) if given else ""
    question = Question(
        call_id, tool.server, tool.name, tool.title, arguments, show_arguments(arguments), tool.read_only, changed,
        root is not None and lasts, in_chat is not None and lasts,
    )  # fmt: skip
    if prepared:
        question = replace(
            question, diff=prepared.diff, command=prepared.command, why=prepared.why, hunks=prepared.hunks
        )
    decision = await ask(question)
    if isinstance(decision, OnlyHunks):
        return decision
    if decision == "always" and root is not None and lasts:
        picks.approve(root, wanted)
    if decision == "chat" and in_chat is not None and lasts:
        in_chat.add(wanted)
    return decision in ("once", "chat", "always")


def with_hunks(decision: Decision, hunks: object, question: Question) -> Decision | OnlyHunks:
    """A decision that may name the hunks it is for, by number from 0. Numbers that make no sense deny the call."""
    if hunks is None or decision == "deny":
        return decision
    numbers = cast("list[object]", hunks) if isinstance(hunks, list) else [None]
    chosen = frozenset(one for one in numbers if type(one) is int and 0 <= one < len(question.hunks))
    if not all(type(one) is int and one in chosen for one in numbers):
        return "deny"
    if len(chosen) == len(question.hunks):
        return decision
    return OnlyHunks(chosen) if chosen else "deny"


def _approval(tool: OfferedTool, arguments: Mapping[str, Any], prepared: Prepared | None) -> Approval:
    shape = prepared.shape if prepared and prepared.shape else shape_of(arguments)
    return Approval(tool.server, tool.name, shape, tool.command, tool.schema_hash)


def _what_changed(given: Approval, wanted: Approval) -> str:
    parts = []
    if given.command != wanted.command:
        parts.append(f"the server {wanted.server} is started with a different command")
    if given.schema != wanted.schema:
        parts.append(f"{wanted.server} describes {wanted.tool} differently")
    return f"You approved this before, but since then {' and '.join(parts)}."
