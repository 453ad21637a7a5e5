"""The other side: tools of ours for other programs, over stdin and stdout."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from halley.mcp.values import Outcome, RemoteTool

Run = Callable[[str, Mapping[str, Any]], Awaitable[Outcome]]
"""(tool, arguments) → what it says. Never raises."""


async def serve_tools(
    name: str, version: str, instructions: str, tools: Sequence[RemoteTool], run: Run
) -> None:
    """Serves until stdin ends."""
    import mcp_types as types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    listed = [
        types.Tool(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            input_schema=dict(tool.schema),
            annotations=types.ToolAnnotations(title=tool.title, read_only_hint=tool.read_only),
        )
        for tool in tools
    ]
    known = {tool.name for tool in tools}

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(_context: Any, params: Any) -> types.CallToolResult:
        outcome = (
            await run(params.name, params.arguments or {})
            if params.name in known
            else Outcome(f"There is no tool {params.name}.", failed=True)
        )
        content: list[Any] = [types.TextContent(type="text", text=outcome.text)]
        return types.CallToolResult(content=content, is_error=outcome.failed)

    server: Any = Server(
        name, version=version, instructions=instructions, on_list_tools=list_tools, on_call_tool=call_tool
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
