"""Explain: a selection, a diagnostic, or the whole file, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from halley.core.snapshot import Snapshot
from halley.engine.code.symbols import definition_at
from halley.engine.prompting.context import display_path
from halley.engine.prompting.prompts import build_prompt
from halley.features.actions.action import Action, Answer, Job, Offer, short


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    for index, found in enumerate(snapshot.diagnostics):
        yield Offer("explain", "halley.explain.diagnostic", f"Explain: {short(found.message)}", (index,))
    text = snapshot.document.text
    if not text.strip():
        return
    if not snapshot.selection.is_empty:
        yield Offer("explain", "halley.explain", "Explain the selection")
        return
    found = definition_at(text, snapshot.selection.start, snapshot.document.language_id)
    if found:
        yield Offer("explain", "halley.explain", f"Explain `{found.name}`", span=(found.start, found.end))
    yield Offer("explain", "halley.explain", "Explain this file")


async def run(job: Job) -> Answer:
    snapshot = job.snapshot
    build = partial(
        build_prompt,
        job.around.template_of("explain"),
        snapshot,
        marked=snapshot.selected_text,
        diagnostics=job.diagnostics,
        values={"instruction": job.instruction},
        expect_code=False,
    )
    reply = await job.ask_about(build, feature="explain", role="chat", keep_partial=True)
    return Answer(_title(job), reply.text, reply.problem)


def _title(job: Job) -> str:
    if job.diagnostics:
        return f"Explanation: {short(job.diagnostics[0].message)}"
    return f"Explanation of {display_path(job.snapshot)}"


ACTION = Action("explain", offers, run)
