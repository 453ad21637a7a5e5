"""`python -m halley.routing.price_list`: a list of (host, model) as JSON on stdin → their list prices on stdout.

Runs in a child process, see `prices.py`. The prices are `genai-prices`' own data: nothing is fetched.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from halley.core.models import Price


def main() -> None:
    keys: list[list[str]] = json.load(sys.stdin)
    found = [find_list_price(book, name) for book, name in keys]
    json.dump([asdict(price) if price else None for price in found], sys.stdout)


def find_list_price(book: str, name: str) -> Price | None:
    """The price of that model at that host, else at the host it comes from.

    Tiers (dearer tokens in long contexts) are not followed, one reason why such costs are called estimates.
    """
    from genai_prices.data_snapshot import get_snapshot

    for host in dict.fromkeys((book or None, None)):
        for ref in dict.fromkeys((name, name.rsplit("/", 1)[-1])):
            try:
                _, model = get_snapshot().find_provider_model(ref, None, host, None)
            except LookupError:
                continue
            return _to_price(model)
    return None


def _to_price(model: Any) -> Price | None:
    now = datetime.now(UTC)
    input, output, cached = _at(model, now)
    if input is None and output is None:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = [_at(model, midnight + timedelta(minutes=30 * slot)) for slot in range(48)]
    slots = tuple((i or 0.0, o or 0.0, c) for i, o, c in day) if len(set(day)) > 1 else ()
    written = _base(model.get_prices(now).cache_write_mtok)
    return Price(
        input or 0.0, output or 0.0, cached, source="catalog", by_half_hour=slots, cache_write=written
    )


def _at(model: Any, moment: datetime) -> tuple[float | None, float | None, float | None]:
    prices = model.get_prices(moment)
    return _base(prices.input_mtok), _base(prices.output_mtok), _base(prices.cache_read_mtok)


def _base(value: Any) -> float | None:
    """A price, or the first tier's."""
    value = getattr(value, "base", value)
    return None if value is None else float(value)


if __name__ == "__main__":
    main()
