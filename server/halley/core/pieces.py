"""A text that grows piece by piece, for replies: adding costs what the piece costs, however long the text is."""

from __future__ import annotations


class Pieces:
    """`add` what comes; `str` joins, and only what is new since the last time is joined again."""

    __slots__ = ("_parts", "size")

    def __init__(self, text: str = "") -> None:
        self._parts = [text] if text else []
        self.size = len(text)

    def add(self, piece: str) -> None:
        if piece:
            self._parts.append(piece)
            self.size += len(piece)

    def __str__(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def __bool__(self) -> bool:
        return self.size > 0
