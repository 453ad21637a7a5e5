"""Translate: the selection or the whole file in another language, shown to read and take."""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.errors import InvalidInput
from halley.core.snapshot import Snapshot
from halley.engine.prompting.context import Context, display_name
from halley.engine.prompting.prompts import build_prompt
from halley.features.actions.action import Action, Job, Offer, TextAnswer
from halley.features.actions.rewrite import chosen_span


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    if snapshot.document.text.strip():
        yield Offer(
            "translate",
            "refactor.rewrite.halley.translate",
            "Translate to another language…",
            needs_instruction=True,
        )


async def run(job: Job) -> TextAnswer:
    """`job.instruction` names the language. Raises InvalidInput when it is missing."""
    target = job.instruction.strip()
    if not target:
        raise InvalidInput("No target language was given.", "Enter it as the instruction, for example `Go`.")
    from halley.features.context.shown import check_document

    check_document(job.snapshot)
    start, end = chosen_span(job)
    prompt = build_prompt(
        job.around.template_of("translate"),
        job.snapshot,
        Context(()),
        marked=job.snapshot.document.text[start:end],
        values={"target_language": target},
    )
    reply = await job.ask(prompt, feature="translate", role="edit", keep_partial=True)
    return TextAnswer(f"{display_name(job.snapshot)} in {target}", reply.text, reply.problem)


ACTION = Action("translate", offers, run)
