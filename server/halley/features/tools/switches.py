"""On and off: for all tools, for a server, for one tool; said for a chat, a workspace or everywhere.

The nearest word counts: the chat's before the workspace's before the user's before what is configured. Something is on
only where everything above it is: a tool on a server that is off is off. What the team's policy does
not allow is off, whatever was picked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from halley.core.settings import Settings
from halley.core.team import allows
from halley.stores.config.tool_picks import ALL, ToolPicks

SwitchScope = Literal["chat", "workspace", "user", "default"]
BUILTIN = "halley"
"""The server's name of what is built in."""
NOTHING_SAID: Mapping[str, bool] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Switch:
    enabled: bool
    scope: SwitchScope = "default"


ON, OFF = Switch(True), Switch(False)


@dataclass(frozen=True, slots=True)
class Switches:
    """What holds for one chat."""

    settings: Settings
    chat: Mapping[str, bool] = field(default_factory=dict)
    workspace: Mapping[str, bool] = field(default_factory=dict)
    user: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(
        cls, settings: Settings, picks: ToolPicks, root: Path | None, chat: Mapping[str, bool] = NOTHING_SAID
    ) -> Switches:
        """What was picked for a workspace and everywhere, and in a chat."""
        return cls(settings, chat, picks.switches(root) if root else NOTHING_SAID, picks.switches(None))

    def all(self) -> Switch:
        if not self.settings.tools.enabled:
            return OFF
        return self._nearest(ALL, True)

    def server(self, name: str) -> Switch:
        """Its own switch, whatever holds for all."""
        tools = self.settings.tools
        if name == BUILTIN:
            return self._nearest(name, tools.builtin)
        found = tools.servers.get(name)
        return self._nearest(name, found.enabled if found else False)

    def tool(self, server: str, name: str) -> Switch:
        """What holds for it, with what holds for its server and for all."""
        if not allows(self.settings.team.allowed_tools, f"{server}/{name}"):
            return OFF
        own, above = self._nearest(f"{server}/{name}", True), self.server(server)
        for switch in (self.all(), above, own):
            if not switch.enabled:
                return switch
        return own if own.scope != "default" else above

    def uses(self, server: str) -> bool:
        """Whether anything of a server may be on, so that it is worth starting."""
        return self.all().enabled and self.server(server).enabled

    def _nearest(self, key: str, default: bool) -> Switch:
        if key in self.chat:
            return Switch(self.chat[key], "chat")
        if key in self.workspace:
            return Switch(self.workspace[key], "workspace")
        if key in self.user:
            return Switch(self.user[key], "user")
        return ON if default else OFF


def key_of(server: str | None, tool: str | None) -> str:
    """What a switch is stored under."""
    if server is None:
        return ALL
    return f"{server}/{tool}" if tool else server
