"""One clock for every stream.

A thousand streams at twenty tokens a second are 20,000 deadlines a second. One event-loop timer each costs a heap
operation and a wake-up apiece; grouped into slots of a millisecond there are at most 1,000 wake-ups a second, however
many streams there are. A deadline is never early and at most one slot late (plus what the loop is busy with).
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

SLOT_S = 0.001

Callback = Callable[[], None]


class Wheel:
    """Calls back at a time, on the loop it was made in. There is no cancelling: a callback checks for itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, list[Callback]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float, callback: Callback) -> None:
        """`when` in the loop's own time."""
        slot = int(when / SLOT_S) + 1
        waiting = self._slots.get(slot)
        if waiting is not None:
            waiting.append(callback)
            return
        self._slots[slot] = [callback]
        heapq.heappush(self._order, slot)
        if self._order[0] == slot:
            self._arm()

    def after(self, seconds: float, callback: Callback) -> None:
        self.at(self._loop.time() + seconds, callback)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._slots.clear()
        self._order.clear()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._order[0] * SLOT_S, self._turn) if self._order else None

    def _turn(self) -> None:
        now = int(
            self._loop.time() / SLOT_S + 1e-6
        )  # a slot's own time, divided back, may fall just short of it
        self._timer = None
        while self._order and self._order[0] <= now:
            for callback in self._slots.pop(heapq.heappop(self._order)):
                callback()
        self._arm()
