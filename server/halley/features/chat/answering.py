"""One model's reply to a turn, streamed to the client and into the store as it comes.

Whatever happens, the reply is settled: complete, interrupted (text or a call's result had arrived), or failed
(nothing had). What had arrived is saved, also when the request is cancelled; if the user cancelled it, the reply
says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from halley.core.calls import Priority, Prompt
from halley.core.errors import HalleyError, Problem, problem_of
from halley.core.events import Event, Finish, Image, Notice, TextDelta, ToolEnded
from halley.core.models import HostNotes
from halley.features.ask import only_thought, stream_reply
from halley.features.chat.blind import hide_names, without_waits
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.events import event_json
from halley.features.chat.messages import shorter
from halley.features.chat.turns.turn import Asked
from halley.stores.chats.rows import KILLED

STOPPED = Problem("cancelled", "You stopped this reply.", "Continue resumes it.")


async def answer(desk: ChatDesk, prompt: Prompt, asked: Asked, emit: Emit) -> None:
    """Stream a reply. Raises only CancelledError; errors are in the settled reply."""
    options: dict[str, Any] = {
        "feature": "chat", "role": asked.role, "model": asked.model, "priority": Priority.CHAT, "shorten": shorter,
    }  # fmt: skip
    line = without_waits(desk.around.line) if asked.blind else desk.around.line

    async def work(take: Callable[[Event], None]) -> None:
        if desk.tools is not None and line.settings.tools.enabled:
            from halley.features.chat.tool_turn import answer_with_tools

            await answer_with_tools(desk, desk.tools, asked, line, prompt, options, take)
            return
        async with aclosing(stream_reply(line, prompt, **options)) as events:
            async for event in events:
                take(event)

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
    reply, finish, has_begun = asked.reply, None, asked.has_begun

    def take(event: Event) -> None:
        nonlocal finish, has_begun
        if isinstance(event, Finish):
            finish = event
            return
        has_begun = has_begun or isinstance(event, TextDelta | ToolEnded | Image)
        desk.store.append(reply, (event,))
        if isinstance(event, HostNotes):
            return
        emit(_shown(asked, event))

    try:
        await work(take)
    except HalleyError as error:
        await desk.store.settle(reply, "interrupted" if has_begun else "failed", problem=error.problem)
    except (asyncio.CancelledError, GeneratorExit):
        await desk.store.settle(reply, "interrupted", problem=KILLED if desk.is_ending() else STOPPED)
        raise
    except Exception as error:
        await desk.store.settle(reply, "interrupted" if has_begun else "failed", problem=problem_of(error))
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


def _shown(asked: Asked, event: Event) -> Json:
    if asked.blind and isinstance(event, Notice):
        event = Notice(hide_names(event.text, asked.opened_as, asked.shown))
    return event_json(asked.reply, event)
