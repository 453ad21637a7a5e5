"""What the connected client can do, read from its capabilities once: the letter of what it said, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from halley.lsp.capabilities import choose_encoding, look_up

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """One client. A capability it did not name is one it does not have."""

    name: str
    encoding: str
    apply_edit: bool
    document_changes: bool
    resource_operations: frozenset[str]
    change_annotations: bool
    show_document: bool
    text_document_content: bool
    work_done_progress: bool
    configuration: bool
    action_literals: bool
    action_tags: frozenset[int]
    ghost_text: bool
    """It shows inline completions."""
    diagnostics: bool
    lenses: bool
    refresh_lenses: bool
    dynamic: frozenset[str]
    """Methods it lets the server register later."""
    secrets: bool
    proposals: bool
    chat: bool
    media: bool
    """It shows pictures and plays sound itself, and saves them by `halley/media/save`."""
    tools: bool
    """It shows calls of tools and asks the user itself."""
    inputs: bool
    """It asks the user for a line of text by `halley/tools/ask`."""
    saves: bool
    """It saves files by `halley/agent/save`."""
    language_tools: bool
    """It asks the editor's other language servers by `halley/language/ask`."""
    questions: bool
    """Its `window/showMessageRequest` does not take the keyboard focus, so one may be sent at any time."""
    batched_progress: bool
    """It reads partial results of several requests in one message (`halley/progress`)."""
    asks: bool
    """It has a plugin of ours, which asks the user for an instruction where an action needs one."""

    @classmethod
    def of(cls, params: Json) -> Client:
        """From `InitializeParams`. `initializationOptions.capabilities` adds what the client can do and does not say:
        ALE applies edits, announces that it does not, and leaves its users no other way to correct that."""
        added = look_up(params, "initializationOptions.capabilities")
        its = _merged(params.get("capabilities"), added if isinstance(added, dict) else None)

        def has(path: str) -> bool:
            return look_up(its, path) is True

        return cls(
            name=str(look_up(params, "clientInfo.name") or "an editor"),
            encoding=choose_encoding(its),
            apply_edit=has("workspace.applyEdit"),
            document_changes=has("workspace.workspaceEdit.documentChanges"),
            resource_operations=frozenset(look_up(its, "workspace.workspaceEdit.resourceOperations") or ()),
            change_annotations=look_up(its, "workspace.workspaceEdit.changeAnnotationSupport") is not None,
            show_document=has("window.showDocument.support"),
            text_document_content=look_up(its, "workspace.textDocumentContent") is not None,
            work_done_progress=has("window.workDoneProgress"),
            configuration=has("workspace.configuration"),
            action_literals=look_up(its, "textDocument.codeAction.codeActionLiteralSupport") is not None,
            action_tags=frozenset(look_up(its, "textDocument.codeAction.tagSupport.valueSet") or ()),
            ghost_text=look_up(its, "textDocument.inlineCompletion") is not None,
            diagnostics=look_up(its, "textDocument.publishDiagnostics") is not None,
            lenses=look_up(its, "textDocument.codeLens") is not None,
            refresh_lenses=has("workspace.codeLens.refreshSupport"),
            dynamic=frozenset(_dynamic(its)),
            secrets=has("experimental.halley.secrets"),
            proposals=has("experimental.halley.proposals"),
            chat=has("experimental.halley.chat"),
            media=has("experimental.halley.media"),
            tools=has("experimental.halley.tools"),
            inputs=has("experimental.halley.inputs"),
            saves=has("experimental.halley.saves"),
            language_tools=has("experimental.halley.languageTools"),
            questions=has("experimental.halley.questions"),
            batched_progress=has("experimental.halley.batchedProgress"),
            asks=isinstance(look_up(its, "experimental.halley"), dict),
        )


def _merged(said: Any, added: Any) -> Any:
    """`said` with the values of `added` in their places."""
    if not (isinstance(said, dict) and isinstance(added, dict)):
        return said if added is None else added
    return said | {name: _merged(said.get(name), value) for name, value in added.items()}


_REGISTRABLE = {
    "textDocument/formatting": "textDocument.formatting",
    "textDocument/rangeFormatting": "textDocument.rangeFormatting",
    "textDocument/completion": "textDocument.completion",
    "workspace/didChangeWatchedFiles": "workspace.didChangeWatchedFiles",
    "workspace/didChangeConfiguration": "workspace.didChangeConfiguration",
}


def _dynamic(its: Any) -> list[str]:
    return [
        method for method, path in _REGISTRABLE.items() if look_up(its, f"{path}.dynamicRegistration") is True
    ]
