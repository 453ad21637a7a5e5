"""What a model's host refuses by name, learned from the refusal, once.

`send_learning` is the one place where a request is sent again, and only without the parameter that the host
has just said it does not take: nothing was answered, so nothing is paid or shown twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from halley.core.errors import RequestRefused
from halley.providers.hosts.host import Host
from halley.providers.http.answer import Answer
from halley.providers.refusals.errors import Asked

LESSONS = 4
"""How many refused parameters one request may teach."""


DROPPABLE = (
    "temperature",
    "stop",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "stream",
    "include",
)
"""What a request can do without, should a host refuse it; never the tools, without which the answer means
something else.
"""


NOTES = (
    "reasoning_content", "reasoning", "reasoning_details", "extra_content", "provider_specific_fields",
    "thinking_blocks", "thought_signature",
)  # fmt: skip
"""Fields by which hosts attach something to their own turns."""


@dataclass(slots=True)
class Learned:
    """What one model's host refused by name, so that it is never sent again."""

    drop: set[str] = field(default_factory=set[str])
    token_limit: str | None = None
    system_as_user: bool = False
    alternate: bool = False
    """User and assistant must take turns."""
    schema_drop: set[str] = field(default_factory=set[str])
    """Keywords of JSON Schema that are left out of tools."""
    other_wire: bool = False
    """It is asked at `/responses` instead of `/chat/completions`, or the other way round."""
    no_fim: bool = False
    no_caching: bool = False
    """It refuses marks for prompt caching (`wires/caching.py`)."""
    most_output: int | None = None
    """The longest reply that it allows, where it refused a longer one."""
    no_notes: bool = False
    """It refuses what was attached to its own turns (`wires/attached.py`)."""
    thinks: int = 0
    """Tokens that it takes for thinking, beside those that its answer may have (`wires/room.py`)."""
    opens_thinking: bool = False
    """Its answers begin inside their thinking: only the closing tag is sent."""


async def send_learning(
    host: Host,
    path: str,
    build: Callable[[], Mapping[str, Any]],
    learned: Learned,
    *,
    model: str,
    private: tuple[str, ...],
    headers: Mapping[str, str] | None = None,
    needed: str = "",
) -> tuple[Answer, Asked]:
    """As `Host.send`, with `build` called again after each lesson. `needed` is what this request cannot do
    without.
    """
    for lesson in range(LESSONS + 1):
        body = build()
        try:
            return await host.send(path, body, model=model, private=private, headers=headers)
        except RequestRefused as error:
            # Without what is needed the answer would mean something else, so the refusal goes to the user.
            if lesson == LESSONS or error.parameter == needed or not learn(error, body, learned):
                raise
    raise AssertionError("unreachable")


def without(body: Mapping[str, Any], facts: Mapping[str, Any], learned: Learned) -> dict[str, Any]:
    """The body without what is not set and what the host is known to refuse."""
    drop = {*facts.get("drop", ()), *learned.drop}
    if "stream" in drop:
        drop.add("stream_options")
    return {key: value for key, value in body.items() if value is not None and key not in drop}


def learn(error: RequestRefused, body: Mapping[str, Any], learned: Learned) -> bool:
    """Takes note of a parameter refused by name; True when the request is worth sending again."""
    name = error.parameter or ""
    if not learned.no_caching and "cache_control" in said_in(error):
        learned.no_caching = True
        return True
    # Before parameters: templates complain in words that may name one by chance.
    if error.subject in ("turns", "system") and _learn_turns(error.subject, body, learned):
        return True
    if error.subject == "schema" and not learned.schema_drop.issuperset(error.keywords) and body.get("tools"):
        learned.schema_drop.update(error.keywords)
        return True
    if name in ("max_tokens", "max_completion_tokens") and learned.token_limit is None:
        learned.token_limit = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
        return True
    if not learned.no_notes and _is_about_notes(error, body):
        learned.no_notes = True
        return True
    if name in DROPPABLE and name in body and name not in learned.drop:
        learned.drop.add(name)
        return True
    return False


def said_in(error: RequestRefused) -> str:
    """All that a refusal tells, ours and the host's own words."""
    return f"{error.parameter} {error.problem.message} {error.problem.help}"


def _is_about_notes(error: RequestRefused, body: Mapping[str, Any]) -> bool:
    """Whether a field that a reply brought was sent back and is refused by its name."""
    said = said_in(error)
    sent = {name for message in body.get("messages") or () for name in message}
    return any(name in said for name in NOTES if name in sent)


def _learn_turns(subject: str, body: Mapping[str, Any], learned: Learned) -> bool:
    """First the order of the messages, then the system message as the user's; False when both were tried."""
    # A system message as the user's stands next to the user's own, so the two have to be joined as well.
    if subject == "system" and not learned.system_as_user and _has_system(body):
        learned.system_as_user = learned.alternate = True
        return True
    if subject == "turns" and not learned.alternate:
        learned.alternate = True
        return True
    if subject == "turns" and not learned.system_as_user and _has_system(body):
        learned.system_as_user = True
        return True
    return False


def _has_system(body: Mapping[str, Any]) -> bool:
    """In either protocol of OpenAI's; the Messages protocol has no such role, and its hosts refuse none."""
    roles = [message.get("role") for message in body.get("messages") or ()]
    return "system" in roles or bool(body.get("instructions"))
