"""Follows the route until one model answers; nothing is retried after the first visible token.

`Failover.feed` is the loop; `trip.py` decides the next step after each failure, by the table in `retry.py`.
A reply that breaks after its first token ends with Interrupted; everything received before has been handed over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from halley.core.calls import Call, Trace
from halley.core.errors import HalleyError, Interrupted, UpstreamError
from halley.core.models import ModelRef
from halley.core.ports import Take
from halley.providers.stream.iterating import hand_over
from halley.routing.metering import Chain
from halley.routing.targets import Target, Targets
from halley.routing.trip import Hosts, Step, Trip
from halley.routing.waits import Waits

Attempt = Callable[[Call, Target, Chain, Trace, Take, Callable[[], None]], Awaitable[None]]
"""One request to one model: `metering.metered`."""


@dataclass(slots=True)
class Failover:
    """The route, tried in order."""

    attempt: Attempt
    targets: Targets
    hosts: Hosts
    waits: Waits

    async def feed(self, call: Call, take: Take) -> None:
        """Events and one `Finish`.

        Raises the first model's error when none could answer, and Interrupted when one broke off.
        """
        trip = Trip(call, self.targets, self.hosts, self.waits)
        try:
            while (step := await trip.next_step()) is not None:
                for notice in trip.take_notices():
                    await hand_over(notice, take)
                answered = partial(self._answered, trip, step)
                try:
                    async with step:
                        await self.attempt(trip.call, step.target, trip.chain, step.trace, take, answered)
                    return
                except HalleyError as error:
                    # The user has seen part of a reply. Another model would start over in the middle of it, and the
                    # same one would be paid twice, so only the user may continue it.
                    if step.heard:
                        raise interrupted(error, step.target.model.ref) from error
                    trip.failed(step, error)
            # The first model's error, not the last: it is the one the user picked, so it is the one to mend.
            raise await trip.verdict()
        finally:
            trip.shown.done()

    @staticmethod
    def _answered(trip: Trip, step: Step) -> None:
        step.answered()
        trip.shown.done()


def interrupted(error: HalleyError, model: ModelRef) -> HalleyError:
    """The error as reported after the first token; errors that are not the host's stay unchanged."""
    if not isinstance(error, UpstreamError):
        return error
    if isinstance(error, Interrupted):
        return error.about(provider=model.provider, model=str(model))
    problem = error.problem
    return Interrupted(
        f"The reply was interrupted: {problem.message}",
        "The partial reply is saved. Continue it, or ask again.",
        provider=model.provider,
        model=str(model),
        status=problem.status,
        request_id=problem.request_id,
    )
