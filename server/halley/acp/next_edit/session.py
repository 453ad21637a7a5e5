"""One session of next edits: the client's folders and documents on one side, the suggester on the other.

What is asked, kept and counted is `features/next_edit`'s, as for every editor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from halley.acp.errors import INVALID_PARAMS, NOT_FOUND, RpcError, text_in
from halley.acp.next_edit.positions import offset_in, position_of, range_in, range_of
from halley.acp.next_edit.texts import OpenTexts
from halley.core.calls import Caller
from halley.core.models import ModelRef, Role, Route
from halley.core.settings import Settings
from halley.core.snapshot import Diagnostic, Document, Selection, Snapshot
from halley.core.usage import NextEditOutcome
from halley.features.ask import Line
from halley.features.next_edit.memory import Memory, NextEditOffer
from halley.features.next_edit.suggester import Around, NextEdits, Trigger
from halley.features.shared import Shared

Json = dict[str, Any]
OUTCOMES: dict[str, NextEditOutcome | None] = {"ignored": "ignored", "replaced": "ignored", "cancelled": None}
"""By the reason of `nes/reject`; any other, and none, means that the user rejected it. An edit whose request was
cancelled was never seen, so nothing became of it."""
SEVERITIES = {"warning": "warning", "information": "information", "hint": "hint"}


class NextEditSession:
    """`uses_index`: whether a chat of this client has the index of a folder maintained."""

    def __init__(
        self, roots: Iterable[Path], shared: Shared, uses_index: Callable[[Path], bool] = lambda _root: False
    ) -> None:
        self.roots = sorted(roots, key=lambda root: len(root.parts), reverse=True)
        self.shared, self.texts, self._uses_index = shared, OpenTexts(), uses_index
        self._counting: set[asyncio.Task[None]] = set()
        self.edits = NextEdits(Memory(self._count), self.texts.current, self._around, shared.room.template)

    async def suggest(self, params: Json) -> Json:
        """`nes/suggest`. Raises RpcError for what is malformed, and what asking a model raises where the user asked."""
        document = self._document(params)
        if document is None:
            return {"suggestions": []}
        root, room = self._root_of(document), self.shared.room
        settings = room.settings(root)
        snapshot = self._snapshot(document, params, settings, root)
        project = self.shared.project(root) if root else None
        self.edits.note(self.texts.take_bursts(), snapshot, project)
        offer = await self.edits.suggest(
            self._line(root, settings), snapshot, trigger=self._trigger(params, settings), project=project
        )
        if offer is None:
            return {"suggestions": []}
        self.edits.settle(offer.id, "shown")
        return {"suggestions": [suggestion(offer)]}

    def accept(self, id: str) -> None:
        self.edits.settle(id, "accepted")

    def reject(self, id: str, reason: Any) -> None:
        outcome = OUTCOMES.get(reason, "rejected") if isinstance(reason, str) else "rejected"
        if outcome is not None:
            self.edits.settle(id, outcome)

    def close_document(self, uri: str) -> None:
        self.texts.close(uri)
        self.edits.memory.close_document(uri)

    async def aclose(self) -> None:
        self.edits.close()
        await asyncio.gather(*self._counting, return_exceptions=True)

    # -- how

    def _document(self, params: Json) -> Document | None:
        """What is asked about, at the version that is asked about; None where that is not known here."""
        uri, version = text_in(params, "uri"), params.get("version")
        document = self.texts.get(uri)
        if document is None and uri not in self.texts.torn:
            raise RpcError(NOT_FOUND, "This document is not open. Send `document/didOpen` first.")
        return document if document is not None and version in (None, document.version) else None

    def _snapshot(self, document: Document, params: Json, settings: Settings, root: Path | None) -> Snapshot:
        try:
            at = offset_in(document.text, params.get("position"))
        except ValueError as error:
            raise RpcError(INVALID_PARAMS, f"`position` is none: {error}.") from None
        return Snapshot(
            document,
            Selection(at, at),
            diagnostics_of(document, params.get("context")),
            settings,
            self.shared.room.config.workspace(root).workspace if root else None,
            self.texts.others(document.uri),
        )

    def _trigger(self, params: Json, settings: Settings) -> Trigger:
        """The client says when it asks; with `next_edit.when = "save"` a model is asked once a document is saved."""
        if params.get("triggerKind") == "manual":
            return "invoked"
        was_saved = params["uri"] in self.texts.unchanged
        return "save" if was_saved and settings.next_edit.when == "save" else "idle"

    def _line(self, root: Path | None, settings: Settings) -> Line:
        room = self.shared.room

        async def route_of(role: Role) -> Route:
            return (await room.prepare_route(role, settings, room.layers(root))).route

        return Line(room.router, Caller(str(root) if root else None), settings, route_of)

    def _root_of(self, document: Document) -> Path | None:
        """The folder that the document lies in, the innermost; of one that is no file the client's only one."""
        path = document.path
        if path is None:
            return self.roots[0] if len(self.roots) == 1 else None
        return next((root for root in self.roots if path.is_relative_to(root)), None)

    def _around(self, uri: str) -> Around | None:
        """Leave to look at files that are not open; None where a repository's own files still wait for trust."""
        document = self.texts.get(uri)
        root = self._root_of(document) if document else None
        config = self.shared.room.config.workspace(root) if root else None
        if root is None or config is None or not (config.trusted or config.files.is_empty):
            return None
        return Around(self.shared.index(root) if self._uses_index(root) else None)

    def _count(self, model: str, language: str, outcome: NextEditOutcome) -> None:
        counting = self.shared.room.ledger.count_next_edit(ModelRef.parse(model), language, outcome)
        task = asyncio.ensure_future(counting)
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)


def suggestion(offer: NextEditOffer) -> Json:
    """`NesEditSuggestion`."""
    edit, text = offer.edit, offer.document.text
    return {
        "id": offer.id,
        "kind": "edit",
        "uri": offer.document.uri,
        "edits": [{"range": range_of(text, edit.start, edit.end), "newText": edit.new_text}],
        "cursorPosition": position_of(offer.applied, edit.start + len(edit.new_text)),
    }


def diagnostics_of(document: Document, context: Any) -> tuple[Diagnostic, ...]:
    """Those of the document that can be read."""
    found: list[Diagnostic] = []
    rows = context.get("diagnostics") if isinstance(context, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("uri") != document.uri:
            continue
        try:
            start, end = range_in(document.text, row.get("range"))
        except ValueError:
            continue
        severity: Any = SEVERITIES.get(str(row.get("severity")), "error")
        found.append(Diagnostic(start, end, str(row.get("message", "")), severity))
    return tuple(found)
