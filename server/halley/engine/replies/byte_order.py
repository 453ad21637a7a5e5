"""Byte-order marks: a reply never has one, so a text is compared without it and keeps it.

`without_marks` gives the target as a model sees it; `behind_marks` moves the edits made for that to the real text.
"""

from __future__ import annotations

from dataclasses import replace

from halley.core.snapshot import Selection
from halley.core.text import Change, DocumentEdit, Edit, WorkspaceChange
from halley.engine.replies.target import Target

_MARK = "\ufeff"


def without_marks(target: Target) -> tuple[Target, frozenset[str]]:
    """The target with its marks taken away, and the URIs of the texts that had one."""
    files = {path: document for path, document in target.files.items() if _has(document.text)}
    marked = frozenset(document.uri for document in files.values())
    if files:
        bare = {path: replace(document, text=document.text[1:]) for path, document in files.items()}
        target = replace(target, files={**target.files, **bare})
    if _has(target.text):
        at = Selection(max(target.selection.start - 1, 0), max(target.selection.end - 1, 0))
        target, marked = replace(target, text=target.text[1:], selection=at), marked | {target.uri}
    return target, marked


def behind_marks(change: WorkspaceChange, marked: frozenset[str]) -> WorkspaceChange:
    """The change for the texts as they are."""
    return (
        replace(change, changes=tuple(_after_mark(part, marked) for part in change.changes))
        if marked
        else change
    )


def _after_mark(part: Change, marked: frozenset[str]) -> Change:
    if not isinstance(part, DocumentEdit) or part.uri not in marked:
        return part
    return replace(
        part, edits=tuple(Edit(edit.start + 1, edit.end + 1, edit.new_text) for edit in part.edits)
    )


def _has(text: str) -> bool:
    return text.startswith(_MARK)
