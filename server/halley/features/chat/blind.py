"""Comparing without names: until one reply of a blind turn is chosen, nothing that leaves says which model gave which.

Models are shuffled before they are asked, since their order would tell; events, results, exports and problems name
`Model A`, `Model B` …; waits of single models are not shown, nor what a reply cost, which would tell as well.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from halley.core.errors import Problem
from halley.core.models import ModelRef
from halley.features.ask import Line
from halley.stores.chats.values import Reply, Turn


def is_blind(turn: Turn) -> bool:
    """Whether names are hidden now."""
    return bool(turn.details.get("blind")) and not any(reply.chosen for reply in turn.replies)


def shuffled(models: Sequence[str]) -> list[str]:
    mixed = list(models)
    random.SystemRandom().shuffle(mixed)
    return mixed


def label(position: int) -> str:
    """`Model A` for the first reply of a turn."""
    letters = ""
    number = position
    while number >= 0:
        letters = chr(ord("A") + number % 26) + letters
        number = number // 26 - 1
    return f"Model {letters}"


def shown(turn: Turn) -> Turn:
    """The turn as it may be seen: with names hidden while they should be."""
    if not is_blind(turn):
        return turn
    replies = tuple(_hidden(reply, label(position)) for position, reply in enumerate(turn.replies))
    return replace(turn, replies=replies)


def _hidden(reply: Reply, name: str) -> Reply:
    notices = tuple(hide_names(text, reply.model, name) for text in reply.notices)
    problem = hidden_problem(reply.problem, name) if reply.problem else None
    usage = replace(reply.usage, cost_usd=None, cost_source="unknown") if reply.usage else None
    return replace(reply, model=name, notices=notices, problem=problem, usage=usage, sent={})


def hide_names(text: str, model: str, name: str) -> str:
    """The label in place of a model's and its provider's name."""
    ref = ModelRef.parse(model)
    for said in (model, ref.name, ref.name.rpartition("/")[2], ref.provider):
        text = re.sub(rf"(?i)(?<!\w){re.escape(said)}(?!\w)", name, text)
    return text


def hidden_problem(problem: Problem, name: str) -> Problem:
    """That something went wrong, in words that hosts have no part in."""
    said = {
        "interrupted": f"{name} broke off.",
        "cancelled": f"{name} was stopped.",
        "timeout": f"{name} took too long.",
        "context_too_long": f"The conversation is too long for {name}.",
    }
    message = said.get(problem.code, f"{name} could not answer.")
    return Problem(problem.code, message, "Choose one of the others, and the names are shown.")


def without_waits(line: Line) -> Line:
    """A line that shows no waits and failovers, which name models."""
    return replace(line, caller=replace(line.caller, on_operation=None))
