"""One model's reply to a turn, streamed to the client and into the store as it comes.

Whatever happens, the reply is settled: complete, interrupted (text or a call's result had arrived), or failed
(nothing had). What had arrived is saved, also when the request is cancelled; if the user cancelled it, the reply
says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from halley.core.calls import Priority, Prompt
from halley.core.errors import HalleyError, Problem, problem_of
from halley.core.events import (
    Checkpointed,
    Event,
    Finish,
    Image,
    Notice,
    Planned,
    Spent,
    TerminalOutput,
    TextDelta,
    ToolEnded,
)
from halley.core.models import HostNotes
from halley.features.ask import feed_reply, only_thought
from halley.features.chat.blind import hide_names, without_waits
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.events import event_json
from halley.features.chat.messages import shorter
from halley.features.chat.turns.turn import Asked
from halley.features.tools.spending import Spending, ending_with_total
from halley.stores.chats.rows import KILLED

PRICE_WAIT_S = 3.0
"""A first price takes a process about a second to look up; a short reply would be saved without it."""
STOPPED = Problem("cancelled", "You stopped this reply.", "Continue resumes it.")


async def answer(desk: ChatDesk, prompt: Prompt, asked: Asked, emit: Emit) -> None:
    """Stream a reply. Raises only CancelledError; errors are in the settled reply."""
    options: dict[str, Any] = {
        "feature": "chat", "role": asked.role, "model": asked.model, "priority": Priority.CHAT, "shorten": shorter,
        "price_wait_s": PRICE_WAIT_S,
    }  # fmt: skip
    line = without_waits(desk.around.line) if asked.blind else desk.around.line

    async def work(take: Callable[[Event], None]) -> None:
        if desk.tools is not None and line.settings.tools.enabled:
            from halley.features.chat.tool_turn import answer_with_tools

            await answer_with_tools(desk, desk.tools, asked, line, prompt, options, take)
            return
        spending = Spending(lambda usage: take(Spent(usage)), asked.spent)
        await feed_reply(line, prompt, ending_with_total(take, spending), charge=spending.add, **options)

    await settle_with(desk, asked, emit, work)


@asynccontextmanager
async def none_left_open(desk: ChatDesk, replies: Sequence[str]) -> AsyncIterator[None]:
    """Around everything that follows once replies are about to be opened.

    A request can be cancelled before `settle_with` has begun, even before its task first runs: then nothing
    else settles the reply.
    """
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, asyncio.CancelledError | GeneratorExit)
        why = (KILLED if desk.is_ending() else STOPPED) if stopped else problem_of(error)
        await desk.store.settle_open(replies, why)
        raise


async def settle_with(
    desk: ChatDesk, asked: Asked, emit: Emit, work: Callable[[Callable[[Event], None]], Awaitable[None]]
) -> None:
    """Runs `work`, which hands over the reply's events; the reply is settled however that ends."""
    reply, finish, has_begun, spent = asked.reply, None, asked.has_begun, asked.spent

    def take(event: Event) -> None:
        nonlocal finish, has_begun, spent
        if type(event) is TextDelta:  # nearly all: asked first, and in the cheapest way
            has_begun = True
            desk.store.append(reply, (event,))
            emit({"type": "text", "replyId": reply, "delta": event.text})
            return
        if isinstance(event, Finish):
            finish = event
            return
        has_begun = has_begun or isinstance(event, TextDelta | ToolEnded | Image)
        if isinstance(event, Spent):
            spent = event.usage
            if asked.blind:  # a price gives away whose it is
                return
        if not isinstance(event, TerminalOutput | Planned | Checkpointed | Spent):
            desk.store.append(reply, (event,))
        if isinstance(event, HostNotes):
            return
        emit(event_json(reply, _blinded(asked, event) if asked.blind else event))

    try:
        with desk.steering.replying(asked.chat) if desk.steering else nullcontext():
            await work(take)
    except HalleyError as error:
        status = "interrupted" if has_begun else "failed"
        await desk.store.settle(reply, status, problem=error.problem, usage=spent)
    except (asyncio.CancelledError, GeneratorExit):
        why = KILLED if desk.is_ending() else STOPPED
        await desk.store.settle(reply, "interrupted", problem=why, usage=spent)
        raise
    except Exception as error:
        status = "interrupted" if has_begun else "failed"
        await desk.store.settle(reply, status, problem=problem_of(error), usage=spent)
        raise
    else:
        if finish and finish.reason == "length" and not has_begun:
            await desk.store.settle(reply, "failed", problem=only_thought(finish).problem, usage=finish.usage)
        else:
            await _settle_complete(desk, asked, finish)


async def _settle_complete(desk: ChatDesk, asked: Asked, finish: Finish | None) -> None:
    """After a failover the reply is the one's who gave it."""
    if finish and finish.model and str(finish.model) != asked.opened_as:
        await desk.store.note(asked.reply, model=str(finish.model))
    usage, times = (finish.usage, finish.times) if finish else (None, None)
    await desk.store.settle(asked.reply, "complete", usage=usage, times=times)


def _blinded(asked: Asked, event: Event) -> Event:
    """Without the models' names, where the user is to compare replies without knowing whose they are."""
    if isinstance(event, Notice):
        return Notice(hide_names(event.text, asked.opened_as, asked.shown))
    return event
