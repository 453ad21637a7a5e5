"""The one road to a model: a prompt goes in, a reply comes out.

    snapshot → context → prompt → **route → reply**

Every feature that needs a model calls `feed_reply` (events, as they come), `stream_reply` (the same, to iterate) or
`ask` (the whole reply). Nothing
else in `features` touches a router, so metering, budgets, failover and the session's choice of model hold for all
of them alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from halley.core.calls import AnyPrompt, Call, Caller, Priority
from halley.core.errors import BadReply, HalleyError, Interrupted, Problem
from halley.core.events import (
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    ReasoningDelta,
    Recalled,
    TextDelta,
    ToolCallDelta,
)
from halley.core.models import HostNotes, ModelRef, Role, Route
from halley.core.pieces import Pieces
from halley.core.ports import Replier, Take
from halley.core.settings import Settings
from halley.engine.guards.secrecy import redact_prompt
from halley.providers.stream.iterating import hand_over, iterate


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to the models, for one window: who asks, with which settings, through which router.

    `route_of` resolves a role to its models by the window's own selection; it raises NotConfigured when no
    model can answer.
    """

    router: Replier
    caller: Caller
    settings: Settings
    route_of: Callable[[Role], Awaitable[Route]]


class ModelReply:
    """All that one model said. `problem` is set when the reply broke off; `text` is what had arrived."""

    __slots__ = (
        "_calls", "_reasoning", "_text", "add_text", "citations", "finish", "images", "notes", "notices", "problem",
    )  # fmt: skip

    def __init__(self, text: str = "", *, finish: Finish | None = None) -> None:
        self._reasoning = Pieces()
        self._begin(text)
        self._calls: dict[int, list[ToolCallDelta]] = {}
        self.citations: list[Citation] = []
        self.images: list[Image] = []
        self.notices: list[str] = []
        self.notes: HostNotes | None = None
        self.finish = finish
        self.problem: Problem | None = None

    @property
    def text(self) -> str:
        return str(self._text)

    def cut(self, length: int | None) -> None:
        """Keeps that many code points of the text; None keeps all."""
        self._begin(self.text[:length])

    def _begin(self, text: str) -> None:
        self._text = Pieces(text)
        self.add_text = self._text.add
        """As `add` of a `TextDelta`, without a call between: nearly all of a reply comes this way."""

    @property
    def reasoning(self) -> str:
        return str(self._reasoning)

    @property
    def tool_calls(self) -> dict[int, ToolCallDelta]:
        """Each call's pieces as one."""
        return {index: _joined(pieces) for index, pieces in self._calls.items()}

    def add(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._text.add(text)
            case ReasoningDelta(text):
                self._reasoning.add(text)
            case Recalled(length):
                text = self.text
                self._reasoning.add(text[len(text) - length :])
                self._begin(text[: len(text) - length])
            case Citation():
                self.citations.append(event)
            case Image():
                self.images.append(event)
            case HostNotes():
                self.notes = event
            case Notice(text):
                self.notices.append(text)
            case ToolCallDelta():
                self._calls.setdefault(event.index, []).append(event)
            case Finish():
                self.finish = event

    @property
    def was_cut(self) -> bool:
        """True when the model stopped before it was done: broken off, or out of tokens."""
        return self.problem is not None or self.finish is None or self.finish.reason == "length"


def _joined(pieces: list[ToolCallDelta]) -> ToolCallDelta:
    id = next((piece.id for piece in pieces if piece.id), "")
    name = next((piece.name for piece in pieces if piece.name), "")
    return ToolCallDelta(pieces[0].index, id, name, "".join(piece.arguments for piece in pieces))


async def feed_reply(
    line: Line,
    prompt: AnyPrompt,
    take: Take,
    *,
    feature: str,
    role: Role = "chat",
    model: str | None = None,
    priority: Priority = Priority.ACTION,
    **options: Any,
) -> None:
    """Hands the reply's events to `take`. `model` (`provider/name`) asks exactly that one, instead of the role's route.

    Ends with one `Finish` or raises one of `core.errors`. What `take` raises ends the call and is raised.
    """
    prompt, hidden = redact_prompt(prompt)
    route = (ModelRef.parse(model),) if model else await line.route_of(role)
    call = Call(
        prompt, route, feature, line.settings, line.caller, role=role, priority=priority, **options
    )  # fmt: skip
    if hidden:
        what = "texts that look like keys were" if hidden > 1 else "text that looks like a key was"
        await hand_over(Notice(f"{hidden} {what} removed before the prompt was sent."), take)
    await line.router.feed(call, take)


def stream_reply(line: Line, prompt: AnyPrompt, **options: Any) -> AsyncGenerator[Event, None]:
    """What `feed_reply` hands over, to iterate. A caller that stops early must close it."""
    return iterate(lambda take: feed_reply(line, prompt, take, **options))


async def ask(
    line: Line,
    prompt: AnyPrompt,
    *,
    on_event: Callable[[Event], None] | None = None,
    keep_partial: bool = False,
    **options: Any,
) -> ModelReply:
    """The whole reply.

    With `keep_partial` a reply that broke after its first token is returned with its `problem`; without,
    the error is raised. Raises BadReply when the model finished without saying anything.
    """
    # A reply that is read as a whole shows no thinking, so one that was nothing else has shown nothing: it is asked for
    # again, once. Where the limit cut it, the wire has learned that this model needs room to think.
    try:
        reply = await _once(line, prompt, on_event, keep_partial, options)
    except Interrupted as error:
        if not error.empty:
            raise
    else:
        if not _is_thought_only(reply):
            return _not_empty(reply)
    return _not_empty(await _once(line, prompt, on_event, keep_partial, options))


async def _once(
    line: Line,
    prompt: AnyPrompt,
    on_event: Callable[[Event], None] | None,
    keep_partial: bool,
    options: dict[str, Any],
) -> ModelReply:
    reply = ModelReply()

    def take(event: Event) -> None:
        reply.add(event)
        if on_event:
            on_event(event)

    try:
        await feed_reply(line, prompt, take, **options)
    except Interrupted as error:
        if not (keep_partial and reply.text):
            raise
        reply.problem = error.problem
        reply.cut(error.repeats_from)
    return reply


def _is_thought_only(reply: ModelReply) -> bool:
    """The limit of the reply went into thinking."""
    is_cut = reply.finish is not None and reply.finish.reason == "length"
    return is_cut and not (reply.text.strip() or reply.images or reply.tool_calls)


def _not_empty(reply: ModelReply) -> ModelReply:
    if reply.text.strip() or reply.images or reply.tool_calls:
        return reply
    if reply.finish and reply.finish.reason == "length":
        raise only_thought(reply.finish)
    raise BadReply("The model finished without an answer.", "Ask again, or pick another model.")


def only_thought(finish: Finish) -> BadReply:
    return BadReply(
        "The model used all its tokens for reasoning and gave no answer.",
        "Ask again, ask for less, or pick another model with `halley use`.",
        model=str(finish.model) if finish.model else None,
    )


def problem_text(error: HalleyError) -> str:
    """One or two sentences for places that show plain text."""
    return f"{error.problem.message} {error.problem.help}".strip()
