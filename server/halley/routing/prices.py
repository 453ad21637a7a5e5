"""What a token costs, where anybody knows: the provider's own price list first, else `genai-prices`, else unknown.

`genai-prices` takes half a second to import, so it is loaded in a thread, and only when a model without a price of its
own was really asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from halley.core.models import Model, Price, Usage

ASK_FOR = {"gemini": "google", "azure": "azure", "openai": "openai", "anthropic": "anthropic"}
"""Our preset's name → `genai-prices`' provider id, where they differ or matter."""


@dataclass(slots=True)
class Prices:
    """Prices found so far. `find` may be replaced in tests; it runs in a thread."""

    find: Callable[[str, str], Price | None] = field(default_factory=lambda: find_list_price)
    known: dict[tuple[str, str], Price | None] = field(default_factory=dict[tuple[str, str], Price | None])
    loading: dict[tuple[str, str], asyncio.Task[Price | None]] = field(
        default_factory=dict[tuple[str, str], asyncio.Task[Price | None]]
    )

    def load_behind(self, model: Model) -> None:
        """Begins to look the model's price up, unless that was done."""
        key = (model.ref.provider, model.ref.name)
        if key not in self.known and key not in self.loading:
            self.loading[key] = asyncio.ensure_future(self._load(key))

    async def price_of(self, model: Model) -> Price | None:
        if model.price is not None:
            return model.price
        key = (model.ref.provider, model.ref.name)
        if key not in self.known:
            self.load_behind(model)
            await asyncio.shield(self.loading[key])
        return self.known[key]

    async def with_cost(self, usage: Usage, model: Model) -> Usage:
        """`usage` with its cost: as the provider said it, else estimated, else unknown (None)."""
        if usage.cost_usd is not None:
            return replace(usage, cost_source="provider")
        price = await self.price_of(model)
        cost = cost_of(usage, price) if price else None
        if cost is None:
            return usage
        return replace(usage, cost_usd=cost, cost_source="estimated")

    async def _load(self, key: tuple[str, str]) -> Price | None:
        try:
            price = await asyncio.to_thread(self.find, *key)
        except Exception:  # a price list that cannot be read means that nobody knows
            price = None
        self.known[key] = price
        self.loading.pop(key, None)
        return price


def cost_of(usage: Usage, price: Price) -> float | None:
    """US dollars, or None when the price list cannot tell."""
    if price.currency != "USD":
        return None
    if price.input is None or price.output is None:
        return price.per_request
    cached = min(usage.cached_tokens, usage.input_tokens)
    cached_price = price.input if price.cached_input is None else price.cached_input
    tokens = (
        (usage.input_tokens - cached) * price.input
        + cached * cached_price
        + usage.output_tokens * price.output
    )
    return tokens / 1_000_000 + (price.per_request or 0.0)


def find_list_price(provider: str, name: str) -> Price | None:
    """The list price of a model of that name, from `genai-prices`' offline data. Slow at first; call it in a thread.

    Tiers (dearer tokens in long contexts) are not followed, one reason why such costs are called estimates.
    """
    from genai_prices.data_snapshot import get_snapshot

    for provider_id in dict.fromkeys((ASK_FOR.get(provider), None)):
        for ref in dict.fromkeys((name, name.rsplit("/", 1)[-1])):
            try:
                _, found = get_snapshot().find_provider_model(ref, None, provider_id, None)
            except LookupError:
                continue
            return _to_price(found)
    return None


def _to_price(model: Any) -> Price | None:
    from datetime import UTC, datetime

    prices = model.get_prices(datetime.now(UTC))
    input, output = _base(prices.input_mtok), _base(prices.output_mtok)
    if input is None and output is None:
        return None
    return Price(input or 0.0, output or 0.0, _base(prices.cache_read_mtok), source="catalog")


def _base(value: Any) -> float | None:
    """A price, or the first tier's."""
    value = getattr(value, "base", value)
    return None if value is None else float(value)
