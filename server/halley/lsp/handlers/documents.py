"""Documents that are no files of their own: those of the `halley:` scheme, and cells of notebooks that were saved.

    workspace/textDocumentContent    `window/contents.py`
    notebookDocument/didSave         a cell that is out of step is in step again by what lies on disk

Opening, changing and closing notebooks are pygls' builtin features; what comes of them is `lsp/text/notebooks.py`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.engine.code.notebooks import parse_notebook
from halley.lsp.capabilities import look_up
from halley.lsp.closed_files import load_document
from halley.lsp.window.contents import read_content

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


def register(server: HalleyServer) -> None:
    options = types.TextDocumentContentOptions(schemes=["halley"])

    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT, options)
    async def _content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        return types.TextDocumentContentResult(await read_content(server.session, params.uri))

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def _saved(params: Json) -> None:
        uri = look_up(params, "notebookDocument.uri")
        saved = load_document(uri) if isinstance(uri, str) else None
        cells = parse_notebook(saved.text) if saved is not None else None
        if cells is not None:
            server.documents.notebooks.saved(uri, [cell.text for cell in cells])
