"""Pictures, speech, transcription and video: each is a task, and a task outlives the request that began it.

start ──▶ MediaTask: queued → running → (choosing →) complete | failed | cancelled
             └─ `halley/changed {what: "media"}` and, where asked for, events `{type: "media", task}` as it goes
save  ──▶ a file in the workspace, and the link to it where a document was named
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halley.lsp.protocol.common import Cost, Empty, Problem, Range, TextDocument
from halley.lsp.protocol.shape import Request, Shape, Token

MediaKind = Literal["image", "imageEdit", "speech", "transcription", "translation", "video"]


class MediaStartParams(Shape):
    """What is wanted. A `text_document` with a `range` gives the text (speech) or what to illustrate (image) where
    none is given, and is where `save` puts the link."""

    kind: MediaKind
    prompt: str | None = None
    """Of a picture, an edit or a video; for a transcription, words that may occur in it."""
    text: str | None = None
    """To be read aloud. Markdown is read as prose."""
    reply_id: str | None = None
    """A reply of a chat to be read aloud, instead of `text`."""
    source: str | None = None
    """The picture to edit or to begin a video with, or the sound to write down: a file's URI or a path in the
    workspace; for speech also the URI of an answer."""
    data: str | None = None
    """The same as bytes in base64, for a client whose files the server cannot see."""
    mask: str | None = None
    """Where a picture may be changed: a PNG whose transparent parts may."""
    size: str | None = None
    """Like `1024x1024`; what a model takes is `capabilities.sizes` in `halley/models/list`."""
    quality: str | None = None
    n: int = Field(1, ge=1, le=10)
    seconds: int | None = Field(None, ge=1, le=120)
    voice: str | None = None
    format: str | None = None
    """Of the file: `png`, `jpeg`, `webp`; `mp3`, `wav`, `opus`, `aac`, `flac`."""
    language: str | None = None
    """What is spoken, as `en` or `de`."""
    model: str | None = None
    """`provider/name`, instead of the role's route."""
    uri: str | None = None
    """Names the workspace where there is no document."""
    text_document: TextDocument | None = None
    range: Range | None = None
    wait: bool = True
    """Answer when it has ended. Without, the answer comes once the task is kept, and it goes on behind."""
    partial_result_token: Token | None = None


class MediaTaskParams(Shape):
    task: str


class MediaListParams(Shape):
    kind: MediaKind | None = None
    uri: str | None = None
    limit: int = Field(50, ge=1, le=500)


class MediaChooseParams(Shape):
    """`variant` counts from 1. Of several results it is the one `save` takes; of a task with `choices`, the one
    of these that is worked out in full, where it was not already."""

    task: str
    variant: int = Field(ge=1)


class MediaSaveParams(Shape):
    """`path` is relative to the workspace (or a file's URI in it); without, it is the name that was proposed."""

    task: str
    variant: int | None = Field(None, ge=1)
    path: str | None = None
    overwrite: bool = False
    text_document: TextDocument | None = None
    range: Range | None = None
    """Where the link goes: after its end. Without a document, where the task was begun."""
    link: bool = True
    uri: str | None = None


class MediaResult(Shape):
    """One file. `path` is a private copy to show or to play, with the right suffix."""

    variant: int
    mime: str
    bytes: int
    path: str
    uri: str
    """`path` as a URI."""
    proposed: str
    """The name `save` gives it, relative to the workspace."""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    of: int | None = None
    """The variant of a grid that it works out."""
    chosen: bool | None = None
    saved: str | None = None
    """Where it was saved, as a URI."""


class MediaTask(Shape):
    """`choosing`: `results[0]` shows `choices` variants, one of which `halley/media/choose` has worked out; as long as
    `choices` is there, another one too."""

    task: str
    kind: MediaKind
    state: Literal["queued", "running", "choosing", "complete", "failed", "cancelled"]
    title: str
    """The prompt's beginning, on one line."""
    prompt: str
    model: str | None = None
    """Who makes it, once that is sure."""
    created: str
    updated: str
    progress: float | None = None
    """0 to 1, where the host says."""
    text: str | None = None
    """What was written down."""
    results: list[MediaResult] = []
    choices: int | None = None
    cost: Cost | None = None
    expires: str | None = None
    """When the host forgets what is not fetched yet."""
    problem: Problem | None = None
    notices: list[str] = []


class MediaTasks(Shape):
    tasks: list[MediaTask]


class MediaSaved(Shape):
    """`link` is the Markdown that was put into the document, or that would be; `applied` says whether it was."""

    uri: str
    path: str
    """Relative to the workspace."""
    link: str
    applied: bool = False


REQUESTS: dict[str, Request] = {
    "halley/media/start": Request(
        MediaStartParams, MediaTask, "Makes a picture, speech, a transcription or a video.", streams=True
    ),
    "halley/media/list": Request(MediaListParams, MediaTasks, "The workspace's tasks, newest first."),
    "halley/media/get": Request(MediaTaskParams, MediaTask, "One task as it stands."),
    "halley/media/cancel": Request(
        MediaTaskParams, MediaTask, "Ends a task here, and at the host where it can be."
    ),
    "halley/media/choose": Request(MediaChooseParams, MediaTask, "Chooses one of several variants."),
    "halley/media/save": Request(
        MediaSaveParams, MediaSaved, "Writes a result into the workspace, and its link into a document."
    ),
    "halley/media/remove": Request(MediaTaskParams, Empty, "Forgets a task and its files."),
}
