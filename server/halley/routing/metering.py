"""Every model call is one ledger row: opened before the request is sent, settled however it ends.

    metered(...)     the wrapper around one attempt
    Meter            what it counts while events pass

Settling survives cancellation: it runs in a task of its own that `Settling.aclose` waits for. Where a host sends no
usage, tokens are counted here and the usage is marked `estimated`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from halley.core.calls import (
    AnyPrompt,
    Call,
    EmbedPrompt,
    FimPrompt,
    Message,
    NextEditPrompt,
    Priority,
    Prompt,
    Trace,
)
from halley.core.errors import Enough, HalleyError, Interrupted, Problem, UpstreamTimeout, problem_of
from halley.core.events import Begun, Event, Finish, Image, Notice, ReasoningDelta, TextDelta, ToolCallDelta
from halley.core.media import MediaPrompt
from halley.core.models import HostNotes, Times, Usage
from halley.core.ports import Ledger, Take
from halley.core.tokens import estimate_tokens
from halley.providers.stream.iterating import ENOUGH
from halley.routing.clock import Clock
from halley.routing.prices import Prices
from halley.routing.repeating import Watch, in_circles
from halley.routing.targets import Target

SUPERSEDED = "superseded"
LEAST_CUT = 3_000
"""Prompts of fewer tokens are not compared with what the host says it read."""


@dataclass(slots=True)
class Settling:
    """The ledger, its clock and its prices; and the writes that outlive the call they belong to."""

    ledger: Ledger
    clock: Clock
    prices: Prices
    tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def aclose(self) -> None:
        """Waits until every row is settled."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)


@dataclass(slots=True)
class Chain:
    """The attempts of one request, so that the ledger knows them for one."""

    deadline: float | None = None
    """When the whole request must have ended, on the monotonic clock."""
    attempts: int = 0
    parent: int | None = None


async def metered(
    settling: Settling,
    call: Call,
    target: Target,
    chain: Chain,
    trace: Trace,
    take: Take,
    answered: Callable[[], None],
) -> None:
    """The model's events; its `Finish` carries model, usage with cost, and times. `trace` is filled by the provider;
    `answered` is called before the first event that is the model's own. What an attempt used that has no `Finish` goes
    to `call.charge`.

    Raises what the provider raises, and Interrupted when its stream ends without a `Finish`.
    """
    # On disk before anything is sent: a call that a crash interrupts has cost money too.
    row = await _open_row(settling, call, target, chain)
    meter = Meter(settling.clock.monotonic())
    passing = _Passing(meter, settling.clock, call, target, trace, take, answered)
    settled: asyncio.Task[Any] | None = None
    try:
        asking = target.provider.feed(target.model, call.prompt, passing.take, trace)
        await _within(chain.deadline, settling.clock, call, asking)
        if passing.finish is None:
            raise Interrupted("The reply ended before it was complete.", "Continue it, or ask again.")
        finish = await _finish(settling, meter, call, target, passing.finish)
        # Before the caller sees the end: it may want no more at `Finish`.
        settled = settling.start(_settle(settling, row, meter, call, target, None))
        take(finish)
    except BaseException as error:
        if settled is None:
            _charge(settling, meter, call, target)
            settled = settling.start(_settle(settling, row, meter, call, target, error))
        raise
    finally:
        if settled is not None:
            # A cancelled caller must not leave an open row behind.
            await asyncio.shield(settled)


class _Passing:
    """What stands between the model's events and who takes them: each is counted and examined, in one pass."""

    __slots__ = ("_answered", "_call", "_clock", "_meter", "_next", "_target", "_trace", "_watch", "finish")

    def __init__(
        self, meter: Meter, clock: Clock, call: Call, target: Target, trace: Trace, next_: Take,
        answered: Callable[[], None],
    ) -> None:  # fmt: skip
        self._meter, self._clock, self._call, self._target, self._trace = meter, clock, call, target, trace
        self._next = next_
        self._answered: Callable[[], None] | None = answered
        self._watch = Watch.of(call)
        self.finish: Finish | None = None

    def take(self, event: Event) -> Awaitable[object] | None:
        meter = self._meter
        if type(event) is TextDelta and meter.first_token_at is not None and self._answered is None:
            # Nearly all of a reply: text that continues.
            meter.pieces.append(event.text)
            wait = self._next(event)
            if self._watch is not None and (found := self._watch.text.add(event.text)) is not None:
                raise in_circles(found)
            return wait
        if meter.first_byte_at is None:
            meter.note_first_byte(self._trace.answered_at, self._clock.monotonic())
        if isinstance(event, Finish):
            return self._end(event)
        # A notice is ours, not the model's: after one, another model may still take over.
        if self._answered is not None and not isinstance(event, Notice):
            self._hear()
        if isinstance(event, Begun | HostNotes):
            event = replace(event, model=self._target.model.ref)
        if meter.first_token_at is None and is_visible(event):
            meter.first_token_at = self._clock.monotonic()
        if isinstance(event, TextDelta):
            meter.pieces.append(event.text)
        else:
            meter.count(event)
        wait = self._next(event)
        if self._watch is not None:
            self._watch.see(event)
        return wait

    def _hear(self) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered()

    def _end(self, finish: Finish) -> Awaitable[object] | None:
        self.finish = finish
        if cut := cut_silently(self._call.prompt, finish.usage):
            self._next(replace(cut, model=self._target.model.ref))
        self._hear()
        return None


