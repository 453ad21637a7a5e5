"""Taking back what an agent did."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty
from halley.lsp.protocol.shape import RequestShape, Shape


class AgentApproveParams(Shape):
    """The answer to a call that waits for approval. `chat` and `workspace` are for further calls of its kind too, and
    only where they are offered."""

    call_id: str
    answer: Literal["once", "chat", "workspace", "no"]
    edited: Any = None
    """Refused: only a call that was shown is run. Answer `no`, and say in a message what is to be changed."""


class PlannedStep(Shape):
    text: str
    state: Literal["open", "doing", "done", "dropped"] = "open"


class AgentPlanParams(Shape):
    """`steps` takes the place of the chat's plan; an empty list removes it."""

    chat_id: str
    steps: list[PlannedStep]


class CheckpointsParams(Shape):
    chat_id: str


class Checkpoint(Shape):
    """The state before a turn of an agent, or before a restore (with an empty `turn_id`)."""

    id: str
    chat_id: str
    turn_id: str
    label: str
    created: float
    """Seconds since the epoch."""
    files: list[str]
    """What it touched, relative to the workspace."""


class CheckpointsList(Shape):
    checkpoints: list[Checkpoint]
    """The oldest first."""


class CheckpointParams(Shape):
    id: str


class CheckpointHunk(Shape):
    """Whole lines. `line` counts from 0, in the text before."""

    line: int
    old_text: str
    new_text: str


class CheckpointFile(Shape):
    path: str
    kind: Literal["edit", "create", "delete"]
    hunks: list[CheckpointHunk]


class CheckpointDiff(Shape):
    files: list[CheckpointFile]


class RestoreParams(Shape):
    """`files` limits it to some of the files. `force` includes those that you changed since: your own changes stay
    where they do not overlap."""

    id: str
    files: list[str] | None = None
    force: bool = False


class CheckpointReviewParams(Shape):
    """`files` limits it to some of the files."""

    id: str
    files: list[str] | None = None


class CheckpointReviewResult(Shape):
    proposal: str | None = None
    """Absent where nothing is left to take back."""


class RestoreResult(Shape):
    restored: list[str]
    changed: list[str]
    """Left as they are, because they were changed since; ask, then send `force`."""
    failed: list[str]
    undo: str | None = None
    """The checkpoint that takes the restore back."""


REQUESTS: dict[str, RequestShape] = {
    "halley/agent/approve": RequestShape(
        AgentApproveParams,
        Empty,
        "Answers a call that waits for approval, instead of the question that the client was asked.",
    ),
    "halley/agent/plan": RequestShape(
        AgentPlanParams,
        Empty,
        "Writes the plan of a chat that is not busy. The user who sends it approves it.",
    ),
    "halley/checkpoints/list": RequestShape(
        CheckpointsParams, CheckpointsList, "What can be taken back in a chat."
    ),
    "halley/checkpoints/diff": RequestShape(
        CheckpointParams, CheckpointDiff, "What a turn of an agent changed."
    ),
    "halley/checkpoints/restore": RequestShape(
        RestoreParams,
        RestoreResult,
        "Gives files the text they had before a turn of an agent, unsaved text included.",
    ),
    "halley/checkpoints/review": RequestShape(
        CheckpointReviewParams,
        CheckpointReviewResult,
        "Makes a proposal of what a restore would do, to accept hunk by hunk. Files that were changed since in the "
        "same place are left out.",
    ),
}
