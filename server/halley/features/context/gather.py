"""The context for a prompt, put together from the snapshot's file, the open documents, the project and the index.

What may enter it was decided before (`shown.py`); how it is cut to its budget is the engine's (`engine/prompting/`).
"""

from __future__ import annotations

import logging
from itertools import takewhile
from typing import TYPE_CHECKING

from halley.core.snapshot import Document, Snapshot
from halley.engine.code.languages import are_akin, language_id_of
from halley.engine.code.regions import enclosing_definition, import_block
from halley.engine.code.symbols import definitions, names_used
from halley.engine.prompting.context import (
    Context,
    Related,
    build_context,
    display_path,
    fit_related,
    path_in,
)
from halley.engine.prompting.related import (
    Source,
    recent_places,
    related_definitions,
    related_places,
    without_overlaps,
)
from halley.features.context.shown import Permitted

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

logger = logging.getLogger(__name__)

MOST_OPEN = 8
"""Open documents that inline completion looks at."""
FAR_BELOW, IMPORTS_WITHIN = 8000, 4000
"""Characters: from where on inline completion is shown the imports apart, and where they are looked for."""
IMPORTS_RANK = 4.0
"""Above whatever other files have to say."""


async def gather_context(
    permitted: Permitted, budget: int | None = None, index: WorkspaceIndex | None = None
) -> Context:
    """The context for a snapshot: its own file, and what the rest of the workspace and the open files add.

    `budget` is in tokens. With an `index`, also what it finds for the part in question.
    """
    project, snapshot = permitted.project, permitted.snapshot
    part = _part(snapshot)
    own_path = display_path(snapshot)
    related: list[Related] = []
    opened = _open_sources(permitted)
    if project is not None:
        await project.refresh(snapshot.settings.context.exclude)
        own_names = frozenset(
            d.name
            for document in (snapshot.document, *snapshot.cells)
            for d in definitions(document.text, document.language_id)
        )
        wanted = tuple(name for name in names_used(part)[:96] if name not in own_names)
        defined = project.defined(wanted, {source.path: source.text for source in opened})
        related += related_definitions(part, own_path, defined, own_names)
    related += related_places(part, own_path, opened, snapshot.document.language_id)
    related += recent_places(part, own_path, _touched(snapshot, opened), snapshot.document.language_id)
    if index is not None:
        from halley.features.search.related import find_related

        related += await find_related(index, snapshot, part, budget or snapshot.settings.context.max_tokens)
    context = build_context(snapshot, without_overlaps(related), budget)
    _log(context)
    return context


def _log(context: Context) -> None:
    """What goes into a prompt and why, without a word of its content."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    logger.debug("context: %d of %d tokens", context.tokens, context.budget)
    for found in context.excerpts:
        lines = f"{found.first_line}-{found.last_line}"
        logger.debug("context: %s:%s, %s, %d tokens", found.path, lines, found.reason, found.tokens)
    for left in context.dropped:
        logger.debug("context: no room for %s, %s, %d tokens", left.path, left.reason, left.tokens)


def _touched(snapshot: Snapshot, opened: list[Source]) -> list[tuple[Source, int, int]]:
    """The places typed in lately, in documents that may be shown."""
    shown = {source.path: source for source in opened}
    return [
        (source, place.first_line, place.last_line)
        for place in snapshot.touched[:16]
        if (document := snapshot.open_documents.get(place.uri))
        and (source := shown.get(_path_of(document, snapshot)))
    ]


def _part(snapshot: Snapshot) -> str:
    """The code the question is about: the selection, else the definition around the cursor, else what is near."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return snapshot.selected_text
    span = enclosing_definition(text, selection.start, selection.end, snapshot.document.language_id)
    start, end = span or (max(0, selection.start - 2000), selection.end + 1000)
    return text[start:end]


def _open_sources(permitted: Permitted, most: int = 20) -> list[Source]:
    """Of the open documents that may be shown, those touched last."""
    return [
        Source(_path_of(document, permitted.snapshot), document.text, document.language_id, recency)
        for recency, document in permitted.others(most)
    ]


async def completion_context(permitted: Permitted, budget: int) -> Context:
    """A little of other files for inline completion: definitions of names near the cursor, then what looks alike.

    Only of files in the same language: a completing model continues in whatever it sees.
    """
    project, snapshot = permitted.project, permitted.snapshot
    text, at = snapshot.document.text, snapshot.selection.start
    # What a completion needs is decided by the last few lines; names from far above would only take the room.
    near = text[max(0, at - 1200) : at + 300]
    own_path = display_path(snapshot)
    language_id = snapshot.document.language_id
    opened = [
        source for source in _open_sources(permitted, MOST_OPEN) if are_akin(source.language_id, language_id)
    ]
    related: list[Related] = []
    if project is not None:
        await project.refresh(snapshot.settings.context.exclude)
        names = names_used(near)[:24]
        index = project.defined(names, {source.path: source.text for source in opened})
        related += related_definitions(near, own_path, index)
    related += related_places(near, own_path, opened, snapshot.document.language_id)
    related += recent_places(near, own_path, _touched(snapshot, opened), snapshot.document.language_id)
    related = [one for one in related if are_akin(one.language_id or language_id_of(one.path), language_id)]
    return fit_related([*_own_imports(snapshot, own_path), *without_overlaps(related)], budget)


def _own_imports(snapshot: Snapshot, own_path: str) -> list[Related]:
    """The document's imports (and those of a notebook's cells above) where they are so far above that they are out of
    sight."""
    language_id = snapshot.document.language_id
    found: list[Related] = []
    for text in _far_above(snapshot):
        span = import_block(text[:IMPORTS_WITHIN], language_id)
        if span is not None:
            found.append(Related(own_path, 1, text[slice(*span)], "imports", IMPORTS_RANK, language_id))
    return found


def _far_above(snapshot: Snapshot) -> list[str]:
    """Texts that begin farther above the cursor than `FAR_BELOW`: the document's, and those of a notebook's cells."""
    document, distance = snapshot.document, snapshot.selection.start
    found = [document.text] if distance > FAR_BELOW else []
    above = takewhile(lambda cell: cell.uri != document.uri, snapshot.cells)
    for cell in reversed(list(above)):
        distance += len(cell.text)
        if distance > FAR_BELOW and are_akin(cell.language_id, document.language_id):
            found.append(cell.text)
    return found


def _path_of(document: Document, snapshot: Snapshot) -> str:
    if document.cell is not None:  # several have one path
        name, number = document.cell.notebook.rsplit("/", 1)[-1], document.cell.number
        return f"{name}, cell {number}" if number else f"{name}#{document.uri.rpartition('#')[2]}"
    if document.path and snapshot.workspace:
        return path_in(document.path, snapshot.workspace.root) or document.uri.rsplit("/", 1)[-1]
    return document.uri.rsplit("/", 1)[-1]
