"""What the wires have in common: an endpoint, its host, what was learned of its models; and jobs by OpenAI's road."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from halley.core.media import Job, JobState
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.fetching import fetch_result
from halley.providers.hosts.host import GetKey, Host
from halley.providers.hosts.learning import Learned
from halley.providers.http.client import Http
from halley.providers.wires import jobs


class Wire:
    """An endpoint that is spoken to in one protocol. Subclasses stream; together they are `core.ports.Provider`."""

    def __init__(self, endpoint: Endpoint, http: Http, get_key: GetKey) -> None:
        self.id = endpoint.id
        self.endpoint = endpoint
        self.host = Host(endpoint, http, get_key)
        self.learned: defaultdict[str, Learned] = defaultdict(Learned)
        """By the model's name."""


class JobWire(Wire):
    """A wire whose hosts also work on jobs. Implements `core.ports.JobHost`."""

    async def poll(self, job: Job) -> JobState:
        return await jobs.poll(self.host, job)

    async def fetch(self, address: str, write: Callable[[bytes], object], limit: int) -> None:
        await fetch_result(self.host, address, write, limit)

    async def cancel(self, job: Job) -> bool:
        return await jobs.cancel(self.host, job)
