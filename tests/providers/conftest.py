"""What the tests of the wire share: an endpoint, a provider and one `Http`, all towards loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from wire_facts import KEY

from halley.core.calls import FimPrompt, Prompt, user
from halley.core.errors import HalleyError
from halley.core.events import Event
from halley.core.settings import ProviderSettings
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model
from halley.providers.http.client import Http
from halley.providers.presets import resolve_endpoint
from halley.providers.wires.table import build_provider

QUICK: dict[str, Any] = {"connect_timeout_s": 2.0, "first_byte_timeout_s": 5.0, "stall_timeout_s": 5.0}


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http({})
    yield made
    await made.aclose()


@pytest.fixture
def endpoint_of() -> Callable[..., Endpoint]:
    """`endpoint_of(url, preset="openai", **settings)`."""

    def make(url: str, preset: str = "openai", **settings: Any) -> Endpoint:
        values = {**QUICK, "base_url": url, "preset": preset, **settings}
        return resolve_endpoint("host", ProviderSettings(**values), {})

    return make


@pytest.fixture
def provider_of(http: Http, endpoint_of: Callable[..., Endpoint]) -> Callable[..., Any]:
    """A provider for a base URL, which always has a key."""

    async def get_key() -> str:
        return KEY

    def make(url: str, preset: str = "openai", **settings: Any) -> Any:
        return build_provider(endpoint_of(url, preset, **settings), http, get_key)

    return make


Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Ask:
    """`await ask(provider, "model", prompt)` → (events, error or None)."""

    async def run(
        provider: Any, name: str = "m", prompt: Prompt | FimPrompt | None = None
    ) -> tuple[list[Event], HalleyError | None]:
        events: list[Event] = []
        model = describe_model(provider.endpoint, name)
        try:
            async for event in provider.stream(model, prompt or Prompt((user("Say hello."),), max_tokens=50)):
                events.append(event)
        except HalleyError as error:
            return events, error
        return events, None

    return run
