"""One question to a model for inline completion, while it runs and after it is done."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from halley.core.calls import FimPrompt, Priority
from halley.core.errors import HalleyError, Interrupted
from halley.core.events import Finish, TextDelta
from halley.core.snapshot import Snapshot
from halley.engine.completions import Place
from halley.engine.fim import build_fim
from halley.engine.scope import Scope, cut_at, scope_of
from halley.features.ask import Line, stream_reply
from halley.features.project import Project, completion_context

FIM_BUDGET = 2000
"""Tokens of text around the cursor and from other files together."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A text to offer, and the model it is from."""

    text: str
    model: str


@dataclass(slots=True)
class CompletionCall:
    """`prefix` and `suffix` are the whole text on both sides of the cursor when it was asked.

    `streamed` grows as the reply comes; `text` is the reply once it is complete for its scope.
    """

    uri: str
    prefix: str
    suffix: str
    language_id: str
    model: str = ""
    streamed: str = ""
    text: str = ""
    error: HalleyError | None = None
    is_done: bool = False
    took_s: float = 0.0
    task: asyncio.Task[None] = field(init=False)

    @property
    def failed(self) -> bool:
        return not self.is_done or self.error is not None

    def typed_since(self, snapshot: Snapshot) -> str | None:
        """What was typed at the cursor since the question; None when anything else has changed."""
        text, at = snapshot.document.text, snapshot.selection.start
        if at < len(self.prefix) or not text.startswith(self.prefix):
            return None
        if len(text) - snapshot.selection.end != len(self.suffix) or not text.endswith(self.suffix):
            return None
        return text[len(self.prefix) : at]


async def start_call(
    line: Line,
    snapshot: Snapshot,
    project: Project | None,
    *,
    automatic: bool,
    temperature: float | None = None,
) -> CompletionCall:
    """Ask; the reply is read in the call's own task, which is cancelled to close the upstream connection."""
    text, selection = snapshot.document.text, snapshot.selection
    call = CompletionCall(
        snapshot.document.uri, text[: selection.start], text[selection.end :], snapshot.document.language_id
    )
    call.model = str((await line.route_of("complete"))[0])
    context = await completion_context(project, snapshot, FIM_BUDGET // 3)
    settings = snapshot.settings.completion
    prompt = build_fim(
        snapshot, budget=FIM_BUDGET - context.tokens, max_tokens=settings.max_tokens, context=context
    )
    prompt = replace(prompt, temperature=temperature) if temperature is not None else prompt
    limit = settings.timeout_ms / 1000 if automatic else 30.0
    call.task = asyncio.create_task(_read(call, line, prompt, automatic, limit))
    return call


async def _read(call: CompletionCall, line: Line, prompt: FimPrompt, automatic: bool, limit_s: float) -> None:
    place = Place(call.prefix, call.suffix, call.language_id)
    scope = scope_of(place)
    began = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            await _stream(call, line, prompt, automatic, place, scope)
    except TimeoutError:
        call.error = Interrupted("The completion took too long.", "The setting is `completion.timeout_ms`.")
    except HalleyError as error:
        call.error = error if not call.streamed.strip() else None
        call.text = call.streamed
    call.took_s = time.monotonic() - began
    call.is_done = True


async def _stream(
    call: CompletionCall, line: Line, prompt: FimPrompt, automatic: bool, place: Place, scope: Scope
) -> None:
    events = stream_reply(
        line, prompt, feature="complete", role="complete", priority=Priority.INLINE, retry=not automatic
    )
    async with aclosing(events):
        async for event in events:
            if isinstance(event, TextDelta):
                call.streamed += event.text
                if (cut := cut_at(call.streamed, place, scope)) is not None:
                    call.text = call.streamed[:cut]
                    return
            elif isinstance(event, Finish):
                call.model = str(event.model or "")
    call.text = call.streamed
