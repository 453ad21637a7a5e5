"""One question to a model for inline completion, while it runs and after it is done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace

from halley.core.calls import FimPrompt, Priority
from halley.core.errors import Enough, HalleyError, Interrupted
from halley.core.events import Event, Finish, TextDelta
from halley.core.models import Role, Route
from halley.core.snapshot import Snapshot
from halley.engine.typing.fim import build_fim, mark_of
from halley.engine.typing.place import Place
from halley.engine.typing.scope import Scope, cut_at, scope_of
from halley.features.ask import Line, feed_reply
from halley.features.context.gather import completion_context
from halley.features.context.shown import Permitted

MOST_TEXT = 8_000
"""Characters of a completion; each piece is looked at together with all before it."""
INVOKED_S = 30.0
"""Until an invoked completion is abandoned; the user waits for it, so longer than for an automatic one."""

FIM_BUDGET = 2000
"""Tokens of text around the cursor and from other files together."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A text to offer, and the model it is from."""

    text: str
    model: str
    first_time: bool = True
    """False for what was shown before, and is typed along now."""


@dataclass(slots=True)
class CompletionCall:
    """`prefix` and `suffix` are the whole text on both sides of the cursor when it was asked.

    `streamed` grows as the reply comes; `text` is the reply once it is complete for its scope.
    """

    uri: str
    prefix: str
    suffix: str
    language_id: str
    mark: str = ""
    """As `Place.mark`."""
    model: str = ""
    streamed: str = ""
    text: str = ""
    error: HalleyError | None = None
    was_shown: bool = False
    took_s: float = 0.0
    ready: asyncio.Future[None] = field(init=False)
    """Done when `text` or `error` is final. The call's task continues until the connection is closed and the ledger
    written, which is not waited for."""
    task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.ready = asyncio.get_running_loop().create_future()

    @property
    def is_done(self) -> bool:
        return self.ready.done() and not self.ready.cancelled()

    def finish(self, text: str, error: HalleyError | None = None) -> None:
        """The first call counts."""
        if not self.ready.done():
            self.text, self.error = text, error
            self.ready.set_result(None)

    def offer(self, text: str) -> Offered:
        first_time, self.was_shown = not self.was_shown, True
        return Offered(text, self.model, first_time)

    def close(self, why: str = "") -> None:
        """End it now, upstream too; `why` is what the ledger says, by default that the user ended it."""
        if self.is_done:
            return  # it is closing its connection by itself
        self.ready.cancel()
        self.task.cancel(why or None)

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


async def prepare_prompt(permitted: Permitted, template: str = "") -> FimPrompt:
    """The text around the cursor, and what else fits beside it. `template` is for models that fill no middle."""
    context = await completion_context(permitted, FIM_BUDGET // 3)
    snapshot = permitted.snapshot
    return build_fim(
        snapshot,
        budget=FIM_BUDGET - context.tokens,
        max_tokens=snapshot.settings.completion.max_tokens,
        template=template,
        context=context,
    )


def start_call(line: Line, snapshot: Snapshot, prompt: FimPrompt, *, automatic: bool) -> CompletionCall:
    """Ask; the reply is read in the call's own task, which is cancelled to close the upstream connection."""
    text, selection = snapshot.document.text, snapshot.selection
    call = CompletionCall(
        snapshot.document.uri,
        text[: selection.start],
        text[selection.end :],
        snapshot.document.language_id,
        mark_of(snapshot),
    )
    # Who asks by hand waits for it; what comes unasked is of no use once the user has typed on.
    limit = snapshot.settings.completion.timeout_ms / 1000 if automatic else INVOKED_S
    call.task = asyncio.create_task(_read(call, line, prompt, automatic, limit))
    return call


async def _read(call: CompletionCall, line: Line, prompt: FimPrompt, automatic: bool, limit_s: float) -> None:
    place = Place(call.prefix, call.suffix, call.language_id, call.mark)
    scope = scope_of(place)
    began = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            await _stream(call, line, prompt, automatic, place, scope, began)
    except TimeoutError:
        call.finish(
            "", Interrupted("The completion took too long.", "The setting is `completion.timeout_ms`.")
        )
    except HalleyError as error:
        if isinstance(error, Interrupted):
            call.streamed = call.streamed[: error.repeats_from]
        call.finish(call.streamed, error if not call.streamed.strip() else None)
    finally:
        call.finish(call.streamed, None if call.streamed else _broken())


async def _stream(
    call: CompletionCall,
    line: Line,
    prompt: FimPrompt,
    automatic: bool,
    place: Place,
    scope: Scope,
    began: float,
) -> None:
    route = await line.route_of("complete")
    call.model = str(route[0])  # `Finish` names it, but rarely is it waited for

    async def route_of(_role: Role) -> Route:
        return route

    def take(event: Event) -> None:
        if isinstance(event, TextDelta):
            call.streamed += event.text
            if (cut := cut_at(call.streamed, place, scope)) is not None or len(call.streamed) > MOST_TEXT:
                call.took_s = time.monotonic() - began
                call.finish(call.streamed[:cut])
                # Everything after the cut would be paid for and thrown away, so the connection is closed here.
                raise Enough
        elif isinstance(event, Finish):
            call.model, call.took_s = str(event.model or ""), time.monotonic() - began
            call.finish(call.streamed)

    asking = feed_reply(
        replace(line, route_of=route_of),
        prompt,
        take,
        feature="complete",
        role="complete",
        priority=Priority.INLINE,
        retry=not automatic,
    )
    with contextlib.suppress(Enough):
        await asking


def _broken() -> Interrupted:
    return Interrupted("The completion ended before it was complete.", "Ask again.")
