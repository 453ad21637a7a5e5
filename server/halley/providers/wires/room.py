"""How many tokens a reply may take, where thinking counts too.

A small limit (a title, a summary, ghost text) is eaten by a model that thinks first: it ends at the limit and has said
nothing. For some models the catalogue knows (`thinks`); of the others it is learned when it happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.events import Event, Finish, Image, TextDelta, ToolCallDelta
from halley.providers.hosts.learning import Learned

FIRST_ROOM = 4096
MOST_ROOM = 16_384


def token_limit(wanted: int | None, facts: Mapping[str, Any], learned: Learned) -> int | None:
    """The limit to send for an answer of `wanted` tokens; None where the host decides."""
    return wanted + max(facts.get("thinks", 0), learned.thinks) if wanted else None


class Ending:
    """Watches one reply. Where it ended at its limit before it said anything, the model gets more room from then on."""

    __slots__ = ("_learned", "_said")

    def __init__(self, learned: Learned) -> None:
        self._learned, self._said = learned, False

    def see(self, event: Event) -> None:
        if isinstance(event, Finish):
            if event.reason == "length" and not self._said:
                self.ended_empty()
        elif not self._said:
            is_text = isinstance(event, TextDelta) and bool(event.text.strip())
            self._said = is_text or isinstance(event, ToolCallDelta | Image)

    def ended_empty(self) -> None:
        self._learned.thinks = min(MOST_ROOM, max(FIRST_ROOM, self._learned.thinks * 2))
