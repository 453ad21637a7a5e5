"""Explain: a selection, the definition at the cursor, a diagnostic, or the whole file, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from halley.core.snapshot import Selection, Snapshot
from halley.engine.code.symbols import definition_at
from halley.engine.prompting.context import display_name
from halley.engine.prompting.prompts import build_prompt
from halley.features.actions.action import Action, Job, Offer, TextAnswer, short, whole


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
        yield Offer("explain", "halley.explain", f"Explain {found.name}", span=(found.start, found.end))
    yield Offer("explain", "halley.explain", f"Explain {whole(snapshot)}", span=(0, len(text)))


async def run(job: Job) -> TextAnswer:
    job = replace(job, snapshot=_about(job.snapshot))
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
    return TextAnswer(_title(job), reply.text, reply.problem)


def _about(snapshot: Snapshot) -> Snapshot:
    """What to explain, as the selection: the definition at a cursor. None for the file, which is all of it selected."""
    text, selection = snapshot.document.text, snapshot.selection
    if (selection.start, selection.end) == (0, len(text)):
        return replace(snapshot, selection=Selection(0, 0))
    if not selection.is_empty:
        return snapshot
    found = definition_at(text, selection.start, snapshot.document.language_id)
    return replace(snapshot, selection=Selection(found.start, found.end)) if found else snapshot


def _title(job: Job) -> str:
    if job.diagnostics:
        return f"Explanation: {short(job.diagnostics[0].message)}"
    return f"Explanation of {display_name(job.snapshot)}"


ACTION = Action("explain", offers, run)
