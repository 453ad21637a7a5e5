"""The notebooks of one window: which cells they have, in which order.

Cells are documents like all others; their texts are the document store's. Start at `Notebooks.change`. What cannot be
right (a cell put where there is no place, a change of an unknown notebook) is logged and not made. From then on the
notebook's order is not known and its cells are out of step, until the client opens it again.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#notebookDocument_synchronization
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from halley.core.snapshot import Cell, Document
from halley.lsp.text.open_document import OpenDocument
from halley.lsp.text.uris import home_of_uri, notebook_of_cell, uri_key

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]
_CODE = 2
"""`NotebookCellKind.Code`; 1 is markup."""


class Store(Protocol):
    """What of the document store matters here."""

    def open(self, uri: str, language_id: str, version: int, text: str) -> None: ...
    def change_cell(self, uri: str, version: int | None, changes: Sequence[Json]) -> bool: ...
    def find(self, uri: str) -> OpenDocument | None: ...
    def remove_text_document(self, doc_uri: str) -> None: ...


@dataclass(slots=True)
class Notebook:
    """One notebook as the client has it."""

    uri: str
    order: list[str] = field(default_factory=list)
    """The cells' URIs."""
    code: dict[str, bool] = field(default_factory=dict)
    """By the cell's URI: whether it is code, and not markup."""
    is_known: bool = True
    """False once a change of the order was lost."""


