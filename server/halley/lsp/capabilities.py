"""What Halley says of itself in the answer to `initialize`, as plain dicts.

Pure: the client's parameters in, the `InitializeResult` out. No lsprotocol here, nor anything else that takes
time to import, because an editor waits for this answer before anything else. A test holds that it is what the
composed server would say: every provider named here has its handler, every command its function, and pygls's
own builder, given the registered handlers, arrives at the same document.

To announce a new feature: add it here and register its handler.
"""

from __future__ import annotations

from typing import Any

from halley.version import __version__

PROTOCOL_VERSION = 1

CODE_ACTION_KINDS = (
    "quickfix.halley.fix",
    "quickfix.halley.accept",
    "quickfix.halley.discard",
    "quickfix.halley.stop",
    "quickfix.halley.review",
    "refactor.halley.next",
    "halley.explain",
    "halley.explain.diagnostic",
    "refactor.rewrite.halley",
    "refactor.halley.tests",
)

COMMANDS = (
    "halley.run",
    "halley.chat",
    "halley.models.list",
    "halley.models.select",
    "halley.models.favourite",
    "halley.providers.verify",
    "halley.usage",
    "halley.macros.run",
    "halley.tools.list",
    "halley.tools.set",
    "halley.tools.forget",
    "halley.tools.restart",
    "halley.tools.signIn",
    "halley.tools.signOut",
    "halley.proposals.accept",
    "halley.proposals.discard",
    "halley.completion.accepted",
    "halley.nextEdit.accepted",
    "halley.nextEdit.rejected",
    "halley.nextEdit.apply",
    "halley.media.start",
    "halley.media.list",
    "halley.media.get",
    "halley.media.cancel",
    "halley.media.choose",
    "halley.media.save",
    "halley.media.remove",
    "halley.search",
    "halley.index.status",
    "halley.index.control",
    "halley.commit",
    "halley.review",
    "halley.review.fix",
    "halley.review.clear",
    "halley.doctor",
    "halley.stop",
)

NOTEBOOKS: dict[str, Any] = {"notebookSelector": [{"notebook": "*"}], "save": True}
"""`notebookDocumentSync`: all cells of all notebooks, markup too."""

ENCODINGS = ("utf-32", "utf-8", "utf-16")
"""Best first: a Python string counts code points, so utf-32 positions are indices."""


def build_initialize_result(params: dict[str, Any]) -> dict[str, Any]:
    """The `InitializeResult` for a client that sent these `InitializeParams`."""
    return {
        "capabilities": build_capabilities(params),
        "serverInfo": {"name": "halley", "version": __version__},
    }


def build_capabilities(params: dict[str, Any]) -> dict[str, Any]:
    """The `ServerCapabilities`."""
    client = params.get("capabilities")
    capabilities: dict[str, Any] = {
        "positionEncoding": choose_encoding(client),
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "codeActionProvider": _code_actions(client),
        "codeLensProvider": {"resolveProvider": False},
        "executeCommandProvider": {"commands": list(COMMANDS), "workDoneProgress": True},
        "inlineCompletionProvider": {},
        "workspace": _workspace(client),
        "experimental": {"halley": {"version": __version__, "protocol": PROTOCOL_VERSION}},
    }
    if look_up(client, "notebookDocument") is not None:
        capabilities["notebookDocumentSync"] = NOTEBOOKS
    if wants_list_completion(params):
        capabilities["completionProvider"] = {"resolveProvider": False}
    if wants_static_formatting(params):
        capabilities["documentFormattingProvider"] = True
        capabilities["documentRangeFormattingProvider"] = True
    return capabilities


def choose_encoding(client: Any) -> str:
    """The position encoding both sides know; utf-16 where the client names none."""
    offered = look_up(client, "general.positionEncodings")
    known = [e for e in ENCODINGS if isinstance(offered, list) and e in offered]
    return known[0] if known else "utf-16"


def wants_list_completion(params: dict[str, Any]) -> bool:
    """Whether suggestions go into the ordinary list: for clients without ghost text, or by setting."""
    ghost_text = look_up(params.get("capabilities"), "textDocument.inlineCompletion")
    wanted = look_up(params.get("initializationOptions"), "settings.completion.list")
    return ghost_text is None or wanted is True


def wants_static_formatting(params: dict[str, Any]) -> bool:
    """Whether formatting is announced here. Where the client takes registrations it is registered later, by setting."""
    dynamic = look_up(params.get("capabilities"), "textDocument.formatting.dynamicRegistration")
    enabled = look_up(params.get("initializationOptions"), "settings.format.enabled")
    return dynamic is not True and enabled is True


def look_up(value: Any, path: str) -> Any:
    """The value at a dotted path of nested dicts, or None where there is no such thing."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _code_actions(client: Any) -> Any:
    """Options only where the client knows code action literals, as the specification asks."""
    if look_up(client, "textDocument.codeAction.codeActionLiteralSupport") is None:
        return True
    return {"codeActionKinds": list(CODE_ACTION_KINDS), "resolveProvider": False}


def _workspace(client: Any) -> dict[str, Any]:
    workspace: dict[str, Any] = {"workspaceFolders": {"supported": True, "changeNotifications": True}}
    if look_up(client, "workspace.textDocumentContent") is not None:
        workspace["textDocumentContent"] = {"schemes": ["halley"]}
    return workspace
