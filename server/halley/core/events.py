"""What a reply is made of.

    Event
    ├─ TextDelta        visible text
    ├─ ReasoningDelta   thinking, kept apart from the answer
    ├─ Recalled         text that turned out to be thinking
    ├─ ToolCallDelta    a piece of a tool call
    ├─ ToolCalled       a whole call, before it is run: asked about, or running       (from `features`, not a host)
    ├─ TerminalOutput   what a command writes while it runs; not stored, its result is
    ├─ Checkpointed     from here on files change; what they said before is kept
    ├─ Planned          a plan and how far it is; not stored with the reply
    ├─ ToolEnded        its result
    ├─ Citation         a source the model named
    ├─ Image            a picture in the reply
    ├─ Sound            a recording
    ├─ Begun            the host works on it: how to ask for it later
    ├─ Vectors          what texts mean, as numbers
    ├─ HostNotes        what the host wants back with this turn (`core.models`)
    ├─ Notice           something the user should see that is not the reply (a failover, a trim)
    └─ Finish           the end: reason and usage

A stream yields any number of events and then exactly one `Finish`, or raises exactly one error of
`core.errors`. A stream that just stops was cut; it never counts as complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from halley.core.media import JobState, MediaJob
from halley.core.models import HostNotes, ModelRef, Times, Usage


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """The last `length` code points of visible text were thinking: a closing tag came without its opening one."""

    length: int


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """Pieces with the same `index` belong to one call; `id` and `name` come once, `arguments` adds up."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


ToolState = Literal["done", "failed", "denied", "refused", "cut"]
"""`denied` by the user, `refused` by a rule or a limit, `cut`: the arguments broke off, so it was never run."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A call as a user sees it. Comes twice for one that is asked about: `asking`, then `running`."""

    id: str
    server: str
    tool: str
    title: str
    arguments: str
    """JSON text, invisible characters written out."""
    read_only: bool = False
    state: Literal["asking", "running"] = "running"
    at: int = 0
    """Where in the reply's text it stands, in code points."""
    diff: str = ""
    """What an edit does, as a unified diff."""
    command: str = ""
    """What is run."""


@dataclass(frozen=True, slots=True)
class TerminalOutput:
    call: str
    text: str


@dataclass(frozen=True, slots=True)
class Checkpointed:
    id: str


@dataclass(frozen=True, slots=True)
class Planned:
    steps: tuple[tuple[str, str], ...]
    """(step, state)."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a reply with tools has used so far, after each of its rounds."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class ToolEnded:
    id: str
    state: ToolState
    text: str = ""
    shortened: bool = False
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    url: str
    title: str = ""
    start: int | None = None
    """Code-point range in the visible text the source stands for, where the provider says."""
    end: int | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    mime: str
    data: bytes = b""
    url: str = ""
    """Only when the provider gave no bytes. Never fetched by itself."""


@dataclass(frozen=True, slots=True)
class Sound:
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """The host has taken a job and will charge for it. It is written down before anything else is asked."""

    job: MediaJob
    state: JobState
    model: ModelRef | None = None
    """Which model of the route it is; filled in by routing."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The answer to an `EmbedPrompt`: one vector for each text, in order, all of one length."""

    vectors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    text: str
    model: ModelRef | None = None


FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason
    usage: Usage | None = None
    model: ModelRef | None = None
    """Which model of the route answered."""
    request_id: str | None = None
    times: Times | None = None
    """Filled in by routing."""


Event = (
    TextDelta
    | ReasoningDelta
    | Recalled
    | ToolCallDelta
    | ToolCalled
    | TerminalOutput
    | Checkpointed
    | Planned
    | Spent
    | ToolEnded
    | Citation
    | Image
    | Sound
    | Begun
    | Vectors
    | HostNotes
    | Notice
    | Finish
)
