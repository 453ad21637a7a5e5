"""One model at each provider that lists it, the cheapest first: `halley models --compare NAME`.

Providers spell a model's name in their own ways (`openai/gpt-5-mini`, `gpt-5-mini-2025-08-07`). `spelling_of` takes off
only what certainly does not change the model: the maker's prefix and a date. A variant (`:free`, `-fp8`) stays another
model, because it answers differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
_DATE = re.compile(r"[-@](20\d{2})-?(\d{2})-?(\d{2})$")
TYPICAL_INPUT = 3.0
"""Input tokens for each output token in a chat with context: how a price of two parts becomes one."""


def same_model(models: Iterable[Json], name: str) -> list[Json]:
    """The rows of `models` (`Model` of the protocol) that are the model `name`; unknown prices last."""
    wanted = spelling_of(name)
    return sorted((model for model in models if spelling_of(model["name"]) == wanted), key=_cost)


def spelling_of(name: str) -> str:
    return _DATE.sub("", name.casefold().rsplit("/", 1)[-1])


def _cost(model: Json) -> tuple[bool, float, str]:
    price = model.get("price") or {}
    known = [price[kind] for kind in ("input", "output") if price.get(kind) is not None]
    if len(known) == 2 and price.get("currency", "USD") == "USD":
        return False, price["input"] * TYPICAL_INPUT + price["output"], model["id"]
    return True, 0.0, model["id"]
