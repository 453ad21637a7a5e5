"""Calls that wait for approval, so that a client can answer one by a request of its own (`halley/agent/approve`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from halley.core.errors import InvalidInput

if TYPE_CHECKING:
    from halley.features.tools.approving import Decision, Question

Answer = Literal["once", "chat", "workspace", "no"]
_DECISIONS: dict[Answer, Decision] = {"once": "once", "chat": "chat", "workspace": "always", "no": "deny"}


class PendingCalls:
    """Of one window."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Question, asyncio.Future[Decision]]] = []

    @contextmanager
    def asking(self, question: Question) -> Iterator[asyncio.Future[Decision]]:
        """While the question is open; the future is done once it is answered here."""
        one = question, asyncio.get_running_loop().create_future()
        self.waiting.append(one)
        try:
            yield one[1]
        finally:
            self.waiting.remove(one)

    def answer(self, call_id: str, answer: Answer) -> None:
        """Raises InvalidInput where no single call with that ID waits, or the answer is not offered for it."""
        found = [one for one in self.waiting if one[0].call_id == call_id and not one[1].done()]
        if len(found) != 1:
            count = "No call" if not found else "More than one call"
            raise InvalidInput(f"{count} with this ID waits for approval.", "Answer it where it is asked.")
        question, answered = found[0]
        offered = {"chat": question.chat, "workspace": question.always}
        if not offered.get(answer, True):
            raise InvalidInput(f"This call cannot be approved for the {answer}.", "Answer `once` or `no`.")
        answered.set_result(_DECISIONS[answer])
