"""What routing needs to know of a model before it can be asked: the seam between the registry and the router."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from halley.core.calls import Caller
from halley.core.errors import HalleyError
from halley.core.models import Model, ModelRef, Role
from halley.core.ports import Provider
from halley.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One model where it can be asked."""

    model: Model
    provider: Provider
    host: str
    """The origin, which identifies hosts for cooldowns and retry budgets."""
    concurrency: int = 64
    price_book: str = ""
    """The name `genai-prices` knows the host by; empty where it does not."""
    key_failed: Callable[[str, HalleyError], float | None] | None = None
    """Called with the key of an attempt and how it failed, so that the provider's other keys get their turn.

    Seconds until another key can be used; None where no other key would help.
    """


class Targets(Protocol):
    def find_target(
        self, ref: ModelRef, settings: Settings, caller: Caller, role: Role | None = None
    ) -> Target:
        """Never waits. Where `ref` names no effort, that of `role` holds. Raises NotConfigured for no such provider."""
        ...

    async def near_matches(self, ref: ModelRef, settings: Settings, caller: Caller) -> tuple[ModelRef, ...]:
        """Models of the same provider with similar names, best first. Never raises, and never takes long."""
        ...
