"""Fakes of models as generators: what they yield, handed over as providers and routers do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from halley.core.events import Event
from halley.core.ports import Take
from halley.providers.stream.iterating import hand_over


async def pour(events: AsyncGenerator[Event, None], take: Take) -> None:
    """Everything that `events` yields; closed when `take` has enough."""
    async with aclosing(events):
        async for event in events:
            await hand_over(event, take)
