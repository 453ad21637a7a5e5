"""One question to a model for a next edit, in a task of its own, which ends upstream too when it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from halley.core.calls import NextEditPrompt, Priority
from halley.core.errors import Enough, HalleyError, UpstreamTimeout
from halley.core.events import Event, Finish, TextDelta
from halley.engine.typing.next_edit.region import Region
from halley.engine.typing.next_edit.reply import MOST_REPLY, read_reply
from halley.features.ask import Line, feed_reply

FEATURE = "next"
INVOKED_S = 30.0


@dataclass(slots=True)
class NextEditCall:
    """`new` is the region's new text once it is known; None where nothing is to be changed."""

    region: Region
    burst: int
    """The latest whose edits the prompt holds."""
    model: str = ""
    new: str | None = None
    error: HalleyError | None = None
    task: asyncio.Task[None] = field(init=False)

    def fits(self, region: Region, burst: int) -> bool:
        """Whether it answers a question about that region too, after the same edits."""
        mine, same = self.region, self.burst == burst
        same = (
            same and mine.document.uri == region.document.uri and mine.document.text == region.document.text
        )
        return same and (mine.start, mine.end) == (region.start, region.end)

    def close(self) -> None:
        """End it, upstream too; the ledger says that newer typing did."""
        from halley.routing.metering import SUPERSEDED

        self.task.cancel(SUPERSEDED)


def start_call(
    line: Line, prompt: NextEditPrompt, region: Region, burst: int, *, automatic: bool
) -> NextEditCall:
    """Ask. It is never asked twice: an edit that comes late is worth nothing."""
    call = NextEditCall(region, burst)
    limit = line.settings.next_edit.timeout_ms / 1000 if automatic else INVOKED_S
    call.task = asyncio.create_task(_read(call, line, prompt, automatic, limit))
    return call


async def _read(
    call: NextEditCall, line: Line, prompt: NextEditPrompt, automatic: bool, limit_s: float
) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await _stream(call, line, prompt, automatic)
    except TimeoutError:
        call.error = UpstreamTimeout("The next edit took too long.", "The setting is `next_edit.timeout_ms`.")
    except HalleyError as error:
        call.error = error


async def _stream(call: NextEditCall, line: Line, prompt: NextEditPrompt, automatic: bool) -> None:
    pieces: list[str] = []
    size = 0

    def take(event: Event) -> None:
        nonlocal size
        if isinstance(event, TextDelta):
            pieces.append(event.text)
            size += len(event.text)
            if size > MOST_REPLY:
                raise Enough
        elif isinstance(event, Finish):
            call.model = str(event.model or "")
            if event.reason != "length":  # a region that was cut off would lose its end
                call.new = read_reply("".join(pieces), call.region.text)

    priority = Priority.INLINE if automatic else Priority.ACTION
    with contextlib.suppress(Enough):
        await feed_reply(line, prompt, take, feature=FEATURE, role="next", priority=priority, retry=False)
