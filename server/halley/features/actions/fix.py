"""Fix: one diagnostic, all diagnostics of a range, or whatever is wrong with the selection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halley.core.snapshot import Diagnostic, Snapshot
from halley.engine.code.regions import Span, enclosing_definition, line_span
from halley.features.actions.action import Action, Edited, Job, Offer, short
from halley.features.actions.rewrite import chosen_span, rewrite

_NEAR = 40
"""Lines of a diagnostic's surroundings, where no definition holds it."""


def offers(snapshot: Snapshot) -> Iterable[Offer]:
    found = snapshot.diagnostics
    for index, diagnostic in enumerate(found):
        yield Offer("fix", "quickfix.halley.fix", f"Fix: {short(diagnostic.message)}", (index,))
    if len(found) > 1:
        yield Offer(
            "fix", "quickfix.halley.fix", f"Fix all {len(found)} problems here", tuple(range(len(found)))
        )
    if not found and not snapshot.selection.is_empty:
        yield Offer("fix", "quickfix.halley.fix", "Fix the selection")


async def run(job: Job) -> Edited:
    span = _span(job)
    inside = _diagnostics(job, span)
    label = f"Fix: {short(inside[0].message)}" if len(inside) == 1 else "Fix"
    return await rewrite(replace(job, diagnostics=inside), span, template="fix", feature="fix", label=label)


def _diagnostics(job: Job, span: Span) -> tuple[Diagnostic, ...]:
    """The ones asked about, else all those of the part."""
    if job.diagnostics:
        return job.diagnostics
    return tuple(d for d in job.snapshot.diagnostics if d.start < span[1] and d.end >= span[0])


def _span(job: Job) -> Span:
    """The definitions the diagnostics lie in; imports and other top-level code as lines around them."""
    if not job.diagnostics:
        return chosen_span(job)
    document = job.snapshot.document
    spans = [
        enclosing_definition(document.text, d.start, d.end, document.language_id)
        or _lines_around(document.text, d.start, d.end)
        for d in job.diagnostics
    ]
    return min(start for start, _ in spans), max(end for _, end in spans)


def _lines_around(text: str, start: int, end: int) -> Span:
    for _ in range(_NEAR):
        start, end = line_span(text, max(0, start - 1), min(len(text), end + 1))
    return start, end


ACTION = Action("fix", offers, run)
