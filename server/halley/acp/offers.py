"""The slash commands, macros and servers' prompts that a client may list while its user types."""

from __future__ import annotations

from typing import Any

from halley.acp.session import Session
from halley.features.chat.commands import COMMANDS
from halley.features.chat.tool_offers import known_offers
from halley.features.tools.switches import Switches

Json = dict[str, Any]
_OWN = {"retry": "Ask the last message again", "continue": "Continue a reply that was stopped or cut off"}
_PLAIN = frozenset(("compact", "clear", "commit", "retry", "continue"))
"""Commands that need nothing after them."""


def commands_update(session: Session) -> Json:
    """`available_commands_update`; each is sent back as text that begins with `/name`."""
    settings = session.settings
    named = {name: command.help for name, command in COMMANDS.items()} | _OWN
    named |= {name: macro.description or "A macro" for name, macro in settings.macros.items()}
    switches = Switches.of(settings, session.shared.room.tool_picks, session.root)
    for insert, detail in known_offers(session.tools, switches):
        if insert.startswith("/"):
            named[insert[1:]] = detail
    rows = [
        {"name": name, "description": help}
        | ({} if name in _PLAIN else {"input": {"hint": "what to do, or nothing"}})
        for name, help in named.items()
    ]
    return {"sessionUpdate": "available_commands_update", "availableCommands": rows}
