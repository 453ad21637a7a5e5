"""What the wires have in common: an endpoint, its host, what was learned of its models; and jobs by OpenAI's road."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from halley.core.calls import AnyPrompt, Trace
from halley.core.events import Event
from halley.core.media import JobState, MediaJob
from halley.core.models import Model
from halley.core.ports import LessonBook, Take
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.fetching import fetch_result
from halley.providers.hosts.host import GetKey, Host
from halley.providers.hosts.lessons import Lessons
from halley.providers.http.client import Http
from halley.providers.stream.iterating import iterate
from halley.providers.wires import jobs


class Wire:
    """An endpoint that is spoken to in one protocol. Subclasses feed; together they are `core.ports.Provider`."""

    if TYPE_CHECKING:

        async def feed(
            self, model: Model, prompt: AnyPrompt, take: Take, trace: Trace | None = None
        ) -> None: ...

    def __init__(
        self, endpoint: Endpoint, http: Http, get_key: GetKey, book: LessonBook | None = None
    ) -> None:
        self.id = endpoint.id
        self.endpoint = endpoint
        self.host = Host(endpoint, http, get_key)
        self.learned = Lessons(endpoint, book)
        """By the model's name."""

    def stream(
        self, model: Model, prompt: AnyPrompt, trace: Trace | None = None
    ) -> AsyncGenerator[Event, None]:
        """What `feed` hands over, to iterate."""
        return iterate(partial(self._feed, model, prompt, trace))

    async def _feed(self, model: Model, prompt: AnyPrompt, trace: Trace | None, take: Take) -> None:
        await self.feed(model, prompt, take, trace)

    async def find_quota(self) -> dict[str, Any] | None:
        """What is left of the user's money, where the host reports it (`hosts/quota.py`)."""
        from halley.providers.hosts.quota import find_quota

        return await find_quota(self.host)


class JobWire(Wire):
    """A wire whose hosts also work on jobs. Implements `core.ports.JobHost`."""

    async def poll(self, job: MediaJob) -> JobState:
        return await jobs.poll(self.host, job)

    async def fetch(self, address: str, write: Callable[[bytes], object], limit: int) -> None:
        await fetch_result(self.host, address, write, limit)

    async def cancel(self, job: MediaJob) -> bool:
        return await jobs.cancel(self.host, job)
