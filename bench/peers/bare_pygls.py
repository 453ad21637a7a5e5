"""The least a pygls server can be: documents synchronised, one code action, one custom request."""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
    command = types.Command(
        title="Explain", command="bare.run", arguments=[{"uri": params.text_document.uri}]
    )
    return [types.CodeAction("Explain", kind="refactor", command=command)]


@server.feature("halley/proposals/list")
def proposals(params: Any) -> dict[str, list[str]]:
    return {"proposals": []}


if __name__ == "__main__":
    server.start_io()
