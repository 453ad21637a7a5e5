"""Pictures, speech, transcription and video: each is a task, and a task outlives the request that started it.

start ──▶ MediaTask: queued → running → (choosing →) complete | failed | cancelled
             └─ `halley/changed {what: "media"}` and, if requested, progress events `{type: "media", task}`
save  ──▶ a file in the workspace, and a link to it if a document was given
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halley.lsp.protocol.common import Cost, Empty, Problem, Range, TextDocument
from halley.lsp.protocol.shape import RequestShape, Shape, Token

MediaKind = Literal["image", "imageEdit", "speech", "transcription", "translation", "video"]


class MediaStartParams(Shape):
    """What to make. A `text_document` with a `range` supplies the text (speech) or the passage to illustrate (image) if
    none is given, and is where `save` inserts the link."""

    kind: MediaKind
    prompt: str | None = None
    """For a picture, an edit or a video; for a transcription, words that may occur in it."""
    text: str | None = None
    """The text to read aloud. Markdown is read as prose."""
    reply_id: str | None = None
    """A chat reply to read aloud, instead of `text`."""
    source: str | None = None
    """The picture to edit, a video's first frame, or the recording to transcribe: a file's URI or a path in the
    workspace. For speech, also the URI of an answer."""
    data: str | None = None
    """The source's content in base64, for a client whose files the server cannot read."""
    mask: str | None = None
    """A PNG whose transparent parts mark where the picture may change."""
    size: str | None = None
    """Such as `1024x1024`. A model's sizes are `capabilities.sizes` in `halley/models/list`."""
    quality: str | None = None
    n: int = Field(1, ge=1, le=10)
    seconds: int | None = Field(None, ge=1, le=120)
    voice: str | None = None
    format: str | None = None
    """The file format: `png`, `jpeg`, `webp`; `mp3`, `wav`, `opus`, `aac`, `flac`."""
    language: str | None = None
    """The spoken language, such as `en` or `de`."""
    model: str | None = None
    """`provider/name`, instead of the role's route."""
    uri: str | None = None
    """Identifies the workspace if there is no document."""
    text_document: TextDocument | None = None
    range: Range | None = None
    wait: bool = True
    """Respond when the task has ended. If false, respond once it is saved; it continues in the background."""
    partial_result_token: Token | None = None


class MediaTaskParams(Shape):
    task: str


class MediaListParams(Shape):
    kind: MediaKind | None = None
    uri: str | None = None
    limit: int = Field(50, ge=1, le=500)


class MediaChooseParams(Shape):
    """`variant` counts from 1. It selects the result that `save` uses; for a task with `choices`, the variant to
    upscale, unless that was done before."""

    task: str
    variant: int = Field(ge=1)


class MediaSaveParams(Shape):
    """`path` is relative to the workspace, or the URI of a file in it. It defaults to the proposed name."""

    task: str
    variant: int | None = Field(None, ge=1)
    path: str | None = None
    overwrite: bool = False
    text_document: TextDocument | None = None
    range: Range | None = None
    """The link is inserted after its end. Without a document, it goes where the task was started."""
    link: bool = True
    uri: str | None = None


class MediaResult(Shape):
    """One file. `path` is a private copy to show or play, with the right extension."""

    variant: int
    mime: str
    bytes: int
    path: str
    uri: str
    """`path` as a URI."""
    proposed: str
    """The name that `save` uses by default, relative to the workspace."""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    of: int | None = None
    """The variant of a grid that it upscales."""
    chosen: bool | None = None
    saved: str | None = None
    """Where it was saved, as a URI."""


class MediaTask(Shape):
    """`choosing`: `results[0]` shows `choices` variants, and `halley/media/choose` upscales one. As long as
    `choices` is present, others can be chosen too."""

    task: str
    kind: MediaKind
    state: Literal["queued", "running", "choosing", "complete", "failed", "cancelled"]
    title: str
    """The prompt's beginning, on one line."""
    prompt: str
    model: str | None = None
    """The model that makes it, once known."""
    created: str
    updated: str
    progress: float | None = None
    """0 to 1, if the host reports it."""
    text: str | None = None
    """The transcript."""
    results: list[MediaResult] = []
    choices: int | None = None
    cost: Cost | None = None
    expires: str | None = None
    """When the host deletes results that are not fetched yet."""
    problem: Problem | None = None
    notices: list[str] = []


class MediaTasks(Shape):
    tasks: list[MediaTask]


class MediaSaved(Shape):
    """`link` is the Markdown for the document; `applied` says whether it was inserted."""

    uri: str
    path: str
    """Relative to the workspace."""
    link: str
    applied: bool = False


REQUESTS: dict[str, RequestShape] = {
    "halley/media/start": RequestShape(
        MediaStartParams, MediaTask, "Makes a picture, speech, a transcription or a video.", streams=True
    ),
    "halley/media/list": RequestShape(MediaListParams, MediaTasks, "The workspace's tasks, newest first."),
    "halley/media/get": RequestShape(MediaTaskParams, MediaTask, "The current state of one task."),
    "halley/media/cancel": RequestShape(
        MediaTaskParams, MediaTask, "Cancels a task, also at the host if it supports that."
    ),
    "halley/media/choose": RequestShape(MediaChooseParams, MediaTask, "Chooses one of several variants."),
    "halley/media/save": RequestShape(
        MediaSaveParams, MediaSaved, "Saves a result in the workspace, and inserts its link into a document."
    ),
    "halley/media/remove": RequestShape(MediaTaskParams, Empty, "Removes a task and its files."),
}
