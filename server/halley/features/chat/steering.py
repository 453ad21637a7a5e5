"""What runs in a window's chats, and how it is steered: messages that wait for the current step, stopping, and which
chat waits for an approval.

A message that is sent while a reply with tools runs may wait for the end of its current step: that reply then ends
there, and the message is the chat's next turn. It is never put into a reply, so that a chat reads as it was said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

ChatState = Literal["idle", "running", "asking"]
NO_STATE: ChatState = "idle"


@dataclass(slots=True)
class _Runs:
    sends: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    replies: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque[asyncio.Future[None]])
    woken: int = 0
    """Messages that may be sent, but have not begun."""
    asking: int = 0

    @property
    def is_busy(self) -> bool:
        return bool(self.sends or self.replies or self.woken)


@dataclass(slots=True)
class Steering:
    """`on_change(chat)` is called with each new state of a chat."""

    on_change: Callable[[str], None] = lambda _chat: None
    chats: dict[str, _Runs] = field(default_factory=dict[str, _Runs])

    @asynccontextmanager
    async def sending(self, chat: str | None, on_wait: Callable[[int], None] | None) -> AsyncIterator[None]:
        """Around one message. With `on_wait` it waits until it is its turn; cancelled before, it is not sent.

        `on_wait` gets how many messages are before it.
        """
        if not chat:  # it cannot be busy before it is there
            yield
            return
        runs = self.chats.setdefault(chat, _Runs())
        if on_wait is not None and (runs.is_busy or runs.waiting):
            await self._wait(chat, runs, on_wait)
        with self._running(chat, runs.sends):
            yield

    async def _wait(self, chat: str, runs: _Runs, on_wait: Callable[[int], None]) -> None:
        turn = asyncio.get_running_loop().create_future()
        runs.waiting.append(turn)
        self.on_change(chat)
        try:
            on_wait(len(runs.waiting) - 1)
            await turn
        except BaseException:
            if turn in runs.waiting:
                runs.waiting.remove(turn)
            if turn.done() and not turn.cancelled():  # woken and cancelled in the same moment
                runs.woken -= 1
            self._next(chat, runs)
            raise
        runs.woken -= 1  # and without a pause it counts as sent

    @contextmanager
    def replying(self, chat: str) -> Iterator[None]:
        """Around one reply."""
        with self._running(chat, self.chats.setdefault(chat, _Runs()).replies):
            yield

    @contextmanager
    def _running(self, chat: str, tasks: set[asyncio.Task[Any]]) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        runs = self.chats[chat]
        tasks.add(task)
        self.on_change(chat)
        try:
            yield
        finally:
            tasks.discard(task)
            self._next(chat, runs)

    @contextmanager
    def asking(self, chat: str) -> Iterator[None]:
        """Around a question to the user."""
        runs = self.chats.setdefault(chat, _Runs())
        runs.asking += 1
        self.on_change(chat)
        try:
            yield
        finally:
            runs.asking -= 1
            self._next(chat, runs)

    def _next(self, chat: str, runs: _Runs) -> None:
        if runs.waiting and not runs.is_busy:
            runs.woken += 1
            runs.waiting.popleft().set_result(None)
        if not (runs.is_busy or runs.waiting or runs.asking):
            self.chats.pop(chat, None)
        self.on_change(chat)

    def waiting(self, chat: str) -> int:
        """How many messages wait: if any do, the chat's reply ends after its current step."""
        return len(self.chats[chat].waiting) if chat in self.chats else 0

    def is_busy(self, chat: str) -> bool:
        return chat in self.chats and self.chats[chat].is_busy

    def state(self, chat: str) -> ChatState:
        runs = self.chats.get(chat)
        return "asking" if runs and runs.asking else "running" if runs and runs.is_busy else NO_STATE

    def stop(self, chat: str) -> int:
        """Ends what runs in a chat, and messages that wait for it; how many replies and messages those were."""
        runs = self.chats.get(chat)
        if runs is None:
            return 0
        # A reply that is cancelled ends its message too; both at the same time would cut short what is saved of it.
        running, waiting = list(runs.replies or runs.sends), list(runs.waiting)
        runs.waiting.clear()
        for one in (*waiting, *running):
            one.cancel()
        return len(running) + len(waiting)
