"""The seams: what a layer needs of the one below, as Protocols."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from halley.core.calls import AnyPrompt, Call
from halley.core.events import Event
from halley.core.media import Job, JobState
from halley.core.models import Model, ModelRef


class Provider(Protocol):
    """One endpoint with its wire and key. Raises only `core.errors`.

    Whoever leaves a stream early closes it (`aclose`), which closes the upstream socket.
    """

    id: str

    def stream(self, model: Model, prompt: AnyPrompt) -> AsyncGenerator[Event, None]:
        """Events, then exactly one `Finish`, or one error."""
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """The provider's own catalogue, as it answers now."""
        ...


class JobHost(Protocol):
    """A provider that works on jobs. Raises only `core.errors`."""

    async def poll(self, job: Job) -> JobState:
        """How a job stands now. Costs nothing."""
        ...

    async def fetch(self, address: str, write: Callable[[bytes], object], limit: int) -> None:
        """Hands a result's bytes to `write`.

        Raises BlockedByPolicy for an address that must not be fetched, BadReply beyond `limit` bytes and for one
        that is gone.
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Ends a job where the host lets one; whether it did."""
        ...


class Replier(Protocol):
    """Something that answers a call: a router, or a wrapper around one."""

    def stream(self, call: Call) -> AsyncGenerator[Event, None]: ...


class Ledger(Protocol):
    """Where every model call is written down: opened before it is sent, settled after it ended."""

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        """The row's id, once the row is on disk. `parent` is the row of the request's first attempt."""
        ...

    async def settle(self, entry: int, *, behind: bool = False, **facts: Any) -> None: ...

    async def spent(self, since: float) -> float:
        """US dollars of all calls begun since then (seconds since the epoch), estimates included."""
        ...