class Notebooks:
    """The notebooks that are open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, Notebook] = {}
        self._home: dict[str, Notebook] = {}
        """By the cell's URI."""

    # What the client says

    def open(self, params: Json) -> None:
        """`notebookDocument/didOpen`."""
        try:
            notebook = Notebook(params["notebookDocument"]["uri"])
            cells, texts = params["notebookDocument"]["cells"], params.get("cellTextDocuments") or ()
            self._forget(self._open.get(uri_key(notebook.uri)))
            self._open[uri_key(notebook.uri)] = notebook
            self._splice(notebook, 0, 0, cells)
            self._open_texts(texts)
        except (LookupError, TypeError, ValueError, AttributeError):
            logger.warning("dropped a malformed notebookDocument/didOpen")
            return
        self._number(notebook)

    def change(self, params: Json) -> None:
        """`notebookDocument/didChange`: the order first, then kinds, then texts, as the client made them."""
        try:
            notebook = self._open.get(uri_key(params["notebookDocument"]["uri"]))
            change = params["change"].get("cells") or {}
        except (LookupError, TypeError, AttributeError):
            logger.warning("dropped a malformed notebookDocument/didChange")
            return
        if notebook is None:
            logger.warning("a notebook was changed before it was opened; open it again.")
            return
        try:
            if structure := change.get("structure"):
                self._restructure(notebook, structure)
            for cell in change.get("data") or ():
                self._set_kind(notebook, cell)
            for text in change.get("textContent") or ():
                self._change_text(notebook, text)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            reason = str(error) if isinstance(error, WrongChange) else "a change was malformed"
            self._distrust(notebook, reason)
        if not notebook.is_known or change.keys() - {"textContent"}:  # not for each key that is typed
            self._number(notebook)

    def saved(self, uri: str, texts: Sequence[str]) -> None:
        """What lies on disk now is what the client shows: a cell out of step is in step again."""
        notebook = self._open.get(uri_key(uri))
        if notebook is None or not notebook.is_known or len(texts) != len(notebook.order):
            return
        for cell, text in zip(notebook.order, texts, strict=True):
            document = self._store.find(cell)
            if document is not None and document.is_out_of_step:
                document.replace_text(text)

    def close(self, params: Json) -> None:
        """`notebookDocument/didClose`."""
        try:
            self._forget(self._open.pop(uri_key(params["notebookDocument"]["uri"]), None))
            for cell in params.get("cellTextDocuments") or ():
                self._close_text(cell["uri"])
        except (LookupError, TypeError, AttributeError):
            logger.warning("dropped a malformed notebookDocument/didClose")

    # What others ask

    def cell(self, uri: str) -> Cell | None:
        """What makes a document a cell; None for any other document."""
        notebook = self._home.get(uri)
        if notebook is None:
            named = notebook_of_cell(uri)
            return Cell(named) if named else None
        number = notebook.order.index(uri) + 1 if notebook.is_known and uri in notebook.order else 0
        return Cell(notebook.uri, number, notebook.code.get(uri, True))

    def home_of(self, uri: str) -> Path | None:
        """The file a document belongs to: for a cell its notebook's."""
        notebook = self._home.get(uri)
        return home_of_uri(notebook.uri if notebook else uri)

    def cells_of(self, uri: str) -> tuple[Document, ...]:
        """All cells of a cell's notebook, in order; empty where that is not known."""
        notebook = self._home.get(uri)
        return tuple(self._cells(notebook)) if notebook and notebook.is_known else ()

    # How

    def _cells(self, notebook: Notebook) -> Iterator[Document]:
        for uri in notebook.order:
            if (document := self._store.find(uri)) is not None:
                yield document.value()

    def _restructure(self, notebook: Notebook, structure: Json) -> None:
        array = structure["array"]
        self._splice(notebook, array["start"], array["deleteCount"], array.get("cells") or ())
        for cell in structure.get("didClose") or ():  # a cell in both has got another language
            self._close_text(cell["uri"])
        self._open_texts(structure.get("didOpen") or ())

    def _splice(self, notebook: Notebook, start: int, gone: int, cells: Sequence[Json]) -> None:
        """Cells `start..start+gone` become `cells`. Raises WrongChange, with nothing changed."""
        come = {str(cell["document"]): cell.get("kind", _CODE) == _CODE for cell in cells}
        kept = notebook.order[:start] + notebook.order[start + gone :]
        if start < 0 or gone < 0 or start + gone > len(notebook.order):
            raise WrongChange("cells were put where there is no place")
        if len(come) < len(cells) or not come.keys().isdisjoint(kept):
            raise WrongChange("a cell was put in twice")
        removed = notebook.order[start : start + gone]
        notebook.order[start : start + gone] = come
        for uri in removed:
            if uri not in come:
                notebook.code.pop(uri, None)
                self._home.pop(uri, None)
        notebook.code |= come
        self._home |= dict.fromkeys(come, notebook)

    def _open_texts(self, texts: Sequence[Json]) -> None:
        for text in texts:
            self._store.open(
                str(text["uri"]), text.get("languageId") or "", text.get("version") or 0, text["text"]
            )

    def _close_text(self, uri: str) -> None:
        self._store.remove_text_document(uri)

    def _set_kind(self, notebook: Notebook, cell: Json) -> None:
        if cell["document"] not in notebook.code:
            raise WrongChange("what is no cell of it was changed")
        notebook.code[cell["document"]] = cell.get("kind", _CODE) == _CODE

    def _change_text(self, notebook: Notebook, text: Json) -> None:
        """A change that is wrong puts that cell out of step, and no other."""
        uri = text["document"]["uri"]
        if self._home.get(uri) is not notebook:
            logger.warning("the text of what is no cell of its notebook was changed; the change is ignored.")
            return
        self._store.change_cell(uri, text["document"].get("version"), text["changes"])

    def _number(self, notebook: Notebook) -> None:
        """Each cell's document knows its place."""
        for number, uri in enumerate(notebook.order, 1):
            if (document := self._store.find(uri)) is not None:
                place = number if notebook.is_known else 0
                document.cell = Cell(notebook.uri, place, notebook.code[uri])
                document.path = home_of_uri(notebook.uri)

    def _distrust(self, notebook: Notebook, reason: str) -> None:
        notebook.is_known = False
        for uri in notebook.order:
            if (document := self._store.find(uri)) is not None:
                document.fall_out_of_step(reason)

    def _forget(self, notebook: Notebook | None) -> None:
        """Its cells are closed with it."""
        for uri in list(notebook.order) if notebook else ():
            self._home.pop(uri, None)
            self._close_text(uri)


class WrongChange(ValueError):
    """A change that cannot be made; its text says why, for the log."""
