"""Many chats at the same time: what can wait until the rush is over, and how they take turns to begin.

A title is a call of its own. Under many streams it would take the processor from replies that the user waits for.
Beginning a chat costs about as much as its 50 chunks. If the chats of many windows begin together, words come late and
everything else waits. So they begin one by one, when the loop has time for it beside the replies that stream already.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FEW = 4
"""Replies that stream at the same time, and one core has time for more."""
SMOOTH_S = 0.008
"""Seconds. An iteration of the loop that took no longer leaves time for another chat. Messages wait twice that for each
other."""
AT_LEAST_EVERY_S = 0.1
"""However busy the loop is, one more chat begins in this time."""


class Rush:
    """Counts what streams in one window."""

    __slots__ = ("_calm", "_streams")

    def __init__(self) -> None:
        self._streams = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Around a request whose replies stream."""
        self._streams += 1
        if self._streams > FEW:
            self._calm.clear()
        try:
            yield
        finally:
            self._streams -= 1
            if self._streams <= FEW:
                self._calm.set()

    async def over(self) -> None:
        """Waits until no more than a few replies stream."""
        await self._calm.wait()


class Turnstile:
    """Lets one through with each iteration of the loop that was short. One that comes alone does not wait.

    `clock` is the loop's own by default, in seconds.
    """

    __slots__ = ("_at", "_clock", "_is_turning", "_last", "_waiting")

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_turning = False
        self._at = self._last = 0.0

    async def turn(self) -> None:
        """Waits until it is the caller's turn, in the order they came. Cancelling gives the turn to the next."""
        loop = asyncio.get_running_loop()
        if not self._is_turning:
            self._is_turning = True
            self._at = self._last = self._now(loop)
            loop.call_soon(self._next)
            return
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        now = self._now(loop)
        took, self._at = now - self._at, now
        while self._waiting and self._waiting[0].done():  # cancelled
            self._waiting.popleft()
        if not self._waiting:
            self._is_turning = False
            return
        if took <= SMOOTH_S or now - self._last >= AT_LEAST_EVERY_S:
            self._last = now
            self._waiting.popleft().set_result(None)
        loop.call_soon(self._next)

    def _now(self, loop: asyncio.AbstractEventLoop) -> float:
        return self._clock() if self._clock else loop.time()
