"""The wires: one row for each protocol Halley speaks to models' hosts. Adding one is a file and a row."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from halley.core.errors import NotConfigured
from halley.core.settings import WireKind

if TYPE_CHECKING:
    from halley.core.ports import LessonBook, Provider
    from halley.providers.endpoint import Endpoint
    from halley.providers.hosts.host import GetKey
    from halley.providers.http.client import Http

WIRES: dict[WireKind, str] = {
    "openai": "halley.providers.wires.openai:OpenAIProvider",
    "openai-responses": "halley.providers.wires.responses:ResponsesProvider",
    "anthropic": "halley.providers.wires.anthropic:AnthropicProvider",
}
"""`kind` → the class that speaks it, imported when the first endpoint of that kind is used."""


def build_provider(
    endpoint: Endpoint, http: Http, get_key: GetKey, book: LessonBook | None = None
) -> Provider:
    """Something that answers for `endpoint`. `get_key` is awaited for every request, so a new key applies to the
    next. `book` keeps what its host refuses for later processes.

    Raises NotConfigured for a kind there is no wire for.
    """
    place = WIRES.get(endpoint.kind)
    if place is None:
        setting = endpoint.setting("kind")
        raise NotConfigured(
            f"There is no wire of kind '{endpoint.kind}'.", f"Set `{setting}` to one of {', '.join(WIRES)}.",
            provider=endpoint.id, setting=setting,
        )  # fmt: skip
    module, _, name = place.partition(":")
    wire: Callable[[Endpoint, Http, GetKey, LessonBook | None], Provider]
    wire = getattr(import_module(module), name)
    return wire(endpoint, http, get_key, book)
