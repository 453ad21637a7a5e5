"""Edit: the selection or the definition at the cursor, changed as the user says."""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.errors import InvalidInput
from halley.core.snapshot import Snapshot
from halley.features.actions.action import Action, Edited, Job, Offer, short
from halley.features.actions.rewrite import chosen_span, rewrite


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        yield Offer(
            "edit", "refactor.rewrite.halley.edit", "Edit with an instruction…", needs_instruction=True
        )


async def run(job: Job) -> Edited:
    """Raises InvalidInput without an instruction."""
    if not job.instruction:
        raise InvalidInput("The instruction is empty.", "Describe the change.")
    return await rewrite(job, chosen_span(job), template="edit", feature="edit", label=short(job.instruction))


ACTION = Action("edit", offers, run)
