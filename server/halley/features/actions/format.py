"""Format: layout by a model, and proof that nothing else changed.

The result is applied only when it means the same (`engine/meaning`); otherwise it comes back as something to
confirm, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from halley.core.snapshot import Snapshot
from halley.core.text import DocumentEdit, apply_edits
from halley.engine.code.regions import Span, line_span
from halley.features.actions.action import Action, Edited, Job, Offer
from halley.features.actions.rewrite import rewrite


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        what = "this file" if snapshot.selection.is_empty else "the selection"
        yield Offer("format", "refactor.rewrite.halley.format", f"Format {what}")


async def run(job: Job) -> Edited:
    edited = await rewrite(
        job, _span(job.snapshot), template="format", feature="format", label="Format", layout="free"
    )
    return await asyncio.to_thread(check_meaning, job.snapshot, edited)


def check_meaning(snapshot: Snapshot, edited: Edited) -> Edited:
    """`edited` as it is when it means the same, else with the reason to confirm."""
    from halley.engine.meaning.difference import difference

    before = snapshot.document.text
    for change in edited.change.changes:
        if not isinstance(change, DocumentEdit) or change.uri != snapshot.document.uri:
            return Edited(edited.change, edited.problems, edited.kept, "The reply touches other files.")
        after = apply_edits(before, change.edits)
        if reason := difference(before, after, snapshot.document.language_id):
            return Edited(edited.change, edited.problems, edited.kept, reason)
    return edited


def _span(snapshot: Snapshot) -> Span:
    text, selection = snapshot.document.text, snapshot.selection
    return (0, len(text)) if selection.is_empty else line_span(text, selection.start, selection.end)


ACTION = Action("format", offers, run)
