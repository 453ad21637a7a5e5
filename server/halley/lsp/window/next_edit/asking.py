"""Next edits of a window: its documents and settings on one side, the suggester on the other.

`suggest` is what every surface calls. For clients that never ask, `pauses.py` has one looked for, so that it is among
the code actions when they are listed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from halley.core.settings import Settings
from halley.core.snapshot import Selection, Snapshot
from halley.engine.prompting.context import display_path
from halley.features.next_edit.memory import Burst, NextEditOffer
from halley.features.next_edit.suggester import Trigger
from halley.lsp.text.recent_edits import RecentEdit
from halley.lsp.to_lsp import to_lsp_range

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]


async def suggest(session: Session, snapshot: Snapshot, trigger: Trigger) -> NextEditOffer | None:
    """The edit to offer at a moment; None where there is none. Raises what asking raises, when invoked."""
    uri = snapshot.document.uri
    edits, project = session.next_edits, session.project(uri)
    take_bursts(session, snapshot)
    return await edits.suggest(
        session.line(uri, snapshot.settings),
        snapshot,
        trigger=trigger,
        project=project,
        guarded_row=guarded_row(session, snapshot),
    )


def ready(session: Session, snapshot: Snapshot) -> NextEditOffer | None:
    """The edit that is there without asking a model."""
    if "next_edits" not in vars(session):
        return None
    take_bursts(session, snapshot)
    return session.next_edits.ready(snapshot, guarded_row(session, snapshot))


def take_bursts(session: Session, snapshot: Snapshot) -> None:
    bursts = [Burst(*burst) for burst in session.server.documents.take_bursts()]
    if bursts:
        session.next_edits.note(bursts, snapshot, session.project(snapshot.document.uri))


def guarded_row(session: Session, snapshot: Snapshot) -> int | None:
    """The cursor's line, while ghost text may be shown there."""
    if not session.completer.shows(snapshot):
        return None
    return snapshot.document.text.count("\n", 0, snapshot.selection.start)


def offer_json(session: Session, offer: NextEditOffer) -> Json:
    """`NextEdit` of the protocol."""
    document = offer.document
    return {
        "id": offer.id,
        "uri": document.uri,
        "version": document.version,
        "range": to_lsp_range(document.text, offer.edit.start, offer.edit.end, session.server.encoding),
        "text": as_written(offer),
        "replaces": document.text[offer.edit.start : offer.edit.end].replace("\r\n", "\n"),
        "jump": offer.jump,
        "model": offer.model,
    }


def as_written(offer: NextEditOffer) -> str:
    """Editors write their own line ends; Neovim only these."""
    return offer.edit.new_text.replace("\r\n", "\n")


async def prefetch(session: Session, uri: str, settings: Settings) -> None:
    if (snapshot := at_latest_edit(session, uri, settings)) is not None:
        await suggest(session, snapshot, "save")  # the pause is over


def actions(session: Session, snapshot: Snapshot) -> list[tuple[str, Json]]:
    """(title, argument of `halley.nextEdit.apply`): the edit that is there, else asking for one.

    None for clients that show next edits themselves.
    """
    settings = snapshot.settings
    if session.asks_next_edits or not settings.roles.next:
        return []
    offer = ready(session, snapshot)
    if offer is None:
        position = to_lsp_range(
            snapshot.document.text,
            snapshot.selection.start,
            snapshot.selection.start,
            session.server.encoding,
        )["start"]
        return [("Next edit", {"textDocument": {"uri": snapshot.document.uri}, "position": position})]
    session.next_edits.settle(offer.id, "shown")
    row = offer.document.text.count("\n", 0, offer.edit.start) + 1
    elsewhere = offer.document.uri != snapshot.document.uri
    where = (
        f"{display_path(replace(snapshot, document=offer.document))}:{row}" if elsewhere else f"line {row}"
    )
    return [(f"Next edit: {where}", {"id": offer.id})]


def at_latest_edit(session: Session, uri: str, settings: Settings | None = None) -> Snapshot | None:
    """A snapshot with the cursor where the document was edited last, for clients that do not say where it is."""
    nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    snapshot = session.snapshot({"uri": uri}, nowhere, settings=settings)
    if snapshot is None:
        return None
    edit: RecentEdit | None = next(
        (one for one in session.server.documents.recent_edits() if one.uri == snapshot.document.uri), None
    )
    row = edit.last_line if edit else 0
    lines = snapshot.document.text.split("\n")
    at = sum(len(line) + 1 for line in lines[:row]) + len(lines[min(row, len(lines) - 1)].rstrip("\r"))
    at = min(at, len(snapshot.document.text))
    return replace(snapshot, selection=Selection(at, at))
