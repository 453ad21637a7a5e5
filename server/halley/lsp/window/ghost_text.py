"""Mending how some editors accept ghost text. What was offered last is `places.py`'s.

Neovim accepts a suggestion at the place it was made for, although the user may have typed on since it came: what was
typed along is then in the text twice. A command reports its acceptance; then the duplicate is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from halley.core.editing import Refused
from halley.core.text import DocumentEdit, Edit, WorkspaceChange
from halley.engine.typing.completions import typed_twice
from halley.lsp.window.editor import editor_of

if TYPE_CHECKING:
    from halley.lsp.window.session import Session


async def take_out_what_was_typed_twice(session: Session, uri: str) -> None:
    """Does nothing unless the document is exactly what accepting the last offer at its old place makes of it."""
    offer, document = session.last_offer, session.document(uri)
    was = session.server.documents.text_before(uri)
    if offer is None or offer.uri != uri or document is None or was is None:
        return
    place = offer.place
    for text in offer.texts:
        if span := typed_twice(place, text, was, document.text):
            edit = DocumentEdit(uri, document.version, (Edit(*span, ""),))
            answer = await editor_of(session).apply(WorkspaceChange((edit,), "Accept"), {uri: document})
            # Typed on already: the user sees the doubled text and can mend it. A message would only disturb.
            if isinstance(answer, Refused) and not answer.is_stale:
                raise answer.error
            return
