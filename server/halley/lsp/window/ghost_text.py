"""What was offered last as ghost text, and mending how some editors accept it.

Neovim accepts a suggestion at the place it was made for, although the person may have typed on since it came: what was
typed along then stands there twice. Its acceptance is told by a command, and that is the moment to take it out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from halley.core.errors import StaleDocument
from halley.core.text import DocumentEdit, Edit, WorkspaceChange
from halley.engine.typing.completions import Place, typed_twice
from halley.lsp.window.applying import apply_change

if TYPE_CHECKING:
    from halley.lsp.window.session import Session


@dataclass(frozen=True, slots=True)
class Offer:
    """`text[start:end]` is what the texts were to stand for."""

    uri: str
    text: str
    start: int
    end: int
    texts: tuple[str, ...]

    @property
    def place(self) -> Place:
        return Place(self.text[: self.start], self.text[self.end :])


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
            try:
                await apply_change(session, WorkspaceChange((edit,), "Accept"), {uri: document})
            except StaleDocument:
                pass  # typed on already: it is the person's to see
            return
