"""What a model's reply is made of, as it streams and when it is whole."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Problem, Usage
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.shape import Shape


class Citation(Shape):
    url: str
    title: str = ""
    start: int | None = None
    end: int | None = None


class Source(Shape):
    """A source, with the number of its marks."""

    number: int
    url: str
    title: str


class Block(Shape):
    """A block of code in a reply: `first` and `last` are its lines there (from 0, with the marks)."""

    language: str
    file: str | None = None
    text: str
    first: int
    last: int
    closed: bool


class Event(Shape):
    """One event of a stream; which fields are there depends on `type`."""

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
    ]
    reply_id: str
    delta: str | None = None
    text: str | None = None
    model: str | None = None
    """Who replies (`start`), or whom a notice is about."""
    name: str | None = None
    """The step of a macro that began or ended (`step`); its texts have it as `replyId`."""
    state: str | None = None
    number: int | None = None
    of: int | None = None
    chat_id: str | None = None
    turn_id: str | None = None
    task: MediaTask | None = None
    """How a picture, a video … stands now (`media`)."""
    call_id: str | None = None
    """The tool call that began (`toolCall`) or ended (`toolResult`)."""
    server: str | None = None
    tool: str | None = None
    title: str | None = None
    arguments: str | None = None
    """JSON, as the model wrote it, invisible characters written out (`toolCall`)."""
    read_only: bool | None = None
    """Of a call (`toolCall`). `state` is `asking` or `running` then, and one of `ToolUse.state` for `toolResult`, whose
    `text` is what the tool said, safe to show as plain text."""


class ToolUse(Shape):
    """A tool call of a reply, with its result. It stands at `at` of the reply's `text` (code points)."""

    call_id: str
    server: str
    tool: str
    title: str
    arguments: str
    state: Literal["done", "failed", "denied", "refused", "cut", "unanswered", "open"]
    """`denied` by the person, `refused` by a rule or limit, `cut`: the arguments broke off, so it was never run;
    `unanswered`: it waited for a yes when the reply ended, so it was not run; `open`: it was under way then."""
    result: str = ""
    shortened: bool = False
    read_only: bool = False
    at: int = 0
    ms: float | None = None


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
    """The text as it may be shown: inert Markdown with numbered marks and the list of sources."""
    sources: list[Source] = []
    blocks: list[Block] = []
    notices: list[str] = []
    media: list[str] = []
    """Tasks that this reply began, for `halley/media/get`."""
    tools: list[ToolUse] = []
    """The tools it called, in order."""
