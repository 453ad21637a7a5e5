"""MCP servers that a client names for a session: started like the user's own, asked about like them, never stored."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from halley.acp.errors import INVALID_PARAMS, RpcError
from halley.core.settings import ToolServerSettings

Json = dict[str, Any]


def read_servers(given: list[Any]) -> dict[str, ToolServerSettings]:
    """By name. Raises RpcError (invalid params) for what is no server, or one that speaks SSE."""
    found: dict[str, ToolServerSettings] = {}
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise RpcError(INVALID_PARAMS, "An MCP server needs a name.")
        found[_name(one["name"], found)] = _settings(one)
    return found


def _name(given: str, taken: dict[str, ToolServerSettings]) -> str:
    """As names of servers are written in settings. `halley` is that of the built-in tools."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", given.lower()).strip("-_")[:30] or "server"
    plain = f"{plain}-mcp" if plain == "halley" else plain
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name


def _settings(one: Json) -> ToolServerSettings:
    kind = one.get("type", "stdio")
    try:
        if kind == "http":
            headers = {row["name"]: row["value"] for row in one.get("headers") or ()}
            return ToolServerSettings(url=one["url"], headers=headers)
        if kind == "stdio":
            env = {row["name"]: row["value"] for row in one.get("env") or ()}
            return ToolServerSettings(command=one["command"], args=tuple(one.get("args") or ()), env=env)
    except (ValidationError, KeyError, TypeError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "a field is missing"
        raise RpcError(INVALID_PARAMS, f"The MCP server {one['name'][:80]} cannot be used: {why}.") from None
    raise RpcError(
        INVALID_PARAMS,
        f"The MCP server {one['name'][:80]} speaks {str(kind)[:20]}; Halley speaks stdio and http.",
    )
