"""`python -m halley.routing.price_list`: a list of (host, model) as JSON on stdin → their list prices on stdout.

Runs in a child process, see `prices.py`. The prices are `genai-prices`' own data: nothing is fetched.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
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
    prices = model.get_prices(datetime.now(UTC))
    input, output = _base(prices.input_mtok), _base(prices.output_mtok)
    if input is None and output is None:
        return None
    return Price(input or 0.0, output or 0.0, _base(prices.cache_read_mtok), source="catalog")


def _base(value: Any) -> float | None:
    """A price, or the first tier's."""
    value = getattr(value, "base", value)
    return None if value is None else float(value)


if __name__ == "__main__":
    main()
