"""Which mode a chat is in: chosen for the chat, kept for the workspace's next ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from halley.core.agent import MODES, Limits, Mode
from halley.core.errors import InvalidInput
from halley.core.settings import Settings
from halley.stores.chats.values import Chat
from halley.stores.config.tool_picks import ToolPicks

WHAT: dict[Mode, str] = {
    "ask": "It reads, and changes nothing.",
    "edit": "It may change files; each change is yours to approve.",
    "agent": "It may change files and run commands; both are yours to approve.",
    "plan": "It shows you a plan first, and works through it once you approve.",
}


def read_mode(text: str) -> Mode:
    """Raises InvalidInput for a word that is no mode."""
    if text not in MODES:
        raise InvalidInput(f"There is no mode {text[:40]!r}.", f"Modes are {', '.join(MODES)}.")
    return cast("Mode", text)


def mode_of(settings: Settings, picks: ToolPicks | None, root: Path | None, chat: Chat | None = None) -> Mode:
    """The chat's own mode, else the one last chosen in the workspace, else `agent.mode`."""
    return mode_with(settings, picks, root, chat.agent if chat else {})


def mode_with(
    settings: Settings, picks: ToolPicks | None, root: Path | None, agent: Mapping[str, Any]
) -> Mode:
    """As `mode_of` a chat whose `agent` this is."""
    kept = picks.mode(root) if picks and root else ""
    for word in (str(agent.get("mode", "")), kept, settings.agent.mode):
        if word in MODES:
            return cast("Mode", word)
    return "ask"


def limits_of(settings: Settings, mode: Mode) -> Limits:
    """How far a reply may go."""
    tools, agent = settings.tools, settings.agent
    if mode == "ask":
        return Limits(tools.max_calls, tools.max_seconds, tools.max_usd)
    return Limits(agent.max_calls, agent.max_seconds, agent.max_usd, "agent")
