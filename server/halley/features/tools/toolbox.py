"""What is offered for one reply: the tools that are on, under the names a model calls them by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from halley.core.calls import Tool
from halley.core.settings import Settings
from halley.engine.edits.hunks import Hunk
from halley.engine.prompting.tool_text import tidy_description
from halley.engine.tool_calls import wire_names
from halley.features.tools.builtin import BUILTIN_TOOLS, ToolPlace, run_builtin
from halley.features.tools.servers import ToolServers
from halley.features.tools.switches import BUILTIN, Switches
from halley.mcp.connection import ServerConnection
from halley.mcp.values import CallHelp, Outcome, RemoteTool

PATIENCE_S = 4.0
"""How long a reply waits for servers that are starting; then it goes without them."""
MOST_TOOLS = 120
"""Hosts take 128 at most."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is checked and ready: what `run` does is what the user sees of it.

    `diff` or `command` is shown beside the arguments. `why` is a reason to look closely.
    """

    run: Callable[[float], Awaitable[Outcome]]
    """(seconds it may take); raises ToolFailed."""
    asks: bool = True
    always: bool = True
    """Whether an approval may hold for further calls, and one given before holds for this."""
    shape: str = ""
    """What such an approval is for, in readable form; the shape of the arguments where it is empty."""
    why: str = ""
    diff: str = ""
    command: str = ""
    hunks: tuple[Hunk, ...] = ()
    """Of an edit: the parts that can be approved by themselves."""
    part: Callable[[frozenset[int]], Prepared] | None = None
    """The call with only these of its hunks."""


@dataclass(frozen=True, slots=True)
class OnlyHunks:
    """Approval of a call, once, with these of its hunks and no others; at least one is missing."""

    hunks: frozenset[int]


Agreed = bool | OnlyHunks


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """One tool. `asks`: each call needs approval. A permanent approval is bound to `command` and `schema_hash`."""

    server: str
    name: str
    wire: str
    title: str
    description: str
    schema: Mapping[str, Any]
    read_only: bool
    asks: bool
    command: str
    schema_hash: str
    run: Callable[[Mapping[str, Any], float], Awaitable[Outcome]]
    """(arguments, seconds it may take); raises ToolFailed."""
    prepare: Callable[[Mapping[str, Any], str], Awaitable[Prepared]] | None = None
    """(arguments, the call's ID): for a tool of an agent, instead of `run`. Raises HalleyError for what is not done."""
    repeats: bool = True
    """Whether the same call with the same result may be meant, as for a command; not for an edit."""

    def as_tool(self) -> Tool:
        return Tool(self.wire, self.description or self.title, self.schema)


def own_tool(
    tool: RemoteTool,
    run: Callable[[Mapping[str, Any], float], Awaitable[Outcome]] | None = None,
    prepare: Callable[[Mapping[str, Any], str], Awaitable[Prepared]] | None = None,
    *,
    read_only: bool = True,
    repeats: bool = True,
) -> OfferedTool:
    """A tool of Halley's own, under its own name. One that only reads is not asked about. `run` is left out where
    `prepare` makes what is run."""
    return OfferedTool(
        BUILTIN, tool.name, tool.name, tool.title, tool.description, tool.schema, read_only, not read_only, BUILTIN,
        tool.fingerprint, run or _run_unprepared, prepare, repeats,
    )  # fmt: skip


async def _run_unprepared(_arguments: Mapping[str, Any], _limit_s: float) -> Outcome:
    raise AssertionError("this tool runs what was prepared")


@dataclass(frozen=True, slots=True)
class Toolbox:
    tools: Mapping[str, OfferedTool]
    """By the name a model calls it by."""
    notices: tuple[str, ...] = ()


async def open_toolbox(
    servers: ToolServers,
    switches: Switches,
    place: ToolPlace | None,
    patience_s: float = PATIENCE_S,
    help_for: Callable[[str], CallHelp] | None = None,
) -> Toolbox:
    """The tools that are on here. Servers that are needed are started; one that fails is reported and skipped.
    `help_for(server)` answers what a server asks while its tool runs."""
    settings = switches.settings
    if not switches.all().enabled:
        return Toolbox({})
    found: list[tuple[str, RemoteTool, ServerConnection | None]] = []
    if place is not None and switches.uses(BUILTIN):
        found += [(BUILTIN, tool, None) for tool, _ in BUILTIN_TOOLS.values()]
    wanted = [name for name in settings.tools.servers if switches.uses(name)]
    notices: list[str] = []
    for name, connection in (await servers.ready(settings, wanted, patience_s)).items():
        if connection.state == "ready":
            found += [(name, tool, connection) for tool in connection.offer.tools]
        elif connection.state == "starting":
            notices.append(f"The tool server {name} is still starting; its tools are not offered this time.")
        else:
            notices.append(
                f"The tool server {name} does not work, so its tools are not offered: {connection.problem}"
            )
    on = [row for row in found if switches.tool(row[0], row[1].name).enabled]
    if len(on) > MOST_TOOLS:
        notices.append(
            f"{len(on)} tools are on; the first {MOST_TOOLS} are offered. Switch off what is not needed."
        )
    names = wire_names((server, tool.name) for server, tool, _ in on[:MOST_TOOLS])
    offered = [
        _offered(server, tool, names[server, tool.name], connection, settings, place, help_for)
        for server, tool, connection in on[:MOST_TOOLS]
    ]
    return Toolbox({tool.wire: tool for tool in offered}, tuple(notices))


def _offered(
    server: str,
    tool: RemoteTool,
    wire: str,
    connection: ServerConnection | None,
    settings: Settings,
    place: ToolPlace | None,
    help_for: Callable[[str], CallHelp] | None,
) -> OfferedTool:
    # Made for every reply, so what runs is a `partial`: a function in here would bring a cell for all it knows.
    if connection is None:
        assert place is not None
        read_only, run = tool.read_only, partial(_run_builtin, place, tool.name)
    else:
        read_only = settings.tools.servers[server].trusted and tool.read_only
        run = partial(_run_remote, connection, tool.name, help_for and help_for(server))
    return OfferedTool(
        server,
        tool.name,
        wire,
        tidy_description(tool.title)[:200] or tool.name,
        tidy_description(tool.description),
        tool.schema,
        read_only,
        not read_only,
        connection.spec.fingerprint if connection else BUILTIN,
        tool.fingerprint,
        run,
    )


async def _run_builtin(place: ToolPlace, name: str, arguments: Mapping[str, Any], _limit_s: float) -> Outcome:
    return await run_builtin(place, name, arguments)


async def _run_remote(
    connection: ServerConnection,
    name: str,
    help: CallHelp | None,
    arguments: Mapping[str, Any],
    limit_s: float,
) -> Outcome:
    return await connection.call(name, arguments, limit_s, help)
