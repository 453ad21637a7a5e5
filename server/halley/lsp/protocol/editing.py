"""Edits of documents: instructed, as proposals, out of a reply; and the context they are made from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.common import Empty, Range, TextDocument
from halley.lsp.protocol.macros import Outcome
from halley.lsp.protocol.shape import Request, Shape, Token


class ProposalParams(Shape):
    """`confirm`: the editor asks about each edit before it is made, where it can."""

    id: str
    hunks: list[int] | None = None
    confirm: bool = False


class ProposalFile(Shape):
    uri: str
    proposed: str


class ProposalHunk(Shape):
    """A hunk. `range` and `old_text` are of the text it was made for; absent where a file is made, renamed or removed.
    Of one that is renamed `uri` is the new name."""

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
    """What a person should know of the excerpts: characters in them that nobody sees."""


class EditParams(Shape):
    """An instructed edit of a range; the reply streams as events while it is written.

    `preview` asks for a proposal whatever the settings say.
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

    `background` has it answered at once; what comes of it is shown by the means LSP has.
    """

    action: str
    text_document: TextDocument
    range: Range
    diagnostics: list[dict[str, Any]] | None = None
    instruction: str = ""
    model: str | None = None
    background: bool = False


REQUESTS: dict[str, Request] = {
    "halley/edit": Request(EditParams, Outcome, "Edits a range as the instruction says.", streams=True),
    "halley/proposals/list": Request(Empty, ProposalsList, "Changes that wait for a yes."),
    "halley/proposals/accept": Request(ProposalParams, Applied, "Applies a proposal, or some hunks of it."),
    "halley/proposals/discard": Request(ProposalParams, Empty, "Drops a proposal, or some hunks of it."),
    "halley/context/preview": Request(
        ContextPreviewParams, ContextPreview, "What a model would get to see for a range, and why."
    ),
}