async def _within(deadline: float | None, clock: Clock, call: Call, work: Awaitable[None]) -> None:
    """`work`, with an end to it where the call has a deadline."""
    if deadline is None:
        await work
        return
    try:
        async with asyncio.timeout(max(0.0, deadline - clock.monotonic())):
            await work
    except TimeoutError:
        raise UpstreamTimeout(
            f"The model did not answer within {call.timeout_s:g} s.",
            "Ask again, or pick a faster model.",
        ) from None


async def _open_row(settling: Settling, call: Call, target: Target, chain: Chain) -> int:
    chain.attempts += 1
    row = await settling.ledger.open(call, target.model.ref, attempt=chain.attempts, parent=chain.parent)
    if chain.parent is None:
        chain.parent = row
    settling.prices.begin(target.model, target.price_book)
    return row


async def _finish(settling: Settling, meter: Meter, call: Call, target: Target, finish: Finish) -> Finish:
    """The provider's `Finish` with what was measured. A price that is still being looked up is waited for only as long
    as the call says."""
    meter.usage = finish.usage or meter.estimate(call.prompt)
    meter.ended_at = settling.clock.monotonic()
    meter.request_id = finish.request_id
    pending = settling.prices.is_pending(target.model, target.price_book)
    if call.price_wait_s or not pending:
        with suppress(TimeoutError):
            async with asyncio.timeout(call.price_wait_s if pending else None):
                meter.usage = await settling.prices.with_cost(meter.usage, target.model, target.price_book)
    return replace(finish, usage=meter.usage, model=finish.model or target.model.ref, times=meter.times())


def _charge(settling: Settling, meter: Meter, call: Call, target: Target) -> None:
    """The caller gets what the attempt used without a wait: one that is cancelled twice ends every wait."""
    if meter.usage is None and (meter.pieces or meter.images):
        meter.usage = meter.estimate(call.prompt)  # a host that began to answer will charge for it
    if meter.usage is not None and call.charge is not None:
        meter.usage = settling.prices.known_cost(meter.usage, target.model, target.price_book)
        call.charge(meter.usage)


async def _settle(
    settling: Settling, row: int, meter: Meter, call: Call, target: Target, error: BaseException | None
) -> None:
    """Writes how the attempt ended; its cost again, when the price was not known yet.

    Never raises: a reply that came is not taken back because the disk is full.
    """
    if meter.ended_at is None:
        meter.ended_at = settling.clock.monotonic()
    # While a user types the answer goes before the disk: another thread that wakes takes the interpreter away.
    deferred = call.priority is Priority.INLINE
    facts = {
        "status": _status(error, meter, call),
        "times": meter.times(),
        "problem": _told(error),
        "deferred": deferred,
    }
    if meter.request_id:
        facts["request_id"] = meter.request_id
    usage, prices = meter.usage, settling.prices
    if usage is None or not prices.is_pending(target.model, target.price_book):
        usage = usage and await prices.with_cost(usage, target.model, target.price_book)
        await _write(settling.ledger, row, **facts, usage=usage)
        return
    await _write(settling.ledger, row, **facts, usage=usage)
    settling.start(_settle_cost(settling, row, facts, usage, target))


async def _settle_cost(
    settling: Settling, row: int, facts: dict[str, Any], usage: Usage, target: Target
) -> None:
    priced = await settling.prices.with_cost(usage, target.model, target.price_book)
    if priced.cost_usd is not None:
        await _write(settling.ledger, row, **facts, usage=priced)


async def _write(ledger: Ledger, row: int, **facts: Any) -> None:
    try:
        await ledger.settle(row, **facts)
    except Exception as failure:
        import logging

        logging.getLogger(__name__).warning("the ledger could not be written: %s", failure)


