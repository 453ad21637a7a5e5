"""Document: the language's own convention of documentation, on the code that is there."""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.snapshot import Snapshot
from halley.features.actions.action import Action, Edited, Job, Offer, subject
from halley.features.actions.rewrite import chosen_span, rewrite


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        yield Offer("document", "refactor.rewrite.halley.document", f"Document {subject(snapshot)}")


async def run(job: Job) -> Edited:
    return await rewrite(job, chosen_span(job), template="document", feature="document", label="Document")


ACTION = Action("document", offers, run)
