"""Places in documents that a window remembers: where a link goes, and what ghost text was last offered.

Values only. Who makes the link is `media.py`, who mends an accepted offer `ghost_text.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from halley.core.snapshot import Document

if TYPE_CHECKING:
    from halley.engine.typing.place import Place


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """Where a link goes: after the line of `offset` (code points) in that text."""

    document: Document
    offset: int


@dataclass(frozen=True, slots=True)
class GhostOffer:
    """`text[start:end]` is what the texts were to stand for."""

    uri: str
    text: str
    start: int
    end: int
    texts: tuple[str, ...]

    @property
    def place(self) -> Place:
        from halley.engine.typing.place import Place

        return Place(self.text[: self.start], self.text[self.end :])
