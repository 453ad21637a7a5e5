"""Conversations as values: chat → turn → reply, and what is stored beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from halley.core.errors import Problem
from halley.core.events import Citation
from halley.core.models import HostNotes, Times, Usage

ReplyStatus = Literal["open", "complete", "interrupted", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture: kept on disk under the SHA-256 of its bytes, or only an address that is never fetched by itself."""

    mime: str
    blob: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What one variable or selection brought into the context."""

    source: str
    """As the user wrote it: `#file:src/a.py`, `#selection` …"""
    label: str = ""
    """For lists: `src/a.py:10-42`."""
    tokens: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call of a reply and its result; `arguments` is JSON text, `at` its place in the reply's text."""

    id: str
    name: str
    arguments: str
    server: str = ""
    title: str = ""
    read_only: bool = False
    at: int = 0
    state: str = "open"
    """One of `core.events.ToolState`; `unanswered` while it waits for approval, `open` while it is under way, and
    either for good when the reply ended meanwhile. What is unanswered was not run."""
    result: str = ""
    shortened: bool = False
    ms: float | None = None
    diff: str = ""
    """What an edit did, as it was approved."""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    id: str
    turn_id: str
    model: str
    """`provider/name`."""
    status: ReplyStatus
    text: str = ""
    reasoning: str = ""
    citations: tuple[Citation, ...] = ()
    images: tuple[StoredImage, ...] = ()
    notices: tuple[str, ...] = ()
    tool_uses: tuple[ToolUse, ...] = ()
    usage: Usage | None = None
    times: Times | None = None
    problem: Problem | None = None
    chosen: bool = False
    sent: Mapping[str, Any] = field(default_factory=dict)
    """What was sent for it, by positions: plain JSON."""
    created: float = 0.0
    settled: float | None = None
    notes: HostNotes | None = None
    """What the host attached to its end. It stays on this machine: an export leaves it out, an import brings none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user said, and every model's reply to it."""

    id: str
    chat_id: str
    position: int
    prompt: str
    created: float = 0.0
    undone: bool = False
    """Rolled back: kept, but no longer part of the conversation."""
    excerpts: tuple[Excerpt, ...] = ()
    images: tuple[StoredImage, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: document, range, models asked, whether names are hidden …"""
    replies: tuple[Reply, ...] = ()

    @property
    def reply(self) -> Reply | None:
        """The one that the conversation continues from: chosen, else the last that has text, else the last."""
        for wanted in (lambda r: r.chosen, lambda r: r.text, lambda r: True):
            found = [reply for reply in self.replies if wanted(reply)]
            if found:
                return found[-1]
        return None


@dataclass(frozen=True, slots=True)
class BegunTurn:
    """A turn that is being written: its value and its replies' ids are there before the disk has them."""

    turn: Turn
    replies: tuple[str, ...]
    saved: Awaitable[None]


@dataclass(frozen=True, slots=True)
class Mark:
    """A new start within a chat: `/clear`, or `/compact` with the summary that stands for what was before."""

    after_position: int
    """The last turn before it; -1 at the very beginning."""
    kind: Literal["clear", "compact"]
    text: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Chat:
    id: str
    workspace: str | None
    title: str
    created: float
    updated: float
    forked_from: str | None = None
    turns: tuple[Turn, ...] = ()
    """All of them, in order, those that were rolled back too."""
    marks: tuple[Mark, ...] = ()
    tools: Mapping[str, bool] = field(default_factory=dict)
    """Tools switched for this chat only, keyed as in `stores/config/tool_picks.py`."""
    agent: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: its `mode` where one was chosen, its approved `plan`."""

    @property
    def current_turns(self) -> tuple[Turn, ...]:
        """What the conversation consists of now: not rolled back, and after the last mark."""
        start = self.marks[-1].after_position if self.marks else -1
        return tuple(turn for turn in self.turns if not turn.undone and turn.position > start)

    @property
    def summary(self) -> str:
        """What stands for the turns before `current_turns`; empty unless compacted."""
        return self.marks[-1].text if self.marks else ""


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """One line of a list."""

    id: str
    workspace: str | None
    title: str
    """As given, or the beginning of its first prompt."""
    created: float
    updated: float
    turns: int
    match: str = ""
    """Where a search found it: a piece of the text around the words."""
