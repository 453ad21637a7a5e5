"""How many tokens a reply may take, where thinking counts too.

A small limit (a title, a summary, ghost text) is eaten by a model that thinks first: it ends at the limit and has said
nothing. For some models the catalogue knows (`thinks`); of the others it is learned when it happens.

Where the protocol wants a limit with every request, it is as long as the model and its context window allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from halley.core.calls import Prompt
from halley.core.errors import ContextTooLong, RequestRefused
from halley.core.models import Model
from halley.core.tokens import estimate_tokens
from halley.providers.hosts.learning import Learned, said_in

DEFAULT_OUTPUT = 8192
"""Tokens that every host's models allow; where nothing else is known."""
MARGIN = 1.2
"""Estimated tokens may be so much too few."""
FIRST_ROOM = 4096
MOST_ROOM = 16_384


def token_limit(wanted: int | None, facts: Mapping[str, Any], learned: Learned) -> int | None:
    """The limit to send for an answer of `wanted` tokens; None where the host decides."""
    return wanted + max(facts.get("thinks", 0), learned.thinks) if wanted else None


def longest_output(model: Model, prompt: Prompt, learned: Learned) -> int:
    """Tokens: what the model allows, within what the prompt leaves of its context window."""
    most = model.max_output or DEFAULT_OUTPUT
    if learned.most_output:
        most = min(most, learned.most_output)
    if model.context is None or most <= DEFAULT_OUTPUT:
        return most
    taken = sum(estimate_tokens(message.text) for message in prompt.messages)
    taken += sum(estimate_tokens(str(tool)) for tool in prompt.tools)
    return min(most, max(DEFAULT_OUTPUT, model.context - int(taken * MARGIN)))


def shorter_output(error: RequestRefused | ContextTooLong, refused: int, learned: Learned) -> int | None:
    """The limit to ask for after a host refused this one; None where that was not the reason.

    A limit that the host names is kept; a prompt that leaves too little room says nothing of the next one.
    """
    if refused <= 1 or (isinstance(error, RequestRefused) and "max_tokens" not in said_in(error)):
        return None
    shorter = min(DEFAULT_OUTPUT, refused // 2)
    if isinstance(error, RequestRefused) and "context" not in said_in(error):
        named = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d", said_in(error))]
        shorter = max((number for number in named if 256 <= number < refused), default=shorter)
        learned.most_output = shorter
    return shorter


def learn_room(learned: Learned) -> None:
    """After a reply that ended at its limit before it said anything: the model gets more room from now on."""
    learned.thinks = min(MOST_ROOM, max(FIRST_ROOM, learned.thinks * 2))
