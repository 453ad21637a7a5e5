"""Generate: new code at the cursor, from an instruction, a comment or a signature."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from halley.core.errors import InvalidInput
from halley.core.snapshot import Snapshot
from halley.engine.code.regions import line_span
from halley.engine.prompting.prompts import CURSOR_MARK, build_prompt
from halley.features.actions.action import Action, Edited, Job, Offer
from halley.features.actions.rewrite import read_aside

_AROUND = 1500
"""Characters shown on either side of the cursor, to point at the place."""

_ASKS = re.compile(
    r"^\s*(?:#|//|--|/\*|\*|<!--|%|;|\"\"\"|''').*\S|^.*(?:\bdef\b|\bfn\b|\bfunc|[({:]\s*$).*$"
)


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    asks = _asked_by_text(snapshot)
    title = "Generate from this comment or signature" if asks else "Generate code here…"
    yield Offer("generate", "refactor.rewrite.halley.generate", title, needs_instruction=not asks)


async def run(job: Job) -> Edited:
    snapshot = job.snapshot
    if not job.instruction and not _asked_by_text(snapshot):
        raise InvalidInput(
            "There is nothing to generate from.",
            "Give an instruction, or put the cursor below a comment or a signature.",
        )
    at = _place(snapshot)
    text = snapshot.document.text
    build = partial(
        build_prompt,
        job.around.template_of("generate"),
        snapshot,
        values={
            "instruction": job.instruction,
            "surroundings": f"{text[max(0, at - _AROUND) : at]}{CURSOR_MARK}{text[at : at + _AROUND]}",
        },
    )
    reply = await job.ask_about(build, feature="generate", role="edit", keep_partial=True)
    return await read_aside(snapshot, (at, at), reply, "Generate")


def _place(snapshot: Snapshot) -> int:
    """Where new code goes: the cursor, or just below the selection or the line that asks."""
    text, selection = snapshot.document.text, snapshot.selection
    end = line_span(text, selection.start, selection.end)[1]
    if not selection.is_empty:
        return end
    line = text[line_span(text, selection.start, selection.start)[0] : end]
    return selection.start if not line.strip() else end


def _asked_by_text(snapshot: Snapshot) -> bool:
    """True where the selection, or the line at or above the cursor, is a comment or opens a definition."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return True
    start, end = line_span(text, selection.start, selection.start)
    line = text[start:end]
    if not line.strip() and start:
        above = text[:start].rstrip()
        line = above[above.rfind("\n") + 1 :]
    return bool(_ASKS.match(line.rstrip("\r\n")))


ACTION = Action("generate", offers, run)
