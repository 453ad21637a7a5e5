"""Replacing a part of the document by what a model makes of it: the road of every action that edits in place.

An action says which part (`span`), which template, and what to ask; the reply, in whatever shape it comes, is read
by the engine against exactly that part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from halley.core.errors import InvalidInput
from halley.core.snapshot import Document, Selection, Snapshot
from halley.engine.code.regions import Span, enclosing_definition, line_span
from halley.engine.prompting.context import display_path
from halley.engine.prompting.prompts import build_prompt
from halley.features.actions.action import Edited, Job

if TYPE_CHECKING:
    from halley.engine.replies.target import Target
    from halley.features.ask import ModelReply


async def rewrite(
    job: Job,
    span: Span,
    *,
    template: str,
    feature: str,
    label: str,
    values: Mapping[str, str] | None = None,
    layout: Literal["keep", "free"] = "keep",
) -> Edited:
    """Ask for a new text of `span` and read it from the reply."""
    snapshot = job.snapshot
    build = partial(
        build_prompt,
        job.around.template_of(template),
        snapshot,
        marked=snapshot.document.text[span[0] : span[1]],
        diagnostics=job.diagnostics,
        values={"instruction": job.instruction} | dict(values or {}),
    )
    reply = await job.ask_about(build, feature=feature, role="edit", keep_partial=True)
    return await read_aside(snapshot, span, reply, label, layout=layout)


async def read_aside(
    snapshot: Snapshot, span: Span, reply: ModelReply, label: str, *, layout: Literal["keep", "free"] = "keep"
) -> Edited:
    """As `read_edit`, in a thread: a reply of 50,000 lines takes a moment, and nothing else has to wait for it."""
    return await asyncio.to_thread(read_edit, snapshot, span, reply, label, layout=layout)


def read_edit(
    snapshot: Snapshot, span: Span, reply: ModelReply, label: str, *, layout: Literal["keep", "free"] = "keep"
) -> Edited:
    """The change a reply stands for. A reply that broke off changes nothing; its text is saved."""
    from halley.engine.replies.read import read_reply

    read = read_reply(reply.text, target_of(snapshot, span, was_cut=reply.was_cut, layout=layout))
    problems = (reply.problem, *read.problems) if reply.problem else read.problems
    return Edited(replace(read.change, label=label), problems, read.kept, read.confirm)


def target_of(
    snapshot: Snapshot, span: Span, *, was_cut: bool = False, layout: Literal["keep", "free"] = "keep"
) -> Target:
    """The part a reply is for, and the open files it may name beside it."""
    from halley.engine.replies.target import Target

    document, workspace = snapshot.document, snapshot.workspace
    return Target(
        uri=document.uri,
        version=document.version,
        text=document.text,
        selection=Selection(*span),
        language_id=document.language_id,
        path=display_path(snapshot),
        truncated=was_cut,
        layout=layout,
        files=_open_files(snapshot),
        root_uri=workspace.root.as_uri() if workspace else "",
    )


def _open_files(snapshot: Snapshot) -> dict[str, Document]:
    workspace = snapshot.workspace
    if workspace is None:
        return {}
    return {
        document.path.relative_to(workspace.root).as_posix(): document
        for document in snapshot.open_documents.values()
        if document.cell is None
        and document.path is not None
        and document.path.is_relative_to(workspace.root)
    }


def chosen_span(job: Job) -> Span:
    """The part an action is about: the selection in whole lines, else the definition around the cursor.

    At the top level of a file it is the whole file. Raises InvalidInput for an empty document.
    """
    snapshot = job.snapshot
    text, selection = snapshot.document.text, snapshot.selection
    if not text.strip():
        raise InvalidInput("The document is empty.", "Write or open some code first.")
    if not selection.is_empty:
        return line_span(text, selection.start, selection.end)
    found = enclosing_definition(text, selection.start, selection.end, snapshot.document.language_id)
    return found or (0, len(text))
