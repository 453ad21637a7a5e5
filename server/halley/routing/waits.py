"""Waits that a user can see and end.

A call that has to wait, to retry or to move on to another model shows one `Operation`, under one id from its first
state to `done`; "retry now" ends its wait by that id.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from halley.core.calls import Operation
from halley.routing.clock import Clock

_ids = itertools.count(1)


@dataclass(slots=True)
class Waits:
    """All waits under way, by operation id."""

    clock: Clock
    pending: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])

    def end(self, operation: str) -> bool:
        """Ends a wait immediately; False when there is none under that ID (any more)."""
        event = self.pending.get(operation)
        if event is not None:
            event.set()
        return event is not None

    async def wait(self, operation: str, seconds: float) -> None:
        event = self.pending[operation] = asyncio.Event()
        try:
            await self.clock.wait(event, seconds)
        finally:
            del self.pending[operation]


@dataclass(slots=True)
class Shown:
    """What one call shows of itself. Nothing at all while all goes well."""

    on_operation: Callable[[Operation], None] | None
    id: str = ""

    def show(self, state: Any, **facts: Any) -> str:
        """Notifies the user; returns the operation's ID."""
        self.id = self.id or f"op-{next(_ids)}"
        self._tell(Operation(self.id, state, **facts))
        return self.id

    def done(self) -> None:
        """Once, when the wait led somewhere: an answer or an error."""
        if self.id:
            self._tell(Operation(self.id, "done"))
            self.id = ""

    def _tell(self, operation: Operation) -> None:
        if self.on_operation is not None:
            self.on_operation(operation)
