"""The documents of one window: what the editor has open, and files it has not.

Start at `DocumentStore.change`. The text of one document is `lsp/text/open_document.py`'s, where the user typed is
`lsp/text/recent_edits.py`'s, a file that is not open `lsp/closed_files.py`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pygls.workspace import Workspace

from halley.core.snapshot import Document
from halley.lsp.closed_files import load_document
from halley.lsp.text.notebooks import Notebooks
from halley.lsp.text.open_document import Json, OpenDocument
from halley.lsp.text.recent_edits import RecentEdit, RecentEdits
from halley.lsp.text.uris import uri_key

if TYPE_CHECKING:
    from lsprotocol.types import TextDocumentItem

logger = logging.getLogger(__name__)


class DocumentStore(Workspace):
    """Documents by URI; all of a client's ways to write one URI are one document.

    Mends of pygls' workspace: it splits lines at `\\f`, U+2028 and U+0085 as well, so that the wrong line is edited
    (`#textDocuments` names three line ends); it applies older versions and inverted ranges silently
    (`#versionedTextDocumentIdentifier`); a character takes it 1.4 ms in 10,000 lines.
    """

    def __init__(self) -> None:
        super().__init__(None)
        self._open: dict[str, OpenDocument] = {}
        """By key, least recently touched first."""
        self._recent = RecentEdits()
        self.notebooks = Notebooks(self)
        self.encoding = "utf-16"
        """Of positions in changes of cells."""
        self.on_change: list[Callable[[str], None]] = []
        """Called with the URI of a document whose text has changed."""

    # What the editor says

    def put_text_document(self, text_document: TextDocumentItem, notebook_uri: str | None = None) -> None:
        """pygls' builtin feature calls it (`#textDocument_didOpen`). A document is one of ours, as the class says."""
        from halley.engine.code.languages import language_id_of

        item = text_document
        language_id = item.language_id or language_id_of(item.uri)
        self.open(item.uri, language_id, item.version, item.text)

    def open(self, uri: str, language_id: str, version: int, text: str) -> None:
        self._open.pop(uri_key(uri), None)
        self._open[uri_key(uri)] = document = OpenDocument(uri, language_id, version, text)
        document.cell, document.path = self.notebooks.cell(uri), self.notebooks.home_of(uri)

    def change(self, uri: str, version: int | None, changes: Sequence[Json], encoding: str) -> bool:
        """`textDocument/didChange`; whether all the changes were made. Where the client does not count, we do."""
        document = self._touched(uri)
        if document is None:
            logger.warning("%s was changed before it was opened; open it again.", uri)
            return False
        if version is None:
            version = document.version + 1
        if version < document.version:
            document.fall_out_of_step(f"version {version} came after version {document.version}")
            return False
        for change in changes:
            touched = document.apply(change, encoding)
            if touched is None:
                return False
            self._recent.add(document.uri, *touched)
        document.version = version
        for callback in tuple(self.on_change):
            callback(uri)
        return True

    def save(self, uri: str) -> None:
        """`textDocument/didSave`: what lies on disk now is what the editor shows."""
        document = self._touched(uri)
        if document is not None and document.is_out_of_step and (saved := load_document(uri)) is not None:
            document.replace_text(saved.text)

    def distrust(self, uri: str, reason: str) -> None:
        """A change of the document was lost on the way."""
        if (document := self.find(uri)) is not None:
            document.fall_out_of_step(reason)

    def remove_text_document(self, doc_uri: str) -> None:
        """As `put_text_document` (`#textDocument_didClose`)."""
        self._open.pop(uri_key(doc_uri), None)

    def change_cell(self, uri: str, version: int | None, changes: Sequence[Json]) -> bool:
        """As `change`, for a cell; what is malformed puts that cell out of step."""
        try:
            return self.change(uri, version, changes, self.encoding)
        except (LookupError, TypeError, ValueError, AttributeError):
            self.distrust(uri, "a change was malformed")
            return False

    # pygls' builtin features call these, with JSON (PLAIN_METHODS). Mend of all: cells are documents of ours, with
    # versions and LSP's lines, and a malformed change puts one cell out of step; pygls' raises in the middle of it.

    def put_notebook_document(self, params: Any) -> None:
        """(`#notebookDocument_didOpen`)"""
        self.notebooks.open(params)

    def update_notebook_document(self, params: Any) -> None:
        """(`#notebookDocument_didChange`)"""
        self.notebooks.change(params)

    def remove_notebook_document(self, params: Any) -> None:
        """(`#notebookDocument_didClose`)"""
        self.notebooks.close(params)

    # What others ask

    def get(self, uri: str) -> Document | None:
        """The document as the editor has it, else as it lies on disk; None where there is no such text."""
        document = self.find(uri)
        return document.value() if document is not None else load_document(uri)

    def text_before(self, uri: str) -> str | None:
        """An open document's text before the last change of it; None where there was none."""
        document = self.find(uri)
        return document.text_before() if document is not None else None

    def is_open(self, uri: str) -> bool:
        return uri_key(uri) in self._open

    def is_out_of_step(self, uri: str) -> bool:
        """Whether the text may differ from what the editor shows: nothing may be edited by it then."""
        document = self.find(uri)
        return document is not None and document.is_out_of_step

    def version(self, uri: str) -> int | None:
        """The editor's version of an open document, without joining its text."""
        document = self.find(uri)
        return document.version if document is not None else None

    def open_documents(self) -> tuple[Document, ...]:
        """All that are open, most recently touched first."""
        return tuple(document.value() for document in reversed(self._open.values()))

    def recent_edits(self) -> tuple[RecentEdit, ...]:
        """Where the user typed, the latest first, in documents that are still open."""
        return self._recent.latest(self.is_open)

    def take_bursts(self) -> list[tuple[str, list[str], list[str]]]:
        """(URI, lines before, lines after) of each document that was changed since the last call, the latest last."""
        taken = [(document.uri, document.take_burst()) for document in self._open.values()]
        return [(uri, *burst) for uri, burst in taken if burst is not None]

    def note_use(self, uri: str) -> None:
        """The user looks at this document now."""
        self._touched(uri)

    def find(self, uri: str) -> OpenDocument | None:
        """An open document itself."""
        return self._open.get(uri_key(uri))

    def _touched(self, uri: str) -> OpenDocument | None:
        document = self._open.pop(uri_key(uri), None)
        if document is not None:
            self._open[uri_key(uri)] = document
        return document
