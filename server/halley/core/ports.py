"""The seams: what a layer needs of the one below, as Protocols."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from halley.core.calls import Call, FimPrompt, Prompt
from halley.core.events import Event
from halley.core.models import Model, ModelRef


class Provider(Protocol):
    """One endpoint with its wire and key. Raises only `core.errors`.

    Whoever leaves a stream early closes it (`aclose`), which closes the upstream socket.
    """

    id: str

    def stream(self, model: Model, prompt: Prompt | FimPrompt) -> AsyncGenerator[Event, None]:
        """Events, then exactly one `Finish`, or one error."""
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """The provider's own catalogue, as it answers now."""
        ...


class Replier(Protocol):
    """Something that answers a call: a router, or a wrapper around one."""

    def stream(self, call: Call) -> AsyncGenerator[Event, None]: ...


class Ledger(Protocol):
    """Where every model call is written down: opened before it is sent, settled after it ended."""

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        """The row's id, once the row is on disk. `parent` is the row of the request's first attempt."""
        ...

    async def settle(self, entry: int, **facts: Any) -> None: ...

    async def spent(self, since: float) -> float:
        """US dollars of all calls begun since then (seconds since the epoch), estimates included."""
        ...
