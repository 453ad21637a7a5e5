"""A host's job, from its name to a file on disk: asked about with growing pauses, fetched before it is forgotten.

A host that does not answer is asked again, the more seldom the longer; one that refuses ends the task. Nothing here
costs anything: what was paid was paid when the job was submitted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from halley.core.errors import BadReply, HalleyError, UpstreamError
from halley.core.media import JobState, MediaJob
from halley.core.media_types import facts_of_file, mime_of
from halley.core.ports import JobHost
from halley.routing.clock import Clock
from halley.stores.media import Result
from halley.stores.sqlite.blobs import BlobWriter

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 20.0
SHORTEST_PAUSE_S = 0.02
"""Whatever a host says."""
LONGEST_S = 24 * 3600.0
"""After this a job counts as failed."""
FETCH_TRIES = 6
LARGEST = {"image": 64 << 20, "audio": 64 << 20, "video": 1 << 30}
"""Bytes of one result."""

OnState = Callable[[JobState], Awaitable[None]]


async def follow(host: JobHost, job: MediaJob, since: float, clock: Clock, on_state: OnState) -> JobState:
    """Waits until the job has ended. `since` is when it began (seconds since the epoch).

    Raises BadReply for one that failed or never ends, and what a refusal to tell stands for.
    """
    pause, failures = FIRST_PAUSE_S, 0
    while True:
        try:
            state = await host.poll(job)
        except UpstreamError as error:
            if not error.retryable:
                raise
            failures += 1
            await _rest(clock, min(LONGEST_PAUSE_S * 3, FIRST_PAUSE_S * 2.0**failures))
        else:
            failures = 0
            await on_state(state)
            if state.status == "failed":
                told = f" It said: {state.reason}." if state.reason else ""
                raise BadReply(
                    "The host could not complete the job.",
                    f"Change the prompt, or choose another model.{told}",
                )
            if state.status != "running":
                return state
            await _rest(clock, max(SHORTEST_PAUSE_S, state.poll_after_s or pause))
            pause = min(pause * 1.5, LONGEST_PAUSE_S)
        if time.time() - since > LONGEST_S:
            raise BadReply(
                "The host has not finished within a day.", "Start it again, or choose another model."
            )


async def fetch(host: JobHost, address: str, wants: str, folder: Path, variant: int, clock: Clock) -> Result:
    """The result at `address`, kept. `wants` is `image`, `audio` or `video`; its bytes decide whether it is.

    Raises BlockedByPolicy for an address that must not be fetched, BadReply for one that is gone or no such file.
    """
    for attempt in range(1, FETCH_TRIES + 1):
        try:
            with BlobWriter(folder) as blob:
                await host.fetch(address, blob.write, LARGEST[wants])
                return await asyncio.to_thread(_keep, blob, wants, variant)
        except HalleyError as error:
            cut = isinstance(error, UpstreamError) and (error.retryable or error.code == "interrupted")
            if not cut or attempt == FETCH_TRIES:
                raise
            await _rest(clock, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1)))
    raise AssertionError("unreachable")


def keep(data: bytes, wants: str, folder: Path, variant: int) -> Result:
    """A result that came with the answer."""
    with BlobWriter(folder) as blob:
        blob.write(data)
        return _keep(blob, wants, variant)


def _keep(blob: BlobWriter, wants: str, variant: int) -> Result:
    mime = mime_of(blob.head)
    if not mime.startswith(wants):
        words = {"image": "picture", "audio": "recording", "video": "video"}
        raise BadReply(f"The host's result is not a {words[wants]}.", "Ask again, or choose another model.")
    facts = facts_of_file(blob.head)
    known = {"width": facts.width, "height": facts.height, "seconds": facts.seconds}
    return Result(variant, blob.keep(), mime, blob.size, {k: v for k, v in known.items() if v is not None})


async def _rest(clock: Clock, seconds: float) -> None:
    """With a little jitter, so that many do not come at the same time."""
    await clock.wait(asyncio.Event(), seconds * clock.uniform(0.8, 1.2))
