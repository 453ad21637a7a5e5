"""Macros and pipelines, and what becomes of an action."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty, Problem, Range, TextDocument, UriParams
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.shape import Request, Shape, Token


class MacroRunParams(Shape):
    """`inputs` by name; `instruction` is what the person said beside. `resume` takes up a run by its id (or `last`)."""

    name: str
    text_document: TextDocument | None = None
    range: Range | None = None
    inputs: dict[str, Any] | None = None
    resume: str | None = None
    uri: str | None = None
    """Names the workspace where there is no document."""
    partial_result_token: Token | None = None


class MacroNameParams(Shape):
    name: str


class MacroSaveParams(Shape):
    """`macro` is a table as in `[macros.<name>]` of config.toml."""

    name: str
    macro: dict[str, Any]


class Macro(Shape):
    name: str
    description: str
    inputs: dict[str, Any]
    steps: int
    output: str
    prompt: str | None = None
    source: str | None = None
    """The level that defines it: `config.toml`, `.halley.toml` or `client`."""
    definition: dict[str, Any] = {}
    """The table as it would stand in `config.toml`, to edit and to share."""


class MacrosList(Shape):
    macros: list[Macro]


class MacroExportParams(Shape):
    """Without names, all of them."""

    names: list[str] | None = None
    uri: str | None = None


class MacroFile(Shape):
    """Macros as one TOML file."""

    content: str


class MacroImportParams(Shape):
    content: str
    replace: bool = False
    """Also those that are there under the same name."""


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
    """What became of each step. A run that is not complete can be taken up by its id."""

    id: str
    macro: str
    state: Literal["complete", "failed", "stopped"]
    steps: list[MacroStepState]


class Outcome(Shape):
    """What became of an action: exactly one of `applied`, `proposal`, `answer`, `media`."""

    applied: bool | None = None
    edits: int | None = None
    proposal: str | None = None
    answer: dict[str, str] | None = None
    media: MediaTask | None = None
    """A picture that waits to be saved (`halley/media/save`), where the client said `experimental.halley.media`."""
    run: MacroRun | None = None
    """Beside the outcome of `halley/macros/run`."""


REQUESTS: dict[str, Request] = {
    "halley/macros/list": Request(UriParams, MacrosList, "The macros in force for a document."),
    "halley/macros/run": Request(MacroRunParams, Outcome, "Runs a macro or a pipeline.", streams=True),
    "halley/macros/export": Request(MacroExportParams, MacroFile, "Macros as one file."),
    "halley/macros/import": Request(
        MacroImportParams, MacrosImported, "Macros of such a file, into the user's configuration."
    ),
    "halley/macros/save": Request(MacroSaveParams, Empty, "Writes a macro into the user's configuration."),
    "halley/macros/remove": Request(MacroNameParams, Empty, "Takes a macro out of the user's configuration."),
}
