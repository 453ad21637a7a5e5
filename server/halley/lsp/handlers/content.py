"""workspace/textDocumentContent: the documents of the `halley:` scheme (`window/contents.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from halley.lsp.window.contents import read_content

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer


def register(server: HalleyServer) -> None:
    options = types.TextDocumentContentOptions(schemes=["halley"])

    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT, options)
    async def _content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        return types.TextDocumentContentResult(await read_content(server.session, params.uri))
