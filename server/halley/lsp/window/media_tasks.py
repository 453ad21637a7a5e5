"""Media tasks of a window while they run: made for a place in a document, watched, cancelled with their request.

What a request means and where results are saved is in `media.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from halley.core.snapshot import Snapshot
from halley.lsp.window.places import LinkPlace

if TYPE_CHECKING:
    from halley.features.media.orders import Order
    from halley.lsp.window.session import Session
    from halley.stores.media import Task


def maker(
    session: Session, snapshot: Snapshot, report: Callable[..., None]
) -> Callable[[Order], Awaitable[Task]]:
    """Makes media for a place in a document, which is where the link will go."""
    return lambda order: make_for(session, order, snapshot, report)


async def make_for(session: Session, order: Order, snapshot: Snapshot, report: Callable[..., None]) -> Task:
    """Makes it for a place in a document, and waits."""
    from halley.lsp.window.media import beside_of, workspace_of  # a window may never make media

    document = snapshot.document
    root = workspace_of(session, document.uri)
    order = replace(order, beside=beside_of(session, document))
    line = session.line(document.uri, snapshot.settings)
    session.watch_media()
    begun = await session.shared.media.start(order, line, str(root) if root else None)
    session.places[begun.id] = LinkPlace(document, snapshot.selection.end)
    return await watched(session, begun.id, lambda task: report(said(task), percent(task)))


async def watched(session: Session, id: str, hear: Callable[[Task], None]) -> Task:
    """The task once it has ended. Being cancelled ends it too, unless it is the connection that ends.

    Raises what went wrong.
    """
    works = session.shared.media

    def listen(task: Task) -> None:
        if task.id == id:
            hear(task)

    works.listeners.add(listen)
    try:
        hear(await works.store.get(id))
        return await works.finished(id)
    except asyncio.CancelledError:
        if not session.is_ending:
            await asyncio.shield(works.cancel(id, session.line()))
        raise
    finally:
        works.listeners.discard(listen)


def said(task: Task) -> str:
    return {"queued": "waiting for its turn", "choosing": "choose a variant"}.get(
        task.state, task.model or ""
    )


def percent(task: Task) -> int | None:
    return None if task.progress is None else round(task.progress * 100)
