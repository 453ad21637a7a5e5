"""What is announced is what is there: the document of `initialize` against the composed server and against pygls."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.lsp.capabilities import COMMANDS, NOTEBOOKS, build_capabilities, build_initialize_result
from halley.lsp.server import compose
from halley.version import __version__

MODERN: dict[str, Any] = {
    "capabilities": {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "workspace": {"textDocumentContent": {"dynamicRegistration": True}},
        "textDocument": {
            "inlineCompletion": {},
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
            "formatting": {"dynamicRegistration": True},
        },
        "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
        "window": {"workDoneProgress": True},
    }
}
PLAIN: dict[str, Any] = {
    "capabilities": {},
    "initializationOptions": {"settings": {"format": {"enabled": True}}},
}

PROVIDERS = {
    "codeActionProvider": ["textDocument/codeAction"],
    "codeLensProvider": ["textDocument/codeLens"],
    "completionProvider": ["textDocument/completion"],
    "documentFormattingProvider": ["textDocument/formatting"],
    "documentRangeFormattingProvider": ["textDocument/rangeFormatting"],
    "executeCommandProvider": ["workspace/executeCommand"],
    "inlineCompletionProvider": ["textDocument/inlineCompletion"],
    "notebookDocumentSync": [f"notebookDocument/did{what}" for what in ("Open", "Change", "Close", "Save")],
    "textDocumentSync": [f"textDocument/did{what}" for what in ("Open", "Change", "Close", "Save")],
}
NO_HANDLER_OF_THEIR_OWN = {"positionEncoding", "workspace", "experimental"}


@pytest.fixture
def composed():
    """The server as it is shipped."""
    server = compose(Shared(EngineRoom.open()))
    server.complete()
    return server


def registered(server) -> set[str]:
    return {*server.protocol.fm.features, *server.protocol.fm.builtin_features}


@pytest.mark.parametrize("params", [MODERN, PLAIN], ids=["modern", "plain"])
def test_everything_announced_is_there(composed, params):
    for provider in build_capabilities(params).keys() - NO_HANDLER_OF_THEIR_OWN:
        missing = set(PROVIDERS[provider]) - registered(composed)
        assert not missing, f"{provider} is announced without a handler for {missing}"


def test_everything_there_is_announced(composed):
    announced = build_capabilities(MODERN).keys() | build_capabilities(PLAIN).keys()
    for provider, methods in PROVIDERS.items():
        if registered(composed) & set(methods):
            assert provider in announced


def test_the_commands_are_the_registered_ones(composed):
    assert set(COMMANDS) == set(composed.protocol.fm.commands)


@pytest.mark.parametrize("params", [MODERN, PLAIN], ids=["modern", "plain"])
def test_it_is_what_pygls_says_of_the_composed_server(composed, params):
    """pygls's builder is given our handlers and options. What it cannot know is named here, nothing else differs."""
    from lsprotocol import types
    from pygls.capabilities import ServerCapabilitiesBuilder

    from halley.lsp.base.converter import from_json, to_json

    ours = build_capabilities(params)
    features = composed.protocol.fm
    built = ServerCapabilitiesBuilder(
        from_json(params["capabilities"], types.ClientCapabilities),
        registered(composed),
        features.feature_options,
        list(features.commands),
        types.TextDocumentSyncKind.Incremental,
        from_json(NOTEBOOKS, types.NotebookDocumentSyncOptions),
        ours["positionEncoding"],  # pygls takes the client's first, we the cheapest
    ).build()
    theirs = to_json(built)
    if ours["codeActionProvider"] is True:  # for clients that know no code action literals
        theirs["codeActionProvider"] = True
    theirs["executeCommandProvider"]["commands"].sort()
    ours["executeCommandProvider"]["commands"].sort()
    theirs["workspace"].pop("fileOperations")  # pygls announces an empty one
    theirs["workspace"] |= {k: v for k, v in ours["workspace"].items() if k == "textDocumentContent"}
    theirs["experimental"] = ours["experimental"]
    theirs["executeCommandProvider"]["workDoneProgress"] = True
    for kept_back in ("completionProvider", "documentFormattingProvider", "documentRangeFormattingProvider"):
        if kept_back not in ours:  # it depends on client and settings, and may be registered later
            theirs.pop(kept_back, None)
    assert ours == theirs


@pytest.mark.parametrize("params", [MODERN, PLAIN], ids=["modern", "plain"])
async def test_the_front_and_the_server_say_the_same(params, start):
    """`initialize` as the first word is answered before there is a server; after another word, by the server."""
    early = await start(halley=True)
    late = await start(halley=True)
    await late.error("halley/none")
    params = {"processId": None, "rootUri": None, **params}
    expected = build_initialize_result(params)
    assert await early.result("initialize", params) == expected
    assert await late.result("initialize", params) == expected


def test_the_front_imports_nothing_heavy():
    code = "import sys, halley.lsp.server, halley.lsp.base.front; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"asyncio", "logging", "orjson", "pydantic", "pygls", "lsprotocol", "dataclasses", "inspect"}
    assert not heavy & set(modules)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-7"], "utf-16"),
        (["utf-16", "utf-8"], "utf-8"),
        (["utf-8", "utf-16", "utf-32"], "utf-32"),
        ("utf-8", "utf-16"),
    ],
)
def test_position_encodings(offered, chosen):
    params = {"capabilities": {"general": {"positionEncodings": offered}}}
    assert build_capabilities(params)["positionEncoding"] == chosen


@pytest.mark.parametrize(
    "params", [{}, {"capabilities": None}, {"capabilities": {"general": 3, "workspace": []}}]
)
def test_a_client_that_says_nothing_useful(params):
    result = build_initialize_result(params)
    assert result["serverInfo"] == {"name": "halley", "version": __version__}
    assert result["capabilities"]["codeActionProvider"] is True
    assert "completionProvider" in result["capabilities"]
    assert "documentFormattingProvider" not in result["capabilities"]
    assert "textDocumentContent" not in result["capabilities"]["workspace"]
    assert result["capabilities"]["experimental"]["halley"]["protocol"] == 1
