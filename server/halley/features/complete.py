"""Inline completion: one question at a time for each document, and every question answered.

A newer question ends the older one at once: its upstream call is closed and it answers with nothing. Automatic
questions wait out the debounce, are never retried, and have a deadline; invoked ones ask right away.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from halley.core.calls import Priority
from halley.core.errors import HalleyError
from halley.core.snapshot import Snapshot
from halley.engine.completions import Place, read_completion
from halley.engine.fim import build_fim
from halley.features.ask import Line, ask


@dataclass(slots=True)
class Completer:
    """The pending questions of one window, by document."""

    pending: dict[str, asyncio.Task[list[str]]] = field(default_factory=dict)

    async def complete(self, line: Line, snapshot: Snapshot, *, automatic: bool) -> list[str]:
        """Texts to offer at the cursor, best first; empty when superseded or when there is nothing to say.

        Raises what `features.ask` raises only when invoked: typing is never interrupted by an error.
        """
        uri = snapshot.document.uri
        if (older := self.pending.get(uri)) is not None:
            older.cancel()
        task = asyncio.ensure_future(_answer(line, snapshot, automatic))
        self.pending[uri] = task
        try:
            return await _outcome(task)
        finally:
            if self.pending.get(uri) is task:
                del self.pending[uri]

    def close(self) -> None:
        for task in self.pending.values():
            task.cancel()


async def _outcome(task: asyncio.Task[list[str]]) -> list[str]:
    """The task's result; nothing when a newer question ended it. Our own cancellation ends the task too."""
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        raise
    return [] if task.cancelled() else task.result()


async def _answer(line: Line, snapshot: Snapshot, automatic: bool) -> list[str]:
    settings = snapshot.settings.completion
    if automatic:
        if not is_wanted(snapshot):
            return []
        await asyncio.sleep(settings.debounce_ms / 1000)
    prompt = build_fim(snapshot, max_tokens=settings.max_tokens)
    try:
        async with asyncio.timeout(settings.timeout_ms / 1000 if automatic else None):
            reply = await ask(
                line,
                prompt,
                feature="complete",
                role="complete",
                priority=Priority.INLINE,
                retry=not automatic,
                keep_partial=True,
            )
    except (HalleyError, TimeoutError):
        if automatic:
            return []
        raise
    text = read_completion(reply.text, Place(prompt.prefix, prompt.suffix, prompt.language_id))
    return [text] if text else []


def is_wanted(snapshot: Snapshot) -> bool:
    """Whether typing here should ask at all: switched on, a language that takes part, something to go on."""
    settings, document = snapshot.settings.completion, snapshot.document
    if not settings.enabled or document.language_id in settings.disabled_languages:
        return False
    text, at = document.text, snapshot.selection.start
    line = text[text.rfind("\n", 0, at) + 1 : at]
    after = text[at : (text + "\n").find("\n", at)]
    if after.strip() and after.strip()[0] not in ")]}>'\"`;,:":
        return False  # in the middle of a line, ghost text would push what follows aside
    return bool(text[:at].strip()) or bool(line)
