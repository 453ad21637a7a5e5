"""Proposals: changes that wait for the user's approval, hunk by hunk.

A proposal keeps the text it was made for, so that it can be shown as a whole file (`text_of`), accepted in part, and
moved to where the text has gone meanwhile. Accepting returns the change to apply; what was not chosen stays as a
proposal of its own. Nothing is ever put into the buffer as markers.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from halley.core.editing import Applied, Refused
from halley.core.errors import InvalidInput
from halley.core.snapshot import Document
from halley.core.text import (
    Change,
    CreateFile,
    DeleteFile,
    DocumentEdit,
    Edit,
    RenameFile,
    WorkspaceChange,
    apply_edits,
)

if TYPE_CHECKING:
    from halley.core.ports import Editor


@dataclass(frozen=True, slots=True)
class Hunk:
    """One thing to accept or discard: an edit of a document, or a file made, moved or removed."""

    uri: str
    edit: Edit | None = None
    file: Change | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """`base` holds the documents its edits are made for, by URI. `reason` says why it was not simply applied."""

    id: str
    title: str
    hunks: tuple[Hunk, ...]
    base: Mapping[str, Document]
    reason: str = ""

    @property
    def uris(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(hunk.uri for hunk in self.hunks))

    def text_of(self, uri: str) -> str:
        """The document as it would be with every hunk accepted: empty where it is removed, and of one that is renamed
        by either name. Raises KeyError for one it does not touch."""
        was = uri
        for hunk in self.hunks:
            match hunk.file:
                case CreateFile(made, text) if made == uri:
                    return text
                case DeleteFile(gone) if gone == uri:
                    return ""
                case RenameFile(old_uri, new_uri) if new_uri == uri:
                    was = old_uri
        return apply_edits(self.base[was].text, (h.edit for h in self.hunks if h.uri == was and h.edit))


@dataclass(slots=True)
class Proposals:
    """The pending proposals of one window, newest last."""

    pending: dict[str, Proposal] = field(default_factory=dict)

    def add(self, change: WorkspaceChange, base: Mapping[str, Document], reason: str = "") -> Proposal:
        proposal = Proposal(
            secrets.token_hex(4), change.label or "Change", tuple(_hunks(change)), dict(base), reason
        )
        self.pending[proposal.id] = proposal
        return proposal

    def find(self, id: str) -> Proposal:
        """Raises InvalidInput when it is not pending any more."""
        if id not in self.pending:
            raise InvalidInput(f"Proposal {id} is not pending.", "It has already been accepted or discarded.")
        return self.pending[id]

    def accept(self, id: str, hunks: Sequence[int] | None = None) -> WorkspaceChange:
        """The change to apply for the chosen hunks (all without `hunks`); the rest stays pending.

        Raises InvalidInput for an unknown proposal or hunk.
        """
        proposal = self.find(id)
        chosen = set(range(len(proposal.hunks))) if hunks is None else set(hunks)
        if wrong := sorted(chosen - set(range(len(proposal.hunks)))):
            raise InvalidInput(f"Proposal {id} has no hunk {wrong[0]}.", f"It has {len(proposal.hunks)}.")
        change = _change(proposal, chosen)
        if left := _without(proposal, chosen):
            self.pending[id] = left
        else:
            del self.pending[id]
        return change

    def discard(self, id: str, hunks: Sequence[int] | None = None) -> None:
        proposal = self.find(id)
        gone = set(range(len(proposal.hunks))) if hunks is None else set(hunks)
        left = tuple(hunk for index, hunk in enumerate(proposal.hunks) if index not in gone)
        if left:
            self.pending[id] = replace(proposal, hunks=left)
        else:
            del self.pending[id]

    def restore(self, proposal: Proposal) -> None:
        """Put back what could not be applied."""
        self.pending[proposal.id] = proposal


async def accept_proposal(
    proposals: Proposals,
    editor: Editor,
    id: str,
    hunks: Sequence[int] | None = None,
    *,
    confirm: bool = False,
) -> Applied | Refused:
    """Apply the chosen hunks (all without `hunks`). A proposal that the editor did not apply stays pending.

    `confirm` has the editor ask about each edit, where it can. Raises InvalidInput for an unknown proposal or hunk.
    """
    proposal = proposals.find(id)
    change = proposals.accept(id, hunks)
    is_applied = False
    try:
        answer = await editor.apply(change, proposal.base, confirm=confirm)
        is_applied = isinstance(answer, Applied) and answer.edits > 0
    finally:
        if not is_applied:  # also where the request was cancelled while the editor thought about it
            proposals.restore(proposal)
    return answer


def _hunks(change: WorkspaceChange) -> list[Hunk]:
    hunks: list[Hunk] = []
    for part in change.changes:
        if isinstance(part, DocumentEdit):
            hunks += (Hunk(part.uri, edit=edit) for edit in part.edits)
        else:
            hunks.append(Hunk(getattr(part, "uri", "") or part.new_uri, file=part))  # type: ignore[union-attr]
    return hunks


def _change(proposal: Proposal, chosen: set[int]) -> WorkspaceChange:
    parts: list[Change] = []
    edits: dict[str, list[Edit]] = {}
    for index in sorted(chosen):
        hunk = proposal.hunks[index]
        if hunk.file is not None:
            parts.append(hunk.file)
        elif hunk.edit is not None:
            edits.setdefault(hunk.uri, []).append(hunk.edit)
    edited = (DocumentEdit(uri, proposal.base[uri].version, tuple(of)) for uri, of in edits.items())
    made = [part for part in parts if isinstance(part, CreateFile)]
    others = [part for part in parts if not isinstance(part, CreateFile)]
    # edited under the name it has, then moved
    return WorkspaceChange((*made, *edited, *others), proposal.title)


def _without(proposal: Proposal, chosen: set[int]) -> Proposal | None:
    """What stays pending: its edits moved to where they are once the chosen ones have been applied."""
    left = [(index, hunk) for index, hunk in enumerate(proposal.hunks) if index not in chosen]
    if not left:
        return None
    done: dict[str, list[Edit]] = {}
    for index in chosen:
        if (edit := proposal.hunks[index].edit) is not None:
            done.setdefault(proposal.hunks[index].uri, []).append(edit)
    base = {
        uri: replace(document, text=apply_edits(document.text, done[uri]), version=None)
        if uri in done
        else document
        for uri, document in proposal.base.items()
    }
    moved = (
        replace(hunk, edit=_shifted(hunk.edit, done.get(hunk.uri, []))) if hunk.edit else hunk
        for _, hunk in left
    )
    names = {
        file.old_uri: file.new_uri
        for index in chosen
        if isinstance(file := proposal.hunks[index].file, RenameFile)
    }
    return _renamed(replace(proposal, hunks=tuple(moved), base=base), names)


def _renamed(proposal: Proposal, names: Mapping[str, str]) -> Proposal:
    """The edits of files that have got another name, under that."""
    hunks = (replace(h, uri=names.get(h.uri, h.uri)) if h.edit else h for h in proposal.hunks)
    base = {
        names.get(uri, uri): replace(document, uri=names[uri], version=None) if uri in names else document
        for uri, document in proposal.base.items()
    }
    return replace(proposal, hunks=tuple(hunks), base=base)


def _shifted(edit: Edit, done: list[Edit]) -> Edit:
    by = sum(len(other.new_text) - (other.end - other.start) for other in done if other.end <= edit.start)
    return Edit(edit.start + by, edit.end + by, edit.new_text)
