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
    "stream",
)
"""What a request can do without, should a host refuse it; never the tools, without which the answer means
something else.
"""


@dataclass(slots=True)
class Learned:
    """What one model's host refused by name, so that it is never sent again."""

    drop: set[str] = field(default_factory=set[str])
    token_limit: str | None = None
    system_as_user: bool = False
    no_fim: bool = False


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
    if name in ("max_tokens", "max_completion_tokens") and learned.token_limit is None:
        learned.token_limit = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
        return True
    if name in DROPPABLE and name in body and name not in learned.drop:
        learned.drop.add(name)
        return True
    if name.startswith("messages") and error.subject == "system" and not learned.system_as_user:
        learned.system_as_user = True
        return True
    return False
