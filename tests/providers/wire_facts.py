"""Small things the tests of the wire share that are no fixtures."""

from __future__ import annotations

from halley.core.events import Event, TextDelta

KEY = "sk-test-0123456789abcdef"


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
