"""Tools that models may call: the list, the switches and the approvals.

A tool belongs to a server: an MCP server the user configured (`tools.servers`), or `halley`, which is built in and
only reads. Every call needs approval unless the user chose "always" for exactly its kind before.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.common import Empty, Position, Range, TextDocument
from halley.lsp.protocol.shape import RequestShape, Shape

SwitchScope = Literal["chat", "workspace", "user"]


class ToolsListParams(Shape):
    """`uri` selects the workspace and `chat_id` the chat whose switches are shown."""

    uri: str | None = None
    chat_id: str | None = None


class ToolArgument(Shape):
    """An argument of an MCP prompt."""

    name: str
    description: str = ""
    required: bool = False


class ToolPrompt(Shape):
    """A prompt that a server offers: `/server.name` in a chat."""

    name: str
    title: str
    description: str
    arguments: list[ToolArgument] = []


class ToolResource(Shape):
    """A readable resource of a server: `#server:uri` in a chat."""

    uri: str
    name: str
    title: str
    description: str
    mime: str | None = None


class ToolEntry(Shape):
    name: str
    title: str
    description: str
    read_only: bool
    """The effective value: a server's annotation counts only if the user trusts the server."""
    enabled: bool
    """The effective value, including the switches for its server and for all tools."""
    scope: Literal["chat", "workspace", "user", "default"]
    """The scope that set `enabled`."""
    asks: bool
    """False if it runs without approval, as the built-in tools do: they read only what models may see."""
    schema_: dict[str, Any] = Field(alias="schema")
    """JSON Schema of its arguments."""


class ToolServer(Shape):
    """`state` is `off` until the server is first needed, and while it is switched off."""

    name: str
    title: str
    state: Literal["off", "starting", "ready", "failed"]
    problem: str | None = None
    """Why it failed, or what changed, in a sentence or two."""
    enabled: bool
    scope: Literal["chat", "workspace", "user", "default"]
    trusted: bool
    transport: Literal["builtin", "stdio", "http"]
    tools: list[ToolEntry] = []
    prompts: list[ToolPrompt] = []
    resources: list[ToolResource] = []


class ToolApproval(Shape):
    """A permanent approval of a tool, for arguments of this shape in this workspace, until anything about it
    changes."""

    id: str
    server: str
    tool: str
    shape: str
    """The arguments' names and types in readable form: `path: string`."""
    workspace: str
    created: str


class ToolsList(Shape):
    off: bool
    """All tools are off."""
    scope: Literal["chat", "workspace", "user", "default"]
    """The scope that set `off`."""
    servers: list[ToolServer]
    approvals: list[ToolApproval]


class ToolsSetParams(Shape):
    """Without `server` and `tool`, all tools are meant. `enabled: null` removes the setting at this scope."""

    server: str | None = None
    tool: str | None = None
    enabled: bool | None = None
    scope: SwitchScope = "workspace"
    chat_id: str | None = None
    uri: str | None = None


class ToolsForgetParams(Shape):
    """Revokes permanent approvals: one by `id`, those of a server or of one of its tools, or without any field all
    of the workspace's."""

    id: str | None = None
    server: str | None = None
    tool: str | None = None
    uri: str | None = None


class ToolsForgotten(Shape):
    forgotten: int


class ToolsRestartParams(Shape):
    server: str
    uri: str | None = None
    chat_id: str | None = None


class ToolsSignParams(Shape):
    """A server that is a host, by its name in `tools.servers`."""

    server: str
    uri: str | None = None


class ToolsSigned(Shape):
    text: str
    """What came of it, in a sentence."""


class ApproveHunk(Shape):
    """Whole lines of an edit. `line` counts from 0, in the text before."""

    line: int
    old_text: str
    new_text: str


class ToolApproveParams(Shape):
    """A call that waits for approval. The fields are as the model and the server wrote them: show them as plain
    text."""

    chat_id: str
    turn_id: str
    reply_id: str
    call_id: str
    server: str
    tool: str
    title: str
    arguments: dict[str, Any]
    arguments_text: str
    """The same as indented JSON, with invisible characters escaped."""
    read_only: bool
    changed: str | None = None
    """Why a permanent approval no longer applies: what has changed since."""
    always: bool = True
    """Whether "always in this workspace" can be chosen; without a workspace it cannot."""
    chat: bool = False
    """Whether "for this chat" can be chosen."""
    diff: str | None = None
    """What an edit does, as a unified diff: show it instead of the arguments."""
    command: str | None = None
    """What is run, or the plan to work through: show it instead of the arguments."""
    why: str | None = None
    """A reason to look closely, such as a protected file."""
    hunks: list[ApproveHunk] | None = None
    """What `diff` is made of: the answer may approve some of them. Absent where a call can only be made whole."""


