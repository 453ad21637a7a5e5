"""Proposals that a client kept while its window was reloaded or the daemon restarted, taken up again.

Each change is checked against the text as it is now: it stays where it was, moves to the only place that still holds
the text it replaces, or is left out. Nothing is applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halley.core.snapshot import Document
from halley.core.text import CreateFile, DeleteFile, Edit, RenameFile
from halley.features.proposals import Hunk, Proposal
from halley.lsp.from_lsp import from_lsp_range
from halley.lsp.window.proposing import announce

if TYPE_CHECKING:
    from halley.lsp.protocol.editing import Proposal as KeptProposal
    from halley.lsp.protocol.editing import ProposalHunk
    from halley.lsp.window.session import Session


def restore_proposals(session: Session, kept: Iterable[KeptProposal]) -> None:
    """Adds those that are not pending and of which any change still fits."""
    for one in kept:
        if one.id in session.proposals.pending or not re.fullmatch(r"[0-9a-f]{8}", one.id):
            continue
        reading = _Reading(session)
        hunks = tuple(hunk for part in one.hunks if (hunk := reading.hunk(part)))
        if hunks:
            session.proposals.restore(Proposal(one.id, one.title, hunks, reading.base, one.reason))
    announce(session)


@dataclass(slots=True)
class _Reading:
    """The hunks of one proposal, and the documents they are for."""

    session: Session
    base: dict[str, Document] = field(default_factory=dict)

    def hunk(self, part: ProposalHunk) -> Hunk | None:
        match part.kind:
            case "create":
                return Hunk(part.uri, file=CreateFile(part.uri, part.new_text or ""))
            case "delete":
                return Hunk(part.uri, file=DeleteFile(part.uri))
            case "rename":
                return Hunk(part.uri, file=RenameFile(part.old_uri or "", part.uri))
            case _:
                return self._edit(part)

    def _edit(self, part: ProposalHunk) -> Hunk | None:
        document = self.base.get(part.uri) or self.session.document(part.uri)
        at = _place(document.text, part, self.session.server.encoding) if document else None
        if document is None or at is None:
            return None
        self.base[part.uri] = document
        return Hunk(part.uri, Edit(at, at + len(part.old_text or ""), part.new_text or ""))


def _place(text: str, part: ProposalHunk, encoding: str) -> int | None:
    """Where the text begins that a hunk replaces; None where it is gone or occurs several times."""
    old = part.old_text or ""
    if part.range is None:
        return None
    start, end = from_lsp_range(text, part.range.model_dump(), encoding)
    if text[start:end] == old:
        return start
    return text.index(old) if old and text.count(old) == 1 else None
