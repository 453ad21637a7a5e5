"""Tools as people see them: `halley/tools/list`, and switching them. All answers are the protocol's JSON shapes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from halley.core.errors import InvalidInput, Problem
from halley.core.settings import Settings
from halley.engine.markdown.inert import visible
from halley.engine.prompting.tool_text import tidy_description
from halley.features.tools.builtin import BUILTIN_TOOLS
from halley.features.tools.servers import ToolServers
from halley.features.tools.switches import BUILTIN, Switches
from halley.mcp.connection import ServerConnection
from halley.mcp.values import RemoteTool
from halley.stores.config.tool_picks import Approval, ToolPicks

Json = dict[str, Any]


def tools_json(servers: ToolServers, picks: ToolPicks, switches: Switches, root: Path | None) -> Json:
    """Everything in its current state, without starting or waiting for a server."""
    settings, everything = switches.settings, switches.all()
    named = {name: servers.known(name) for name in settings.tools.servers}
    rows = [_builtin(switches, root is not None)]
    rows += [_server(name, connection, switches) for name, connection in named.items()]
    return {
        "off": not everything.enabled,
        "scope": everything.scope,
        "servers": rows,
        "approvals": [approval_json(one, root) for one in picks.approvals(root)] if root else [],
    }


def server_problems(servers: ToolServers, switches: Switches) -> list[Problem]:
    """Servers that are on and failing, as far as they have been tried."""
    found: list[Problem] = []
    for name in filter(switches.uses, switches.settings.tools.servers):
        connection = servers.known(name)
        if connection is not None and connection.state == "failed":
            found.append(
                Problem(
                    "tool_server_failed",
                    f"The tool server {name} does not work: {visible(connection.problem)[:500]}",
                    f"Fix `tools.servers.{name}`, or switch it off: `halley tools off {name}`.",
                    setting=f"tools.servers.{name}",
                )
            )
    return found


def approval_json(approval: Approval, root: Path) -> Json:
    return {
        "id": approval.id,
        "server": approval.server,
        "tool": approval.tool,
        "shape": approval.shape,
        "workspace": str(root),
        "created": datetime.fromtimestamp(approval.created, UTC).isoformat(timespec="seconds"),
    }


def check_known(settings: Settings, servers: ToolServers, server: str | None, tool: str | None) -> None:
    """Raises InvalidInput for a server or tool there is none of. Tools of a server that is not running are believed."""
    if server is None:
        if tool is not None:
            raise InvalidInput(f"Which server has {tool}?", "Name the server too.")
        return
    if server != BUILTIN and server not in settings.tools.servers:
        names = ", ".join((BUILTIN, *settings.tools.servers))
        raise InvalidInput(f"There is no tool server {visible(server)[:80]}.", f"There are: {names}.")
    connection = servers.known(server)
    known = (
        set(BUILTIN_TOOLS)
        if server == BUILTIN
        else {t.name for t in connection.offer.tools}
        if connection
        else set()
    )
    if tool is not None and known and tool not in known:
        raise InvalidInput(
            f"{server} has no tool {visible(tool)[:80]}.", f"It has: {', '.join(sorted(known))}."
        )


def matching(
    approvals: tuple[Approval, ...], id: str | None, server: str | None, tool: str | None
) -> set[str]:
    """The ids of the standing yeses that are meant; with nothing named, all."""
    return {
        one.id
        for one in approvals
        if id in (None, one.id) and server in (None, one.server) and tool in (None, one.tool)
    }


def _builtin(switches: Switches, has_workspace: bool) -> Json:
    switch = switches.server(BUILTIN)
    return {
        "name": BUILTIN,
        "title": "Built in",
        "state": "ready" if switches.uses(BUILTIN) and has_workspace else "off",
        "problem": None if has_workspace else "They need a workspace: open a folder.",
        "enabled": switch.enabled,
        "scope": switch.scope,
        "trusted": True,
        "transport": "builtin",
        "tools": [_tool(BUILTIN, tool, switches, trusted=True) for tool, _ in BUILTIN_TOOLS.values()],
        "prompts": [],
        "resources": [],
    }


def _server(name: str, connection: ServerConnection | None, switches: Switches) -> Json:
    its, switch = switches.settings.tools.servers[name], switches.server(name)
    offer = connection.offer if connection else None
    problem = (connection.problem or connection.note) if connection else ""
    return {
        "name": name,
        "title": name,
        "state": connection.state if connection else "off",
        "problem": visible(problem)[:1000] or None,
        "enabled": switch.enabled,
        "scope": switch.scope,
        "trusted": its.trusted,
        "transport": "stdio" if its.command else "http",
        "tools": [_tool(name, tool, switches, trusted=its.trusted) for tool in offer.tools] if offer else [],
        "prompts": [
            {
                "name": prompt.name,
                "title": _line(prompt.title),
                "description": tidy_description(prompt.description),
                "arguments": [
                    {"name": a.name, "description": tidy_description(a.description), "required": a.required}
                    for a in prompt.arguments
                ],
            }
            for prompt in (offer.prompts if offer else ())
        ],
        "resources": [
            {
                "uri": visible(one.uri),
                "name": _line(one.name),
                "title": _line(one.title),
                "description": tidy_description(one.description),
                "mime": one.mime,
            }
            for one in (offer.resources if offer else ())
        ],
    }


def _tool(server: str, tool: RemoteTool, switches: Switches, *, trusted: bool) -> Json:
    switch = switches.tool(server, tool.name)
    schema: Mapping[str, Any] = tool.schema
    return {
        "name": tool.name,
        "title": _line(tool.title),
        "description": tidy_description(tool.description),
        "readOnly": trusted and tool.read_only,
        "enabled": switch.enabled,
        "scope": switch.scope,
        "asks": not (trusted and tool.read_only),
        "schema": dict(schema),
    }


def _line(text: str) -> str:
    return " ".join(visible(text).split())[:200]
