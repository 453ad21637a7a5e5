"""The messages of a chat as a strict host takes them: `arrange_turns`.

A reply that was stopped or failed leaves two messages of the user in a row, and many templates refuse that. Which host
is strict is a fact of the catalogue (`turns = "alternate"`, `system = "user"`) or learned from its refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halley.core.calls import Message, assistant, user
from halley.providers.hosts.learning import Learned

NOT_SAID = "(No reply.)"
"""Stands where a host wants a reply and there was none."""
BEGUN = "(The conversation continues.)"


def arrange_turns(
    messages: tuple[Message, ...], facts: Mapping[str, Any], learned: Learned
) -> tuple[Message, ...]:
    """The same conversation. Replies that say and ask nothing are left out for every host: most refuse them."""
    kept = tuple(message for message in messages if not _is_empty_reply(message))
    if learned.alternate or facts.get("turns") == "alternate":
        kept = _system_first(kept)
    if learned.system_as_user or facts.get("system") == "user":
        kept = tuple(replace(m, role="user") if m.role == "system" else m for m in kept)
    return _alternating(kept) if learned.alternate or facts.get("turns") == "alternate" else kept


def _is_empty_reply(message: Message) -> bool:
    return message.role == "assistant" and not message.tool_calls and not any(message.parts)


def _system_first(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """One system message, at the beginning."""
    said = [message.text for message in messages if message.role == "system" and message.text]
    others = tuple(message for message in messages if message.role != "system")
    return (Message("system", ("\n\n".join(said),)), *others) if said else others


def _alternating(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Messages of one role in a row become one; between a tool's result and the user's next question stands a reply."""
    arranged: list[Message] = []
    for message in messages:
        last = arranged[-1] if arranged else None
        if message.role == "assistant" and (last is None or last.role == "system"):
            arranged.append(user(BEGUN))
        elif last is not None and last.role == message.role and message.role in ("user", "assistant"):
            if not last.tool_calls:
                arranged[-1] = replace(message, parts=(*last.parts, "\n\n", *message.parts))
                continue
        elif last is not None and last.role == "tool" and message.role == "user":
            arranged.append(assistant(NOT_SAID))
        arranged.append(message)
    return tuple(arranged)
