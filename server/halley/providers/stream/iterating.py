"""A reply to iterate over, for callers that do more than take its events: made of what hands them over.

Everything below hands a reply's events to a function (`core.ports.Take`). Here a generator is put in front of it, for
edges where a loop reads better and a task for each reply costs nothing that matters.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any

from halley.core.errors import Enough
from halley.core.events import Event
from halley.core.ports import Take

Feed = Callable[[Take], Coroutine[Any, Any, None]]
ENOUGH = Enough.__name__
"""In `task.cancel(ENOUGH)`: no more of the reply is wanted, as if what takes its events had raised `Enough`."""


async def iterate(feed: Feed) -> AsyncGenerator[Event, None]:
    """The events that `feed` hands over. The host waits while they are not asked for.

    A caller that stops early must close it; what cancels the caller cancels the call, with the same words.
    """
    waiting = _Waiting()
    task = asyncio.get_running_loop().create_task(feed(waiting.take))
    task.add_done_callback(waiting.end)
    try:
        while True:
            while waiting.events:
                yield waiting.events.popleft()
            if task.done():
                break
            await waiting.for_more()
        task.result()
    except BaseException as error:
        if not task.done():
            task.cancel(*(error.args if isinstance(error, asyncio.CancelledError) else (ENOUGH,)))
            await asyncio.wait([task])
        raise


async def hand_over(event: Event, take: Take) -> None:
    """For those who make an event rather than read it off a connection: waits where `take` wants it."""
    if (wait := take(event)) is not None:
        await wait


class _Waiting:
    """Events that were handed over and not asked for yet."""

    __slots__ = ("_more", "_room", "events")

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self._more: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def take(self, event: Event) -> Awaitable[None]:
        self.events.append(event)
        self.wake()
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        return self._room

    async def for_more(self) -> None:
        loop = asyncio.get_running_loop()
        self._more = loop.create_future()
        if self._room is not None:
            room, self._room = self._room, None
            room.set_result(None)
        await self._more

    def end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # a caller that stopped reading does not learn of it, and need not
        self.wake()

    def wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)
