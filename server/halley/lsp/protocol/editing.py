"""Edits of documents: from an instruction, as proposals, from a reply; and the context they were made with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.common import Empty, Range, TextDocument
from halley.lsp.protocol.macros import Outcome
from halley.lsp.protocol.shape import RequestShape, Shape, Token


class ProposalParams(Shape):
    """`confirm`: the editor asks for confirmation of each edit, if it supports that."""

    id: str
    hunks: list[int] | None = None
    confirm: bool = False


class ProposalFile(Shape):
    uri: str
    proposed: str


class ProposalHunk(Shape):
    """A hunk. `range` and `old_text` refer to the text it was made for; they are absent if a file is created,
    renamed or deleted. For a renamed file, `uri` is the new name."""

    index: int
    uri: str
    kind: Literal["edit", "create", "rename", "delete"]
    old_uri: str | None = None
    range: Range | None = None
    old_text: str | None = None
    new_text: str | None = None


class Proposal(Shape):
    id: str
    title: str
    reason: str
    files: list[ProposalFile]
    hunks: list[ProposalHunk]


class ProposalsList(Shape):
    proposals: list[Proposal]


class Applied(Shape):
    applied: bool
    edits: int


class ContextPreviewParams(Shape):
    text_document: TextDocument
    range: Range | None = None


class ContextExcerpt(Shape):
    path: str
    first_line: int
    last_line: int
    reason: str
    tokens: int
    text: str


class ContextDropped(Shape):
    path: str
    reason: str
    tokens: int


class ContextPreview(Shape):
    tokens: int
    budget: int
    excerpts: list[ContextExcerpt]
    dropped: list[ContextDropped]
    notices: list[str]
    """Warnings about the excerpts, such as invisible characters."""


class EditParams(Shape):
    """An edit of a range by an instruction. The reply streams as events.

    `preview` makes a proposal, regardless of the settings.
    """

    text_document: TextDocument
    range: Range
    instruction: str = Field(min_length=1)
    model: str | None = None
    preview: bool = False
    partial_result_token: Token | None = None


class ApplyBlockParams(Shape):
    """A block of code from a reply; `file` is the name the model gave it."""

    text: str
    language: str = ""
    file: str | None = None
    text_document: TextDocument
    range: Range | None = None


class RunParams(Shape):
    """The argument of the `halley.run` command.

    `background`: the command returns immediately, and the result is shown by standard LSP means.
    """

    action: str
    text_document: TextDocument
    range: Range
    diagnostics: list[dict[str, Any]] | None = None
    instruction: str = ""
    model: str | None = None
    background: bool = False


REQUESTS: dict[str, RequestShape] = {
    "halley/edit": RequestShape(EditParams, Outcome, "Edits a range by an instruction.", streams=True),
    "halley/proposals/list": RequestShape(Empty, ProposalsList, "Changes that wait for approval."),
    "halley/proposals/accept": RequestShape(
        ProposalParams, Applied, "Applies a proposal, or some hunks of it."
    ),
    "halley/proposals/discard": RequestShape(
        ProposalParams, Empty, "Discards a proposal, or some hunks of it."
    ),
    "halley/proposals/restore": RequestShape(
        ProposalsList,
        ProposalsList,
        "Takes up proposals that the client kept over a restart: the changes that still fit. Returns all pending ones.",
    ),
    "halley/context/preview": RequestShape(
        ContextPreviewParams, ContextPreview, "What a model would see for a range, and why."
    ),
}
