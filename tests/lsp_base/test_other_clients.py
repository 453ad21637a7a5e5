"""The real daemon before a client that is not ours: pytest-lsp, with the capabilities of real editors."""

from __future__ import annotations

import os
import sys

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

EDITORS = ("neovim", "emacs", "visual-studio-code")


@pytest_lsp.fixture(
    config=ClientServerConfig(server_command=[sys.executable, "-m", "halley", "serve"]), params=EDITORS
)
async def editor(request, lsp_client: LanguageClient):
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None: ...

    @lsp_client.feature("halley/status")
    def status(*_: object) -> None: ...

    lsp_client.said = await lsp_client.initialize_session(
        types.InitializeParams(process_id=os.getpid(), capabilities=client_capabilities(request.param))
    )
    yield
    await lsp_client.shutdown_session()


async def test_the_answer_is_what_lsprotocol_expects(editor: LanguageClient):
    said: types.InitializeResult = editor.said
    assert said.server_info and said.server_info.name == "halley"
    sync = said.capabilities.text_document_sync
    assert isinstance(sync, types.TextDocumentSyncOptions)
    assert sync.open_close and sync.change == types.TextDocumentSyncKind.Incremental
    assert isinstance(said.capabilities.code_action_provider, types.CodeActionOptions)
    assert said.capabilities.inline_completion_provider
    assert "halley.run" in said.capabilities.execute_command_provider.commands


async def test_documents_and_wrong_requests(editor: LanguageClient):
    item = types.TextDocumentItem("untitled:a", "python", 1, "x = 1\n")
    editor.text_document_did_open(types.DidOpenTextDocumentParams(item))
    with pytest.raises(JsonRpcException) as failed:
        await editor.workspace_execute_command_async(types.ExecuteCommandParams("no.such.command"))
    assert failed.value.code == -32602
    with pytest.raises(JsonRpcException) as failed:
        await editor.protocol.send_request_async("halley/no/such", {})
    assert failed.value.code == -32601