def _status(error: BaseException | None, meter: Meter, call: Call) -> str:
    """In the ledger's words. A caller that cancels because of newer typing says so: `task.cancel(SUPERSEDED)`.

    Fill-in-the-middle stops reading where the middle ends; that counts as complete.
    """
    filled = isinstance(call.prompt, FimPrompt) and _is_enough(error) and meter.pieces
    if error is None or filled:
        return "complete"
    if isinstance(error, asyncio.CancelledError | Enough):
        return SUPERSEDED if SUPERSEDED in error.args else "cancelled"
    if meter.first_token_at is not None and isinstance(error, HalleyError):
        return "interrupted"
    return "failed"


def _is_enough(error: BaseException | None) -> bool:
    """Whether the caller wants no more of the reply."""
    return isinstance(error, Enough) or (isinstance(error, asyncio.CancelledError) and ENOUGH in error.args)


def _told(error: BaseException | None) -> Problem | None:
    if error is None or isinstance(error, asyncio.CancelledError | Enough):
        return None
    return problem_of(error)


@dataclass(slots=True)
class Meter:
    """What one attempt has cost so far, in time and text."""

    began_at: float
    first_byte_at: float | None = None
    first_token_at: float | None = None
    ended_at: float | None = None
    pieces: list[str] = field(default_factory=list[str])
    images: int = 0
    usage: Usage | None = None
    request_id: str | None = None

    def note_first_byte(self, answered_at: float | None, now: float) -> None:
        """At the first event: when the answer began, as the wire noted it, which is before that."""
        is_ours = answered_at is not None and self.began_at <= answered_at <= now
        self.first_byte_at = answered_at if is_ours else now

    def count(self, event: Event) -> None:
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self.pieces.append(text)
            case Image():
                self.images += 1
            case ToolCallDelta():
                self.pieces.append(event.name + event.arguments)
            case _:
                pass

    def times(self) -> Times:
        """Milliseconds since the request was sent."""
        return Times(
            first_byte_ms=self._since_start(self.first_byte_at),
            first_token_ms=self._since_start(self.first_token_at),
            total_ms=self._since_start(self.ended_at),
            tokens_per_s=self._tokens_per_s(),
        )

    def estimate(self, prompt: AnyPrompt) -> Usage:
        """Usage counted here, for hosts that send none."""
        if isinstance(prompt, MediaPrompt):
            made = self.images or (prompt.n if prompt.kind.startswith("image") else 0)
            return Usage(estimate_tokens(prompt.text), 0, images=made, estimated=True)
        return Usage(prompt_tokens(prompt), estimate_tokens("".join(self.pieces)), estimated=True)

    def _since_start(self, at: float | None) -> float | None:
        return None if at is None else max(0.0, (at - self.began_at) * 1000)

    def _tokens_per_s(self) -> float | None:
        if self.usage is None or self.first_token_at is None or self.ended_at is None:
            return None
        seconds = self.ended_at - self.first_token_at
        return self.usage.output_tokens / seconds if seconds > 0 and self.usage.output_tokens > 1 else None


def cut_silently(prompt: AnyPrompt, usage: Usage | None) -> Notice | None:
    """What to say of a host that read far less than was sent, as its own usage shows; Ollama's usual window does so.

    Texts are estimated to within a third, so less than half is no error of the estimate.
    """
    if usage is None or usage.estimated or not isinstance(prompt, Prompt) or usage.input_tokens <= 0:
        return None
    sent, read = prompt_tokens(prompt), usage.input_tokens
    if sent < LEAST_CUT or read * 2 >= sent:
        return None
    return Notice(
        f"The host read only {read:,} of about {sent:,} tokens and dropped the rest without saying so. "
        "Give the model a larger context window (Ollama: num_ctx), or send less."
    )


def is_visible(event: Event) -> bool:
    """True for what the user sees of a reply; after it, no other model may answer instead."""
    return not isinstance(event, Notice | HostNotes | Finish)


def prompt_tokens(prompt: AnyPrompt) -> int:
    """About how many tokens a prompt is worth; pictures are not counted."""
    if isinstance(prompt, MediaPrompt):
        return estimate_tokens(prompt.text)
    if isinstance(prompt, FimPrompt):
        others = "".join(text for _, text in prompt.context)
        return estimate_tokens(prompt.prefix) + estimate_tokens(prompt.suffix) + estimate_tokens(others)
    if isinstance(prompt, EmbedPrompt):
        return sum(map(estimate_tokens, prompt.texts))
    if isinstance(prompt, NextEditPrompt):
        return prompt_tokens(prompt.fallback)
    return sum(map(_message_tokens, prompt.messages))


def _message_tokens(message: Message) -> int:
    calls = sum(estimate_tokens(call.name + call.arguments) for call in message.tool_calls)
    return 4 + estimate_tokens(message.text) + calls  # 4: the marks around a message
