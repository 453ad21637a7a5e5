"""workspace/textDocumentContent: the documents of the `halley:` scheme (`window/contents.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.lsp.window.contents import read_content

if TYPE_CHECKING:
    from halley.lsp.base.server import Server


def register(server: Server) -> None:
    @server.feature("workspace/textDocumentContent", raw=True)
    async def _content(params: dict[str, Any]) -> dict[str, Any]:
        return {"text": await read_content(server.session, str(params.get("uri", "")))}
