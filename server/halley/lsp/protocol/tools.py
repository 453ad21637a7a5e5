"""Tools a model may ask for: which there are, which are on, which calls the person agreed to.

A tool belongs to a server: one the person has configured (`tools.servers`, the Model Context Protocol), or `halley`,
which is built in and only reads. Every call is asked about unless the person said "always" to exactly its kind before.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.shape import Request, Shape

SwitchScope = Literal["chat", "workspace", "user"]


class ToolsListParams(Shape):
    """`uri` tells which workspace, `chat_id` which chat the switches are of."""

    uri: str | None = None
    chat_id: str | None = None


class ToolArgument(Shape):
    """An argument of a server's prompt."""

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
    """Something a server lets one read: `#server:uri` in a chat."""

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
    """What holds: a server's own word counts only where the person trusts the server."""
    enabled: bool
    """What holds here, its server's switch and the one for all tools included."""
    scope: Literal["chat", "workspace", "user", "default"]
    """Where that was decided."""
    asks: bool
    """False: it runs without asking (built in, it reads what models may see anyway)."""
    schema_: dict[str, Any] = Field(alias="schema")
    """JSON Schema of its arguments."""


class ToolServer(Shape):
    """`state` is `off` until it is needed for the first time, and while it is switched off."""

    name: str
    title: str
    state: Literal["off", "starting", "ready", "failed"]
    problem: str | None = None
    """Why it failed, or what changed about it, in a sentence or two."""
    enabled: bool
    scope: Literal["chat", "workspace", "user", "default"]
    trusted: bool
    transport: Literal["builtin", "stdio", "http"]
    tools: list[ToolEntry] = []
    prompts: list[ToolPrompt] = []
    resources: list[ToolResource] = []


class ToolApproval(Shape):
    """A standing yes: this tool with arguments of this shape, in this workspace, until anything of it changes."""

    id: str
    server: str
    tool: str
    shape: str
    """The arguments' names and kinds, as a person reads them: `path: string`."""
    workspace: str
    created: str


class ToolsList(Shape):
    off: bool
    """All tools are off here."""
    scope: Literal["chat", "workspace", "user", "default"]
    """Where `off` was decided."""
    servers: list[ToolServer]
    approvals: list[ToolApproval]


class ToolsSetParams(Shape):
    """With neither `server` nor `tool` it is about all of them; `enabled` null forgets what was set at this scope."""

    server: str | None = None
    tool: str | None = None
    enabled: bool | None = None
    scope: SwitchScope = "workspace"
    chat_id: str | None = None
    uri: str | None = None


class ToolsForgetParams(Shape):
    """Revokes standing yeses: one by `id`, those of a server or of one of its tools, or (with nothing) all of the
    workspace's."""

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


class ToolApproveParams(Shape):
    """One call that waits for a yes. All of it is as the model and the server wrote it: show it as plain text."""

    chat_id: str
    turn_id: str
    reply_id: str
    call_id: str
    server: str
    tool: str
    title: str
    arguments: dict[str, Any]
    arguments_text: str
    """The same as indented JSON, invisible characters written out."""
    read_only: bool
    changed: str | None = None
    """Why a standing yes does not hold any more: what is different from then."""
    always: bool = True
    """Whether "always in this workspace" can be answered; without a workspace it cannot."""


class ToolApproved(Shape):
    """No answer, an error, and anything else count as `deny`."""

    decision: Literal["once", "always", "deny"]


REQUESTS: dict[str, Request] = {
    "halley/tools/list": Request(
        ToolsListParams, ToolsList, "The tools there are, which are on here, and what was agreed to for good."
    ),
    "halley/tools/set": Request(
        ToolsSetParams,
        ToolsList,
        "Switches all tools, a server or one tool on or off, for a chat, a workspace or the user.",
    ),
    "halley/tools/forget": Request(
        ToolsForgetParams, ToolsForgotten, "Takes back what was agreed to for good."
    ),
    "halley/tools/restart": Request(ToolsRestartParams, ToolsList, "Ends a server and starts it anew."),
    "halley/tools/approve": Request(
        ToolApproveParams,
        ToolApproved,
        "May this tool be called with these arguments? Only where the client declared `experimental.halley.tools`; the "
        "others are asked by `window/showMessageRequest`.",
        to_client=True,
    ),
}
