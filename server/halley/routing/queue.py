"""Whose turn it is when a provider's slots are all taken.

Inline completion goes first, then chat, then actions, then batch work. Within one priority callers take turns, so that
one window's hundred requests do not hold up another window's single one.
"""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field

from halley.core.calls import Priority


@dataclass(order=True, slots=True)
class _Waiter:
    priority: int
    turn: int
    number: int
    ready: asyncio.Future[None] = field(compare=False)


@dataclass(slots=True)
class Slots:
    """One provider's slots. `limit` may change at any time; taken slots stay taken."""

    limit: int
    taken: int = 0
    waiting: list[_Waiter] = field(default_factory=list[_Waiter])
    turns: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])
    """The last turn given to each caller that waits or waited while others did."""
    served: dict[int, int] = field(default_factory=dict[int, int])
    """The turn that each priority has come to."""
    number: int = 0

    @property
    def is_busy(self) -> bool:
        return self.taken >= self.limit or bool(self.waiting)

    async def take(self, priority: Priority, who: str) -> None:
        """Holds one slot until `give_back`; waits for it if need be."""
        if not self.is_busy:
            self.taken += 1
            return
        waiter = self._enqueue(priority, who)
        self._serve()
        try:
            await waiter.ready
        except asyncio.CancelledError:
            if waiter.ready.done() and not waiter.ready.cancelled():
                self.give_back()  # the slot came just as the caller left
            elif waiter in self.waiting:
                self.waiting.remove(waiter)
                heapq.heapify(self.waiting)
            raise

    def give_back(self) -> None:
        self.taken -= 1
        self._serve()

    def _enqueue(self, priority: Priority, who: str) -> _Waiter:
        # Fair queuing: each workspace takes one turn after the other, so a window with a hundred requests does not
        # keep others waiting. A newcomer begins at the present turn, not at zero, or it would overtake all.
        turn = max(self.served.get(priority, 0), self.turns.get((priority, who), -1) + 1)
        self.turns[priority, who] = turn
        self.number += 1
        waiter = _Waiter(priority, turn, self.number, asyncio.get_running_loop().create_future())
        heapq.heappush(self.waiting, waiter)
        return waiter

    def _serve(self) -> None:
        while self.waiting and self.taken < self.limit:
            waiter = heapq.heappop(self.waiting)
            self.served[waiter.priority] = max(self.served.get(waiter.priority, 0), waiter.turn)
            if not waiter.ready.done():
                self.taken += 1
                waiter.ready.set_result(None)
        if not self.waiting:
            # Without a queue there is nothing to be fair about, and the table would grow by every workspace ever
            # seen.
            self.turns.clear()
            self.served.clear()


@dataclass(slots=True)
class Queues:
    """Every provider's slots."""

    providers: dict[str, Slots] = field(default_factory=dict[str, Slots])

    def of(self, provider: str, limit: int) -> Slots:
        slots = self.providers.get(provider)
        if slots is None:
            slots = self.providers[provider] = Slots(limit)
        slots.limit = limit
        return slots
