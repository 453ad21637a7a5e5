"""Time and chance as values, so that a test can say what they are."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


async def wait_until(event: asyncio.Event, seconds: float) -> bool:
    """Waits for `event` for at most `seconds`; True when it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Clock:
    """The real ones by default."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for lengths of time."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch, for days and months."""
    wait: Callable[[asyncio.Event, float], Awaitable[bool]] = wait_until
    uniform: Callable[[float, float], float] = random.uniform
