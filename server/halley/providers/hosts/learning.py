"""What a model's host refuses by name, learned from the refusal, once.

`send_learning` is the one place where a request is sent again, and only without the parameter that the host
has just said it does not take: nothing was answered, so nothing is paid or shown twice. `lessons.py` remembers it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from halley.core.errors import ModelNotFound, RequestRefused, Subject
from halley.providers.hosts.host import Host
from halley.providers.hosts.kept_turns import lesson_of
from halley.providers.http.answer import HttpAnswer
from halley.providers.refusals.errors import Asked

T = TypeVar("T")
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


@dataclass(slots=True)
class Learned:
    """What one model's host refused by name, so that it is never sent again. Each assignment is a lesson."""

    drop: frozenset[str] = frozenset()
    token_limit: str | None = None
    system_as_user: bool = False
    alternate: bool = False
    """User and assistant must take turns."""
    schema_drop: frozenset[str] = frozenset()
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
    sign_calls: bool = False
    """It wants a signature with calls that another model wrote too."""
    fill_thinking: bool = False
    """It wants thinking with calls that another model wrote too."""
    thinks: int = 0
    """Tokens that it takes for thinking, beside those that its answer may have (`wires/room.py`)."""
    opens_thinking: bool = False
    """Its answers begin inside their thinking: only the closing tag is sent."""
    on_lesson: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    """Called when something was learned."""

    def __setattr__(self, name: str, value: Any) -> None:
        before = getattr(self, name, value)  # what is set for the first time is no lesson
        object.__setattr__(self, name, value)
        if before != value and name != "on_lesson" and self.on_lesson is not None:
            self.on_lesson()


NOTHING = Learned()


async def send_learning(
    host: Host,
    path: str,
    build: Callable[[Learned], Mapping[str, Any]],
    learned: Learned,
    *,
    model: str,
    private: tuple[str, ...],
    headers: Mapping[str, str] | None = None,
    needed: str = "",
) -> tuple[HttpAnswer, Asked]:
    """As `Host.send`, with `build` called again after each lesson, and with what was learned for this request alone.
    `needed` is what this request cannot do without.
    """
    passing: Learned | None = None
    for lesson in range(LESSONS + 1):
        body = build(learned if passing is None else _both(learned, passing))
        try:
            return await host.send(path, body, model=model, private=private, headers=headers)
        except RequestRefused as error:
            # Without what is needed the answer would mean something else, so the refusal goes to the user.
            if lesson == LESSONS or (needed and error.parameter == needed):
                raise
            passing = passing or Learned()
            if not (learn_of_notes(error, body, learned, passing) or learn(error, body, learned)):
                raise
    raise AssertionError("unreachable")


def _both(learned: Learned, passing: Learned) -> Learned:
    if passing == NOTHING:
        return learned
    return replace(
        learned,
        drop=learned.drop | passing.drop,
        no_notes=learned.no_notes or passing.no_notes,
        on_lesson=None,
    )


async def where_it_lives(
    learned: Learned, elsewhere: Subject, here: Callable[[], Awaitable[T]], there: Callable[[], Awaitable[T]]
) -> T:
    """`here`'s result, or `there`'s for a model of which the host says that it lives there; it may move back."""
    if learned.other_wire:
        try:
            return await there()
        except (RequestRefused, ModelNotFound) as error:
            if error.subject not in ("chat", "responses") and error.problem.status not in (404, 405):
                raise
        learned.other_wire = False
        return await here()
    try:
        return await here()
    except (RequestRefused, ModelNotFound) as error:
        if error.subject != elsewhere:
            raise
    learned.other_wire = True
    return await there()


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
        learned.schema_drop |= {*error.keywords}
        return True
    if name in ("max_tokens", "max_completion_tokens") and learned.token_limit is None:
        learned.token_limit = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
        return True
    if name in DROPPABLE and name in body and name not in learned.drop:
        learned.drop |= {name}
        return True
    return False


def learn_of_notes(
    error: RequestRefused, body: Mapping[str, Any], learned: Learned, passing: Learned
) -> bool:
    """Takes note of what is wrong with what was sent back with the host's own turns; True when that is new."""
    match lesson_of(error, said_in(error), body):
        case "unknown" if not learned.no_notes:
            learned.no_notes = True
        case "invalid" if not passing.no_notes:
            passing.no_notes = True
        case "no signature" if not learned.sign_calls:
            learned.sign_calls = True
        case "no thinking" if not learned.fill_thinking:
            learned.fill_thinking = True
        case "thinking is on" if "thinking" not in passing.drop:
            passing.drop |= {"thinking"}
        case _:
            return False
    return True


def said_in(error: RequestRefused) -> str:
    """All that a refusal tells, ours and the host's own words."""
    return f"{error.parameter} {error.problem.message} {error.problem.help}"


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
