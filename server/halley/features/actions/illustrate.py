"""Illustrate: a picture of what a passage of a Markdown document says. It is saved only after confirmation."""

from __future__ import annotations

from collections.abc import Iterable

from halley.core.errors import InvalidInput
from halley.core.snapshot import Snapshot
from halley.features.actions.action import Action, Job, Made, Offer

LANGUAGES = frozenset(("markdown", "mdx", "quarto", "rmd"))
LONGEST = 3_000
"""Characters of a passage; painters take no more."""


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    start, end = passage(snapshot)
    if snapshot.document.language_id in LANGUAGES and snapshot.document.text[start:end].strip():
        what = "this paragraph" if snapshot.selection.is_empty else "the selection"
        yield Offer(
            "illustrate", "refactor.rewrite.halley.illustrate", f"Illustrate {what}…", span=(start, end)
        )


async def run(job: Job) -> Made:
    from halley.engine.prompting.templates import render_messages
    from halley.features.context.shown import check_document
    from halley.features.media.orders import Order

    check_document(job.snapshot)
    start, end = passage(job.snapshot)
    text = job.snapshot.document.text[start:end].strip()
    if not text:
        raise InvalidInput(
            "There is nothing to illustrate.", "Put the cursor into a paragraph, or select one."
        )
    if job.make is None:
        raise InvalidInput("Pictures cannot be saved here.", "Use `halley image`.")
    values = {"passage": text[:LONGEST], "instruction": job.instruction}
    prompt = render_messages(job.around.template_of("illustrate"), values)[-1].text
    title = " ".join(job.instruction.split() or text.lstrip("#>*- ").split())
    return Made(await job.make(Order("image", prompt, model=job.model, title=title[:200])))


def passage(snapshot: Snapshot) -> tuple[int, int]:
    """The selection, else the paragraph around the cursor."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return selection.start, selection.end
    start = text.rfind("\n\n", 0, selection.start)
    end = text.find("\n\n", selection.start)
    return (0 if start < 0 else start + 2), (len(text) if end < 0 else end)


ACTION = Action("illustrate", offers, run)
