"""Replacing a part of the document by what a model makes of it: the road of every action that edits in place.

An action says which part (`span`), which template, and what to ask; the reply, in whatever shape it comes, is read
by the engine against exactly that part.
"""

from __future__ import annotations

from collections.abc import Mapping

from halley.core.errors import BadRequest, Problem
from halley.core.snapshot import Selection, Snapshot
from halley.core.text import WorkspaceChange
from halley.engine.context import display_path
from halley.engine.prompts import build_prompt
from halley.engine.regions import Span, enclosing_definition, line_span
from halley.engine.replies import Target, read_reply
from halley.features.actions.action import Edited, Job


async def rewrite(
    job: Job, span: Span, *, template: str, feature: str, label: str, values: Mapping[str, str] | None = None
) -> Edited:
    """Ask for a new text of `span` and read it from the reply."""
    snapshot = job.snapshot
    prompt = build_prompt(
        job.template_of(template),
        snapshot,
        await job.context(),
        marked=snapshot.document.text[span[0] : span[1]],
        diagnostics=job.diagnostics,
        values={"instruction": job.instruction} | dict(values or {}),
    )
    reply = await job.ask(prompt, feature=feature, role="edit", keep_partial=True)
    return read_edit(snapshot, span, reply.text, label, cut=reply.problem, was_cut=reply.was_cut)


def read_edit(
    snapshot: Snapshot,
    span: Span,
    reply: str,
    label: str,
    *,
    cut: Problem | None = None,
    was_cut: bool = False,
) -> Edited:
    """The change a reply stands for. A reply that broke off changes nothing; its text is kept."""
    read = read_reply(reply, target_of(snapshot, span, was_cut=was_cut))
    problems = (cut, *read.problems) if cut else read.problems
    change = read.change if not was_cut else WorkspaceChange(())
    return Edited(WorkspaceChange(change.changes, label), problems, read.kept or (reply if was_cut else ""))


def target_of(snapshot: Snapshot, span: Span, *, was_cut: bool = False) -> Target:
    document = snapshot.document
    return Target(
        uri=document.uri,
        version=document.version,
        text=document.text,
        selection=Selection(*span),
        language_id=document.language_id,
        path=display_path(snapshot),
        truncated=was_cut,
    )


def chosen_span(job: Job) -> Span:
    """The part an action is about: the selection in whole lines, else the definition around the cursor.

    At the top level of a file it is the whole file. Raises BadRequest for an empty document.
    """
    snapshot = job.snapshot
    text, selection = snapshot.document.text, snapshot.selection
    if not text.strip():
        raise BadRequest("The document is empty.", "Write or open some code first.")
    if not selection.is_empty:
        return line_span(text, selection.start, selection.end)
    found = enclosing_definition(text, selection.start, selection.end, snapshot.document.language_id)
    return found or (0, len(text))