class ToolApproved(Shape):
    """No answer, an error, and anything else count as `deny`. `chat`: for the rest of this chat."""

    decision: Literal["once", "chat", "always", "deny"]
    hunks: list[int] | None = None
    """The approved hunks, by their place in the request's `hunks` from 0; without it, all. Fewer than all are applied
    this once, whatever else the decision says, and the model learns which were refused. An empty list denies the
    call."""


class ToolAskParams(Shape):
    """A field of a tool server's form. Show both as plain text, and what is written as it is: it is no password."""

    title: str
    """Names the server."""
    prompt: str


class ToolAsked(Shape):
    text: str | None = None
    """Empty skips a field that may be left out; null, as where the box was closed, cancels the form."""


class AgentSaveParams(Shape):
    """Files whose only unsaved changes are an agent's, before a command is run that would not see them."""

    uris: list[str]


class LanguageToolsParams(Shape):
    """`definitions`, `references`, `hover`, `actions` and `rename` have a `position`, `symbols` a `query`. `actions`
    lists code actions; with a `title` it asks for the edits of that one. `settle`, for `diagnostics`: the text has just
    changed, so wait for news of the language servers, two seconds at most."""

    kind: Literal["definitions", "references", "hover", "symbols", "diagnostics", "rename", "actions"]
    text_document: TextDocument | None = None
    position: Position | None = None
    query: str | None = None
    new_name: str | None = None
    """For `rename`. Nothing is changed yet: the answer has the edits."""
    title: str | None = None
    """For `actions`, as listed. Nothing is changed or run: the answer has the edits."""
    settle: bool = False


class LanguageLocation(Shape):
    uri: str
    range: Range
    name: str | None = None
    """Of a symbol."""


class LanguageDiagnostic(Shape):
    """`severity` as in LSP: 1 error, 2 warning, 3 information, 4 hint."""

    range: Range
    message: str
    severity: int | None = None
    source: str | None = None


class LanguageTextEdit(Shape):
    range: Range
    new_text: str


class LanguageFileEdits(Shape):
    """All edits of one file, in the text it has now."""

    uri: str
    edits: list[LanguageTextEdit]


class LanguageCodeAction(Shape):
    """`runs`: it runs a command instead of editing, so it cannot be asked for by its title."""

    title: str
    kind: str | None = None
    runs: bool | None = None


class LanguageToolsAnswer(Shape):
    """From the other language servers of the editor, not from Halley itself."""

    locations: list[LanguageLocation] | None = None
    text: str | None = None
    """What hovering shows, as Markdown. For `rename` and actions: why there are no edits, such as files
    that would move."""
    diagnostics: list[LanguageDiagnostic] | None = None
    edits: list[LanguageFileEdits] | None = None
    """What renames the symbol, or what the action does, in all files. Halley shows, checks and makes them."""
    actions: list[LanguageCodeAction] | None = None
    """Without Halley's own."""


REQUESTS: dict[str, RequestShape] = {
    "halley/tools/list": RequestShape(
        ToolsListParams, ToolsList, "All tools, which of them are on, and the permanent approvals."
    ),
    "halley/tools/set": RequestShape(
        ToolsSetParams,
        ToolsList,
        "Switches all tools, a server or one tool on or off, for a chat, a workspace or the user.",
    ),
    "halley/tools/forget": RequestShape(ToolsForgetParams, ToolsForgotten, "Revokes permanent approvals."),
    "halley/tools/restart": RequestShape(ToolsRestartParams, ToolsList, "Restarts a server."),
    "halley/tools/signIn": RequestShape(
        ToolsSignParams,
        ToolsSigned,
        "Signs in to a server: opens the sign-in page by `window/showDocument` and waits until the user is done there. "
        "Cancel it to stop waiting.",
    ),
    "halley/tools/signOut": RequestShape(ToolsSignParams, ToolsSigned, "Forgets what a sign-in gave."),
    "halley/tools/approve": RequestShape(
        ToolApproveParams,
        ToolApproved,
        "Asks the user to approve a tool call. Sent only if the client declared `experimental.halley.tools`; "
        "other clients get a `window/showMessageRequest`.",
        to_client=True,
    ),
    "halley/tools/ask": RequestShape(
        ToolAskParams,
        ToolAsked,
        "Asks the user for a line of text, for a form of a tool server. Sent only if the client declared "
        "`experimental.halley.inputs`; other clients decline forms with such fields.",
        to_client=True,
    ),
    "halley/agent/save": RequestShape(
        AgentSaveParams,
        Empty,
        "Saves open files. Sent only if the client declared `experimental.halley.saves`.",
        to_client=True,
    ),
    "halley/language/ask": RequestShape(
        LanguageToolsParams,
        LanguageToolsAnswer,
        "Asks the editor's other language servers. Sent only if the client declared "
        "`experimental.halley.languageTools`.",
        to_client=True,
    ),
}
