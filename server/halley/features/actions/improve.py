"""Improve: the same behaviour, clearer code."""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.snapshot import Snapshot
from halley.features.actions.action import Action, Edited, Job, Offer, subject
from halley.features.actions.rewrite import chosen_span, rewrite


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        yield Offer("improve", "refactor.rewrite.halley.improve", f"Improve {subject(snapshot)}")


async def run(job: Job) -> Edited:
    return await rewrite(job, chosen_span(job), template="improve", feature="improve", label="Improve")


ACTION = Action("improve", offers, run)
