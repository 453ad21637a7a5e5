"""A review's findings in a window: diagnostics that follow the text, and the fix of each.

A finding belongs to lines of the text it was made for. It is shown where those very lines are now, by the same rule by
which edits move (`engine/edits/rebase.py`); where they have changed it is not shown. The next review replaces them all.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import StaleDocument
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, Edit, WorkspaceChange
from halley.engine.edits.build import build_edits
from halley.engine.edits.rebase import rebase_edits
from halley.engine.review.values import Finding
from halley.features.actions.action import Edited, short
from halley.lsp.to_lsp import to_lsp_range

if TYPE_CHECKING:
    from halley.features.review import Reviewed

Json = dict[str, Any]
Span = tuple[int, int]
SOURCE = "Halley review"
SETTLE_S = 0.2
"""After typing: an editor moves diagnostics along by itself meanwhile."""
_SEVERITY = {"error": 1, "warning": 2, "info": 3}
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding of a file; `span` is its lines in the text that was reviewed, without the last line's end."""

    id: str
    finding: Finding
    span: Span

    @property
    def has_fix(self) -> bool:
        return self.finding.replacement is not None


@dataclass(slots=True)
class _File:
    text: str
    found: list[Kept]


class Findings:
    """Those of one window, by the URI of their files."""

    def __init__(
        self,
        document: Callable[[str], Document | None],
        publish: Callable[[str], None],
        encoding: Callable[[], str],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._document, self._publish, self._encoding, self._loop = document, publish, encoding, loop
        self._files: dict[str, _File] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def take(self, reviewed: Reviewed, folder: Path) -> dict[Finding, Json]:
        """Shows these instead of those before. For each finding: `{id, uri, shown}`."""
        self.clear()
        told: dict[Finding, Json] = {}
        for finding in reviewed.report.findings:
            uri = _uri(reviewed.root / finding.path, folder)
            file = self._files.setdefault(uri, _File(reviewed.texts[finding.path], []))
            kept = Kept(f"finding-{next(_numbers)}", finding, _span(file.text, finding))
            file.found.append(kept)
            told[finding] = {"id": kept.id, "uri": uri}
        for uri in self._files:
            shown = {kept.id for kept, _ in self._now(uri)}
            for its in told.values():
                if its["uri"] == uri:
                    its["shown"] = its["id"] in shown
            self._publish(uri)
        return told

    def clear(self, ids: Collection[str] | None = None) -> int:
        """Takes these back, or all; how many there were."""
        count = 0
        for uri, file in list(self._files.items()):
            left = [kept for kept in file.found if ids is not None and kept.id not in ids]
            count += len(file.found) - len(left)
            if len(left) < len(file.found):
                file.found = left
                self._publish(uri)
            if not left:
                del self._files[uri]
        return count

    def close(self) -> None:
        for handle in self._waiting.values():
            handle.cancel()

    def note_change(self, uri: str) -> None:
        """The text is another: where findings are now is looked up once typing pauses."""
        document = self._document(uri) if self._files else None
        key = document and self._key(document)
        if not key:
            return
        if waiting := self._waiting.pop(key, None):
            waiting.cancel()
        self._waiting[key] = self._loop.call_later(SETTLE_S, self._settle, key)

    def _settle(self, key: str) -> None:
        self._waiting.pop(key, None)
        self._publish(key)

    def diagnostics(self, document: Document) -> list[Json]:
        encoding = self._encoding()
        return [
            {
                "range": to_lsp_range(document.text, _first_word(document.text, span), span[1], encoding),
                "severity": _SEVERITY[kept.finding.severity],
                "source": SOURCE,
                "message": "\n".join(filter(None, (kept.finding.title, kept.finding.text))),
                "data": {"finding": kept.id, "fix": kept.has_fix},
            }
            for kept, span in self._in(document)
        ]

    def at(self, document: Document, start: int, end: int) -> list[Kept]:
        """Those whose lines a selection touches."""
        return [kept for kept, span in self._in(document) if span[0] <= end and start <= span[1]]

    def fix(self, id: str) -> tuple[Edited, dict[str, Document]]:
        """The suggested change of a finding, for the text as it is now, and that text.

        Raises StaleDocument where the finding or its lines are gone.
        """
        for uri in self._files:
            document = self._document(uri)
            for kept, span in self._in(document) if document else ():
                if kept.id == id and document and kept.finding.replacement is not None:
                    return _edited(document, kept.finding, kept.finding.replacement, span), {
                        document.uri: document
                    }
        raise StaleDocument(
            "The lines of this finding have changed since the review, or the finding was cleared.",
            "Run the review again.",
        )

    def _key(self, document: Document) -> str | None:
        uris = (document.uri, document.path.as_uri() if document.path and document.cell is None else "")
        return next((uri for uri in uris if uri in self._files), None)

    def _in(self, document: Document) -> Iterator[tuple[Kept, Span]]:
        key = self._key(document)
        return self._now(key, document) if key else iter(())

    def _now(self, uri: str, document: Document | None = None) -> Iterator[tuple[Kept, Span]]:
        """The findings of a file whose lines still stand, with where."""
        file, document = self._files[uri], document or self._document(uri)
        if document is None:
            return
        where = dict(_moved(file.text, document.text, {kept.span for kept in file.found}))
        for kept in file.found:
            if kept.span in where:
                yield kept, where[kept.span]


def _uri(path: Path, folder: Path) -> str:
    """As the editor names a file of its workspace, which may be open by way of a link."""
    real = Path(os.path.realpath(folder))
    return (folder / path.relative_to(real) if path.is_relative_to(real) else path).as_uri()


def _span(text: str, finding: Finding) -> Span:
    rows = text.split("\n")  # as git counts them
    start = sum(len(row) + 1 for row in rows[: finding.first - 1])
    length = sum(len(row) + 1 for row in rows[finding.first - 1 : finding.last]) - 1
    ends_in_return = rows[finding.last - 1].endswith("\r")
    return start, start + length - ends_in_return


def _moved(base: str, current: str, spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Each span of `base` whose lines stand in `current`, with its place there."""
    for layer in _layers(sorted(spans)):
        marks = {Edit(start, end, f"{start}"): (start, end) for start, end in layer}
        # A mark is an edit whose text says which it is; it is never applied.
        names = {edit.new_text: span for edit, span in marks.items()}
        for edit in rebase_edits(base, current, marks).edits:
            yield names[edit.new_text], (edit.start, edit.end)


def _layers(spans: Iterable[Span]) -> list[list[Span]]:
    """Spans in as few lists as it takes for none to touch another in its list."""
    layers: list[list[Span]] = []
    for span in spans:
        layer = next((one for one in layers if one[-1][1] < span[0]), None)
        if layer is None:
            layers.append([span])
        else:
            layer.append(span)
    return layers


def _first_word(text: str, span: Span) -> int:
    row = text[span[0] : span[1]]
    return span[0] + len(row) - len(row.lstrip())


def _edited(document: Document, finding: Finding, replacement: str, span: Span) -> Edited:
    start, end = span
    old, new = document.text[start:end], replacement
    if "\r\n" in document.text:
        new = new.replace("\n", "\r\n")
    if not replacement:  # the lines go, with the end of the last
        rest = document.text[end : end + 2]
        end += 2 if rest == "\r\n" else len(rest[:1])
        old = document.text[start:end]
    edits = tuple(Edit(start + edit.start, start + edit.end, edit.new_text) for edit in build_edits(old, new))
    label = f"Fix: {short(finding.title)}"
    return Edited(WorkspaceChange((DocumentEdit(document.uri, document.version, edits),), label))
