"""The pace of typing in one document: what is known of its questions and answers, and how long to wait before asking.

Which question reaches a model is decided in `completer.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from halley.core.snapshot import Snapshot
from halley.features.completion.call import CompletionCall

KEPT_ANSWERS = 12


@dataclass(slots=True)
class DocumentState:
    """What is known of completing one document."""

    answers: deque[CompletionCall] = field(default_factory=lambda: deque(maxlen=KEPT_ANSWERS))
    call: CompletionCall | None = None
    asking: asyncio.Future[None] | None = None
    """Done as soon as a newer question is there."""
    asked: tuple[str, int] | None = None
    """The text and the cursor of the question that is being answered now."""
    last_asked: float = 0.0
    pace_s: float = 0.3
    """Seconds between keystrokes, lately."""
    latency_s: float = 0.3
    """Seconds until a model's answer was there, lately."""


def debounce_s(state: DocumentState, snapshot: Snapshot) -> float:
    """The pause before asking: the setting's, longer for a slow model, never much longer than the user's own pace.

    A slow model is asked a little later, since what is typed meanwhile would waste its answer.
    """
    base = snapshot.settings.completion.debounce_ms / 1000
    patient = min(2 * base, base + 0.1 * max(0.0, state.latency_s - 0.5))
    return min(patient, max(base / 2, 1.5 * state.pace_s))


async def pause(newer: asyncio.Future[None], seconds: float) -> bool:
    """False when a newer question came during the pause."""
    if seconds > 0:
        await asyncio.wait([newer], timeout=seconds)
    return not newer.done()
