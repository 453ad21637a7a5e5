"""The next edit: asking for it, and reporting what became of it."""

from __future__ import annotations

from typing import Any, Literal

from halley.lsp.protocol.common import Empty, Position, Range, TextDocument
from halley.lsp.protocol.shape import RequestShape, Shape


class NextEditParams(Shape):
    """`idle`: in a pause after a change; the server waits for the rest of the pause. `diagnostics` are the document's,
    as LSP has them: those that came with an edit are looked at first.
    """

    text_document: TextDocument
    position: Position
    trigger: Literal["idle", "save", "invoked"] = "idle"
    diagnostics: list[dict[str, Any]] | None = None


class NextEdit(Shape):
    """`range` is of just that `version` of the document, which may be another than the one asked for. A file that is
    not open has no version: once it is open, `replaces` must be the text in `range`, each line end a line feed.
    `jump`: it is on other lines than the cursor. `model` is where it is from.
    """

    id: str
    uri: str
    version: int | None = None
    range: Range
    text: str
    replaces: str
    jump: bool
    model: str


class NextEditResult(Shape):
    """Without `edit` there is nothing to offer, or a newer question came."""

    edit: NextEdit | None = None


class NextEditOutcomeParams(Shape):
    """`shown` comes first and once; one of the others ends it. A rejected edit is not offered again, nor one like
    it."""

    id: str
    outcome: Literal["shown", "accepted", "rejected", "ignored"]


REQUESTS: dict[str, RequestShape] = {
    "halley/nextEdit": RequestShape(
        NextEditParams, NextEditResult, "What you would change next, wherever it is."
    ),
    "halley/nextEdit/outcome": RequestShape(NextEditOutcomeParams, Empty, "What became of a next edit."),
}
