"""Macros and pipelines, and the outcome of an action."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty, Problem, Range, TextDocument, UriParams
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.shape import RequestShape, Shape, Token


class MacroRunParams(Shape):
    """`inputs` are by name. `resume` continues a run by its ID (or `last`)."""

    name: str
    text_document: TextDocument | None = None
    range: Range | None = None
    inputs: dict[str, Any] | None = None
    resume: str | None = None
    uri: str | None = None
    """Identifies the workspace if there is no document."""
    partial_result_token: Token | None = None


class MacroNameParams(Shape):
    name: str


class MacroSaveParams(Shape):
    """`macro` is a table as in `[macros.<name>]` of config.toml."""

    name: str
    macro: dict[str, Any]


class MacroRecordParams(Shape):
    """Records a chat's questions as a macro and saves it. Without `turns`, all current ones."""

    name: str
    chat_id: str
    turns: list[str] | None = None


class MacroRecorded(Shape):
    macro: dict[str, Any]
    """As in `[macros.<name>]` of config.toml: a prompt, or steps."""


class Macro(Shape):
    name: str
    description: str
    inputs: dict[str, Any]
    steps: int
    output: str
    prompt: str | None = None
    source: str | None = None
    """The configuration layer that defines it: `config.toml`, `.halley.toml` or `client`."""
    definition: dict[str, Any] = {}
    """The table as written in `config.toml`, for editing and sharing."""


class MacrosList(Shape):
    macros: list[Macro]


class MacroExportParams(Shape):
    """Without names, all macros."""

    names: list[str] | None = None
    uri: str | None = None


class MacroFile(Shape):
    """Macros as one TOML file."""

    content: str


class MacroImportParams(Shape):
    content: str
    replace: bool = False
    """Overwrite existing macros of the same name."""


class MacrosImported(Shape):
    names: list[str]


class MacroStepState(Shape):
    name: str
    kind: Literal["text", "image", "speech", "transcription", "video", "commit"]
    state: Literal["waiting", "running", "complete", "skipped", "failed"]
    text: str
    model: str
    images: list[dict[str, Any]]
    files: list[dict[str, Any]] = []
    """Sounds and videos, as `{mime, path}`."""
    problem: Problem | None = None


class MacroRun(Shape):
    """The state of each step. An incomplete run can be resumed by its ID."""

    id: str
    macro: str
    state: Literal["complete", "failed", "stopped"]
    steps: list[MacroStepState]


class ResumableRun(Shape):
    """`resume` of `halley/macros/run` takes the ID of `run`."""

    macro: str
    run: str


class Outcome(Shape):
    """The outcome of an action: exactly one of `applied`, `proposal`, `answer`, `media`."""

    applied: bool | None = None
    edits: int | None = None
    proposal: str | None = None
    answer: dict[str, str] | None = None
    resume: ResumableRun | None = None
    """Only with `answer`: the pipeline failed at a step, and `halley/macros/run` resumes it there."""
    media: MediaTask | None = None
    """A picture to save with `halley/media/save`, if the client declared `experimental.halley.media`."""
    run: MacroRun | None = None
    """Only for `halley/macros/run`, in addition to the outcome."""


REQUESTS: dict[str, RequestShape] = {
    "halley/macros/list": RequestShape(UriParams, MacrosList, "The macros available for a document."),
    "halley/macros/run": RequestShape(MacroRunParams, Outcome, "Runs a macro or a pipeline.", streams=True),
    "halley/macros/export": RequestShape(MacroExportParams, MacroFile, "Exports macros as one file."),
    "halley/macros/import": RequestShape(
        MacroImportParams,
        MacrosImported,
        "Imports the macros of an exported file into the user's configuration.",
    ),
    "halley/macros/save": RequestShape(MacroSaveParams, Empty, "Saves a macro in the user's configuration."),
    "halley/macros/record": RequestShape(
        MacroRecordParams, MacroRecorded, "Makes a macro of a chat's questions, and saves it."
    ),
    "halley/macros/remove": RequestShape(
        MacroNameParams, Empty, "Removes a macro from the user's configuration."
    ),
}
