"""The open documents of one session, as its notifications tell them.

A change that cannot be right is not made. The document is then `torn`: its text may differ from the editor's, so
nothing is offered for it until the client sends the whole text or opens it again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from halley.acp.next_edit.positions import range_in
from halley.acp.prompt import path_of
from halley.core.snapshot import Document
from halley.core.text import split_lines
from halley.engine.code.languages import language_id_of
from halley.features.agent.on_disk import read_document
from halley.features.next_edit.memory import Burst

MOST_CHARACTERS = 2_000_000
"""Of a text whose changes are remembered."""


@dataclass(slots=True)
class OpenTexts:
    torn: set[str] = field(default_factory=set[str])
    """URIs."""
    unchanged: set[str] = field(default_factory=set[str])
    """URIs of documents that were saved and not changed since."""
    _open: dict[str, Document] = field(default_factory=dict[str, Document])
    """By URI, least recently touched first."""
    _before: dict[str, str] = field(default_factory=dict[str, str])
    """Texts before the first change since they were last taken."""

    def open(self, uri: str, language: str, version: int, text: str) -> None:
        self._forget(uri)
        path = file_of(uri)
        self._open[uri] = Document(uri, text, language or language_id_of(uri), version, path)

    def change(self, uri: str, version: int, changes: Sequence[Any]) -> None:
        """Makes the changes, each on the text that the one before left."""
        document = self._touched(uri)
        if document is None:
            return
        self.unchanged.discard(uri)
        text = document.text
        try:
            if document.version is not None and version < document.version:
                raise ValueError("an older version came after a newer one")
            for change in changes:
                text = self._changed(uri, text, change)
        except ValueError:
            self.torn.add(uri)
            return
        if text != document.text and len(text) <= MOST_CHARACTERS:
            self._before.setdefault(uri, document.text)
        self._open[uri] = replace(document, text=text, version=version)

    def save(self, uri: str) -> None:
        if uri in self._open:
            self.unchanged.add(uri)

    def close(self, uri: str) -> None:
        self._forget(uri)

    def come_to(self, uri: str) -> None:
        """The user looks at it now."""
        self._touched(uri)

    def get(self, uri: str) -> Document | None:
        """An open document; None for one whose text is not known for certain."""
        return None if uri in self.torn else self._open.get(uri)

    def current(self, uri: str) -> Document | None:
        """As the editor has it, else as it lies on disk."""
        if uri in self._open:
            return self.get(uri)
        path = file_of(uri)
        return read_document(path) if path else None

    def others(self, uri: str) -> dict[str, Document]:
        """All that are open but this one, most recently touched first."""
        return {
            one.uri: one
            for one in reversed(self._open.values())
            if one.uri != uri and one.uri not in self.torn
        }

    def take_bursts(self) -> list[Burst]:
        """What was changed since the last call, the latest last."""
        taken, self._before = self._before, {}
        return [
            Burst(uri, split_lines(taken[uri]), split_lines(document.text))
            for uri, document in self._open.items()
            if uri in taken and uri not in self.torn
        ]

    def _changed(self, uri: str, text: str, change: Any) -> str:
        if not isinstance(change, dict) or not isinstance(new := change.get("text"), str):
            raise ValueError("a change must be an object with `text`")
        if change.get("range") is None:
            self.torn.discard(uri)
            return new
        if uri in self.torn:
            raise ValueError("the text that this changes is not known")
        start, end = range_in(text, change["range"])
        return text[:start] + new + text[end:]

    def _touched(self, uri: str) -> Document | None:
        document = self._open.pop(uri, None)
        if document is not None:
            self._open[uri] = document
        return document

    def _forget(self, uri: str) -> None:
        for kept in (self._open, self._before):
            kept.pop(uri, None)
        self.torn.discard(uri)
        self.unchanged.discard(uri)


def file_of(uri: str) -> Path | None:
    """The file of a `file:` URI or an absolute path; None for any other document."""
    with contextlib.suppress(ValueError):
        path = path_of(uri)
        return path if path is not None and "\0" not in str(path) else None
    return None
