"""What is imported when: the start of an editor waits for every module."""

from __future__ import annotations

import sys

from rawclient import RawClient, frame

URI = "file:///sample.py"
INITIALIZE = {
    "processId": None,
    "rootUri": None,
    "capabilities": {
        "textDocument": {
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["refactor"]}}}
        }
    },
}
OPENED = {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": "def f():\n    pass\n"}}
CURSOR = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}

PACKAGES_AT_INITIALIZE = {
    *("annotated_types", "attr", "attrs", "cattrs", "halley", "lsprotocol", "orjson", "pydantic"),
    *("pydantic_core", "pygls", "typing_extensions", "typing_inspection"),
}
"""Outside the standard library, all that the daemon needs to begin a window."""
PACKAGES_FOR_ACTIONS = {"tree_sitter", "tree_sitter_python"}
"""What listing actions for a Python file adds."""

NOT_YET = (
    "halley.cli.",
    "halley.core.calls",
    "halley.core.media",
    "halley.core.team",
    "halley.engine.meaning",
    "halley.engine.prompting.templates",
    "halley.engine.replies",
    "halley.engine.typing",
    "halley.features.chat",
    "halley.features.completion.",
    "halley.features.context",
    "halley.features.macros.pipeline",
    "halley.features.media",
    "halley.features.search",
    "halley.features.tools",
    "halley.lsp.protocol",
    "halley.lsp.window.delivery",
    "halley.mcp",
    "halley.providers.hosts",
    "halley.providers.http",
    "halley.providers.stream",
    "halley.providers.wires",
    "halley.routing",
    "halley.simulator",
    "halley.stores.chats",
    "halley.stores.index",
    "halley.stores.keys",
    "halley.stores.ledger",
    "halley.stores.media",
    "halley.stores.sqlite",
    "halley.stores.workspace",
)
"""What only a model's reply, a search, a chat, media or tools need."""

MOST_COMPLETED = 25
"""Of the protocol's 554 classes, those that this conversation uses (22, and three more for other versions)."""


async def test_nothing_is_imported_that_the_first_code_actions_do_not_need(start):
    client = await start("modules_server.py")
    await client.result("initialize", INITIALIZE)
    begun = set(await client.result("halley/modules"))
    listed, completed = (set(answer) for answer in await _with_code_actions(client, "modules", "types"))

    assert _packages(begun) == PACKAGES_AT_INITIALIZE
    assert _packages(listed) == PACKAGES_AT_INITIALIZE | PACKAGES_FOR_ACTIONS
    assert [name for name in sorted(listed) if name.startswith(NOT_YET)] == []
    assert "sqlite3" not in listed
    assert "CodeAction" in completed
    assert len(completed) <= MOST_COMPLETED, sorted(completed)


async def _with_code_actions(client: RawClient, *asked: str) -> list[list[str]]:
    """All in one write, so that nothing that waits for a quiet moment comes between."""
    about = {"textDocument": {"uri": URI}, "range": CURSOR, "context": {"diagnostics": []}}
    messages = [
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": OPENED},
        {"id": "actions", "method": "textDocument/codeAction", "params": about},
        *({"id": name, "method": f"halley/{name}"} for name in asked),
    ]
    await client.send_bytes(b"".join(frame({"jsonrpc": "2.0"} | message) for message in messages))
    assert (await client.answer_to("actions"))["result"], "no code actions"
    return [(await client.answer_to(name))["result"] for name in asked]


def _packages(modules: set[str]) -> set[str]:
    """The top-level names that are neither the standard library's nor an interpreter's own set-up."""
    tops = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    return {top for top in tops if not top.startswith("_")} - {
        "modules_server",
        "sitecustomize",
        "usercustomize",
    }
