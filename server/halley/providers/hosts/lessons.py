"""What was learned of an endpoint's models (`learning.py`), kept from one request and one process to the next.

A refusal costs a request, so no process pays for the lesson of an earlier one. Hosts change too, so a lesson is
forgotten after a week and the host asked as any other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from halley.core.ports import LessonBook
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.learning import DROPPABLE, Learned
from halley.providers.refusals.subjects import KEYWORDS

FRESH_S = 7 * 86_400.0
MOST_TOKENS = 1_000_000
NAMES = tuple(one.name for one in fields(Learned) if one.name != "on_lesson")
"""Of the lessons."""


class Lessons:
    """`Learned` by the model's name. Without a book they end with the process."""

    def __init__(self, endpoint: Endpoint, book: LessonBook | None = None) -> None:
        self._place = f"{endpoint.kind} {endpoint.base_url}"
        self._book = book
        self._learned: dict[str, Learned] = {}
        self._kept: Mapping[str, Mapping[str, Any]] | None = None
        self._read_at = time.monotonic()
        self._unsaved: dict[str, Learned] = {}
        self._saving: asyncio.Task[None] | None = None

    def __getitem__(self, model: str) -> Learned:
        """What is known of this model's host now; the same object as long as it is fresh."""
        if time.monotonic() - self._read_at > FRESH_S:
            self._learned, self._kept, self._read_at = {}, None, time.monotonic()
        learned = self._learned.get(model)
        if learned is None:
            learned = self._learned[model] = learned_of(self._read().get(model, {}))
            learned.on_lesson = lambda: self._save_later(model, learned)
        return learned

    def _read(self) -> Mapping[str, Mapping[str, Any]]:
        if self._kept is None:
            self._kept = self._book.load(self._place, FRESH_S) if self._book else {}
        return self._kept

    def _save_later(self, model: str, learned: Learned) -> None:
        """In the background and one after the other, so that the newest is the last."""
        if self._book is None:
            return
        self._unsaved[model] = learned
        if self._saving is None or self._saving.done():
            self._saving = asyncio.ensure_future(self._save(self._book))

    async def _save(self, book: LessonBook) -> None:
        while self._unsaved:
            model, learned = self._unsaved.popitem()
            await asyncio.to_thread(book.save, self._place, model, facts_of_learned(learned), FRESH_S)


def facts_of_learned(learned: Learned) -> dict[str, Any]:
    """For a file: what differs from knowing nothing."""
    facts = {name: getattr(learned, name) for name in NAMES}
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in facts.items()
        if value
    }


def learned_of(facts: Mapping[str, Any]) -> Learned:
    """From a file; what `facts_of_learned` would not have written is left out."""
    learned = Learned()
    for name in NAMES:
        if (value := _sound(name, facts.get(name))) is not None:
            setattr(learned, name, value)
    return learned


def _sound(name: str, value: Any) -> Any:
    """The value of this lesson, or None."""
    match name:
        case "drop" | "schema_drop":
            known = DROPPABLE if name == "drop" else KEYWORDS
            words = value if isinstance(value, list) else ()
            return frozenset(word for word in words if isinstance(word, str) and word in known) or None
        case "token_limit":
            return value if value in ("max_tokens", "max_completion_tokens") else None
        case "most_output" | "thinks":
            is_number = isinstance(value, int) and not isinstance(value, bool)
            return value if is_number and 0 < value <= MOST_TOKENS else None
        case _:
            return value if value is True else None
