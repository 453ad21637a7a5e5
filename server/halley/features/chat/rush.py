"""Whether a window's chats are in a rush, and what can wait until that is over.

A title is a call of its own. Under many streams it would take the processor from replies that the user waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 4
"""Replies that stream at the same time, and one core has time for more."""


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
