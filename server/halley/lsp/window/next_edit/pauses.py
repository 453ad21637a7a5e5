"""Pauses in typing and savings, in which a next edit is looked for where the client never asks for one itself.

Light: it is there from the start, and a keystroke costs a look at the clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halley.core.settings import Settings
    from halley.lsp.window.session import Session

LEAST_S = 0.1
"""How often a pause is looked for while the user types: one timer for all keystrokes."""


class Pauses:
    """Of one window, in whichever document was changed last."""

    __slots__ = ("_changed", "_session", "_timer", "_uri")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._changed, self._uri = 0.0, ""
        self._timer: asyncio.TimerHandle | None = None

    def note_change(self, uri: str) -> None:
        session = self._session
        self._changed, self._uri = session.loop.time(), uri
        if self._timer is None and not session.asks_next_edits:
            self._timer = session.loop.call_later(LEAST_S, self._look)

    def _look(self) -> None:
        self._timer = None
        settings = self._session.settings_of(self._uri)
        if not is_wanted(self._session, settings, "idle"):
            return
        left = self._changed + settings.next_edit.debounce_ms / 1000 - self._session.loop.time()
        if left > 0:
            self._timer = self._session.loop.call_later(max(left, LEAST_S), self._look)
        else:
            _start(self._session, self._uri, settings)


def note_saved(session: Session, uri: str) -> None:
    settings = session.settings_of(uri)
    if is_wanted(session, settings, "save"):
        _start(session, uri, settings)


def is_wanted(session: Session, settings: Settings, when: str) -> bool:
    is_open = session.server.is_running and not session.asks_next_edits
    return is_open and bool(settings.roles.next) and settings.next_edit.when == when


def _start(session: Session, uri: str, settings: Settings) -> None:
    from halley.lsp.window.next_edit.asking import prefetch

    session.server.run_in_background(prefetch(session, uri, settings), "looking for a next edit")
