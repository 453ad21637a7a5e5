"""What is asked of a model, and on whose behalf."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

from halley.core.media import MediaPrompt
from halley.core.models import HostNotes, ModelRef, Role, Route, Usage
from halley.core.settings import Settings


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture in a message."""

    mime: str
    data: bytes


Part = str | ImagePart


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `parts` is text and pictures in order."""

    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Part, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    notes: HostNotes | None = None
    """What its host attached to it, where a model wrote it."""

    @property
    def text(self) -> str:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], str):  # nearly all messages, and asked for over and over
            return parts[0]
        return "".join(part for part in parts if isinstance(part, str))


def system(text: str) -> Message:
    return Message("system", (text,))


def user(text: str, *images: ImagePart) -> Message:
    return Message("user", (text, *images))


def assistant(text: str) -> Message:
    return Message("assistant", (text,))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may ask for; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages ready to send."""

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    may_be_empty: bool = False
    """Whether nothing at all is an answer, as it is at the cursor."""
    expect: Literal["text", "code", "image"] = "text"
    """`image`: a picture of what the last message says, from a model that paints."""


@dataclass(frozen=True, slots=True)
class FimPrompt:
    """Fill in the middle: the text between `prefix` and `suffix` is wanted.

    A model whose catalogue entry names no FIM form is asked with `fallback` instead.
    """

    prefix: str
    suffix: str
    language_id: str = ""
    path: str = ""
    context: tuple[tuple[str, str], ...] = ()
    """(path, text) of other files, for models with repository-level FIM tokens."""
    preamble: str = ""
    """The same in comments of the document's language, for models that see nothing but prefix and suffix."""
    max_tokens: int = 128
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    fallback: Prompt | None = None


@dataclass(frozen=True, slots=True)
class PastEdit:
    """One recent edit: the lines that went and came, and the same as a unified diff."""

    path: str
    old: str
    new: str
    diff: str


@dataclass(frozen=True, slots=True)
class NextEditPrompt:
    """A model whose catalogue entry names no form of its own is asked with `fallback`.

    `before`, `region` and `after` are whole lines of one text; `was` is the region before the latest edits, the same as
    `region` where they were elsewhere.
    """

    path: str
    language_id: str
    before: str
    region: str
    after: str
    cursor: int
    """In `region`, in code points."""
    was: str
    edits: tuple[PastEdit, ...]
    """Oldest first."""
    fallback: Prompt
    context: tuple[tuple[str, str], ...] = ()
    """(path, text) of other files."""
    max_tokens: int = 1024

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything of the user's that it holds."""
        edits = (text for edit in self.edits for text in (edit.old, edit.new, edit.diff))
        return (self.before, self.region, self.after, self.was, *edits, *(text for _, text in self.context))


@dataclass(slots=True, eq=False)
class Trace:
    """What a provider notes of one attempt while it streams; routing reads it when the attempt has ended."""

    key: str = field(default="", repr=False)
    """The key it was last sent with; empty where none was needed."""
    answered_at: float | None = None
    """When the host last began to answer: its headers were there (`time.monotonic`)."""


@dataclass(frozen=True, slots=True)
class EmbedPrompt:
    """Texts whose meaning is wanted as vectors, one for each, from a model of the role `embed`."""

    texts: tuple[str, ...]


AnyPrompt = Prompt | FimPrompt | NextEditPrompt | MediaPrompt | EmbedPrompt


class Priority(IntEnum):
    """Whose turn it is when a provider's slots are taken; lower goes first."""

    INLINE = 0
    CHAT = 1
    ACTION = 2
    BATCH = 3


@dataclass(frozen=True, slots=True)
class Operation:
    """A wait the user should see (`halley/operation`)."""

    id: str
    state: Literal["waiting", "retrying", "failedOver", "done"]
    attempt: int = 1
    of: int = 1
    wait_ms: int = 0
    reason: str = ""
    source: ModelRef | None = None
    target: ModelRef | None = None


AskKey = Callable[[str, str], Awaitable[str | None]]
"""(provider ID, origin) → the key that the client stores for exactly that origin."""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf: one window, one command line."""

    workspace: str | None = None
    """Root folder of the workspace, for the ledger and for selections."""
    ask_key: AskKey | None = field(default=None, compare=False)
    on_operation: Callable[[Operation], None] | None = field(default=None, compare=False)
    confirm: Callable[[str], Awaitable[bool]] | None = field(default=None, compare=False)
    """Asks the user a yes-or-no question (`budget.when_spent = "ask"`); None where no user can be asked."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route of models, as `routing` takes it."""

    prompt: AnyPrompt
    route: Route
    feature: str
    """What it is for, as the ledger shows it: `explain`, `complete`, `chat` …"""
    settings: Settings
    caller: Caller = Caller()
    role: Role = "chat"
    priority: Priority = Priority.ACTION
    retry: bool = True
    """False for inline completion, and for next edits not asked for: one try, no failover; only the provider's next
    key may take over."""
    timeout_s: float | None = None
    """Bound on the whole call; None leaves it to the provider's own time limits."""
    price_wait_s: float = 0.0
    """How long the end may wait for a price that is being looked up. Only for answers that are saved with their cost
    and whose text is shown while it arrives."""
    shorten: Callable[[AnyPrompt], AnyPrompt | None] | None = field(default=None, compare=False)
    """Makes a shorter prompt when a model says the context is too long; used once a call. None: give up."""
    charge: Callable[[Usage], object] | None = field(default=None, compare=False)
    """Is given what each attempt used that ended without a `Finish`: it broke off, was cancelled or failed over. The
    ledger has it too."""
