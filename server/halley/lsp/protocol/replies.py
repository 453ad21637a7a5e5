"""The parts of a model's reply, while streaming and when complete."""

from __future__ import annotations

from typing import Any, Literal

from halley.core.agent import Mode
from halley.lsp.protocol.common import Problem, Usage
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.shape import Shape


class Citation(Shape):
    url: str
    title: str = ""
    start: int | None = None
    end: int | None = None


class Source(Shape):
    """A cited source. Marks in the text refer to `number`."""

    number: int
    url: str
    title: str


class Block(Shape):
    """A code block of a reply. `first` and `last` are its lines in the reply, from 0, including the fences."""

    language: str
    file: str | None = None
    text: str
    first: int
    last: int
    closed: bool


class ChatExcerpt(Shape):
    """An excerpt that a variable or the selection attached to a turn."""

    source: str
    label: str
    tokens: int
    uri: str | None = None
    line: int | None = None
    """From 1, as is `last_line`. With `uri`, where there is a place to open."""
    last_line: int | None = None


class PlanStep(Shape):
    """A step of a plan. `state` is `open`, `doing`, `done` or `dropped`."""

    text: str
    state: str


class Event(Shape):
    """One event of a stream. `type` decides which fields are present."""

    type: Literal[
        "start",
        "text",
        "reasoning",
        "notice",
        "citation",
        "image",
        "toolCall",
        "toolResult",
        "usage",
        "step",
        "media",
        "terminal",
        "plan",
        "checkpoint",
        "cost",
        "queued",
    ]
    reply_id: str
    delta: str | None = None
    text: str | None = None
    model: str | None = None
    """The model that replies (`start`), or that a notice is about."""
    name: str | None = None
    """The macro step that started or ended (`step`). Its text events have this name as `replyId`."""
    state: str | None = None
    number: int | None = None
    """Of a macro's step; or how many messages are sent before this one (`queued`)."""
    of: int | None = None
    chat_id: str | None = None
    turn_id: str | None = None
    excerpts: list[ChatExcerpt] | None = None
    """What the turn brought in, where it brought anything (`start`)."""
    task: MediaTask | None = None
    """The current state of a media task (`media`)."""
    call_id: str | None = None
    """The tool call that started (`toolCall`) or ended (`toolResult`)."""
    server: str | None = None
    tool: str | None = None
    title: str | None = None
    arguments: str | None = None
    """JSON as the model wrote it, with invisible characters escaped (`toolCall`)."""
    diff: str | None = None
    """What an edit does, as a unified diff (`toolCall`)."""
    command: str | None = None
    """What is run (`toolCall`). Its output streams as the `delta` of `terminal` events of the same `call_id`."""
    mode: Mode | None = None
    """The mode that it works in (`start`)."""
    usage: Usage | None = None
    """What the reply has used so far, with its sub-tasks (`cost`); one after each round of a reply with tools."""
    checkpoint: str | None = None
    """What takes the reply's changes back (`checkpoint`)."""
    steps: list[PlanStep] | None = None
    """The approved plan, and how far it is (`plan`)."""
    read_only: bool | None = None
    """For a `toolCall`, whose `state` is `asking` or `running`. A `toolResult` has one of `ToolUse.state`, and its
    `text` is the tool's output, safe to show as plain text."""


class ToolUse(Shape):
    """A tool call of a reply, with its result. `at` is its offset in the reply's `text`, in code points."""

    call_id: str
    server: str
    tool: str
    title: str
    arguments: str
    state: Literal["done", "failed", "denied", "refused", "cut", "unanswered", "open"]
    """`denied` by the user; `refused` by a rule or limit; `cut`: the arguments were truncated, so it never ran;
    `unanswered`: it still waited for approval when the reply ended, so it did not run; `open`: it was running then."""
    result: str = ""
    shortened: bool = False
    read_only: bool = False
    at: int = 0
    ms: float | None = None
    diff: str | None = None
    """What an edit did, as a unified diff."""
    command: str | None = None
    """What was run."""


class Reply(Shape):
    reply_id: str
    model: str
    text: str
    reasoning: str | None = None
    status: Literal["complete", "interrupted", "cancelled", "failed"]
    problem: Problem | None = None
    usage: Usage | None = None
    citations: list[Citation] = []
    images: list[dict[str, Any]] = []
    chosen: bool | None = None
    rendered: str = ""
    """The text to show: inert Markdown with numbered marks and the list of sources."""
    sources: list[Source] = []
    blocks: list[Block] = []
    notices: list[str] = []
    media: list[str] = []
    """IDs of tasks that this reply started, for `halley/media/get`."""
    tools: list[ToolUse] = []
    """The tools it called, in order."""
