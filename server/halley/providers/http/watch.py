"""A bound on silence: cancels a read that has waited too long for the host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Watch:
    """One timer for a whole body, moved only when it fires: a timer for each read would cost more than the read.

    `begin` and `end` stand around each read, in the task that reads; a reader that is slow itself is not silence of
    the host. `heard_at` says when a read of several pieces got the last one (`time.monotonic`). After a
    cancellation `expired` says whose it was.
    """

    __slots__ = ("_before", "_expired", "_handle", "_heard_at", "_loop", "_since", "_task", "seconds")

    def __init__(self, seconds: float, heard_at: Callable[[], float] = lambda: 0.0) -> None:
        self.seconds = seconds
        self._heard_at = heard_at
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._since = self._before = 0.0
        self._expired = False
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._task = asyncio.current_task()
        # A cancellation by the caller may arrive in the same turn of the loop; the counter tells theirs from ours
        # (asyncio.timeout does the same).
        self._before = self._task.cancelling() if self._task else 0
        self._since = time.monotonic()
        if self._handle is None:
            self.start()

    def end(self) -> None:
        self._task = None

    def start(self) -> None:
        self.stop()
        self._handle = self._loop.call_later(self.seconds, self._check)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def expired(self) -> bool:
        """Was the cancellation that arrived just now ours alone? Takes it back if so."""
        if not self._expired:
            return False
        task = asyncio.current_task()
        return task is None or task.uncancel() <= self._before

    def _check(self) -> None:
        # Without a reader nothing can be overdue: a consumer that is slow itself must not end its host's stream.
        since = max(self._since, self._heard_at())
        left = self.seconds if self._task is None else since + self.seconds - time.monotonic()
        if left > 0:
            self._handle = self._loop.call_later(left, self._check)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()
