"""When the shared daemon ends: on a signal, after a time without sessions, with its last session once it is retired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from halley.features.stores import Stores
from halley.lsp.joined.porter import Porter

FIRST_S = 10.0
"""For the editor that the daemon was started for, however soon it ends when it is idle."""


class Life:
    """`over` is set when the process is to end."""

    def __init__(self, porter: Porter, stores: Stores) -> None:
        self._porter, self._stores = porter, stores
        self.over = asyncio.Event()
        self._count: Callable[[], int] = lambda: 0
        self._is_retired = False
        self._timer: asyncio.TimerHandle | None = None
        self._last_look: asyncio.Task[None] | None = None

    def begin(self, count: Callable[[], int]) -> None:
        """`count` is how many sessions there are."""
        self._count = count
        self._look_in(max(self._patience_s(), FIRST_S))

    def end(self) -> None:
        self.over.set()

    def retire(self) -> None:
        """A newer version listens in our place: those who are here stay."""
        self._is_retired = True
        self.become_idle()

    def become_idle(self) -> None:
        """Looks, after a time, whether anyone is here. Call it when the last session has ended."""
        self._look_in(self._patience_s())

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _patience_s(self) -> float:
        if self._is_retired:
            return 0.0
        config = self._stores.config
        return config.merge(config.layers(None)).daemon.idle_minutes * 60

    def _look(self) -> None:
        if self._count() == 0:
            self._porter.take_down_sign()
            self._is_retired = True
            self._last_look = asyncio.get_running_loop().create_task(self._look_again())

    async def _look_again(self) -> None:
        """Who has found us before the sign was down is served; they end the daemon when they leave."""
        while self._porter.entering:  # noqa: ASYNC110 - it is counted in threads, for two seconds at most
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)  # what a thread handed to the loop before that is run first
        if self._count() == 0:
            self.over.set()
