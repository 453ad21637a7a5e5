"""One clock for every stream.

A thousand streams at twenty tokens a second are 20,000 deadlines a second. Rounded up to slots of a millisecond they are
at most 1,000 wake-ups of the event loop, which runs all timers of one instant together. A deadline is never early and
at most one slot late (plus what the loop is busy with).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLOT_S = 0.001

Callback = Callable[[], None]


class Wheel:
    """Calls back at a time, on the loop it was made in, until it is closed. There is no cancelling: a callback checks for itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._closed = loop, False

    def at(self, when: float, callback: Callback) -> None:
        """`when` in the loop's own time."""
        self._loop.call_at((int(when / SLOT_S) + 1) * SLOT_S, lambda: None if self._closed else callback())

    def after(self, seconds: float, callback: Callback) -> None:
        self.at(self._loop.time() + seconds, callback)

    def close(self) -> None:
        self._closed = True
