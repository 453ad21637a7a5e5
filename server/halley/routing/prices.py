"""What a token costs, where it is known: the provider's own price list first, else `genai-prices`, else unknown.

`genai-prices` takes half a second and 100 MB to load, so a child process looks prices up (`price_list.py`), only for
models that were really listed or asked, and the result stays in the cache folder for a week.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from halley.core.errors import StoreFailed
from halley.core.models import Model, Price, Usage

Key = tuple[str, str]
"""(the name `genai-prices` knows a host by, or ""; the model's name)"""
LookUp = Callable[[Sequence[Key]], Awaitable[list[Price | None]]]

FRESH_S = 7 * 86_400
LONGEST_LOOKUP_S = 30.0
NO_BOOK = "-"
"""For hosts whose models are in no price list, whatever their names."""


class Prices:
    """Prices found so far, for a process. `file` keeps them from one process to the next."""

    def __init__(self, file: Path | None = None, look_up: LookUp | None = None) -> None:
        self._file = file
        self._look_up = look_up or look_up_in_child
        self._known: dict[Key, Price | None] | None = None
        self._looking: dict[Key, asyncio.Task[None]] = {}

    def begin(self, model: Model, book: str = "") -> None:
        """Looks the model's price up in the background, unless it is known or being looked up."""
        if model.price is None:
            self._start([(book, model.ref.name)])

    def is_pending(self, model: Model, book: str = "") -> bool:
        """True while the price is still being looked up."""
        return model.price is None and (book, model.ref.name) in self._looking

    async def fill(self, models: Iterable[Model], book: str = "") -> tuple[Model, ...]:
        """The models, with list prices where they had none."""
        listed = tuple(models)
        await self._find([(book, model.ref.name) for model in listed if model.price is None])
        known = self._prices()
        return tuple(
            model if model.price else replace(model, price=known.get((book, model.ref.name)))
            for model in listed
        )

    async def with_cost(self, usage: Usage, model: Model, book: str = "") -> Usage:
        """`usage` with its cost: as the provider said it, else estimated, else unknown (None)."""
        if model.price is None and _needs_price(usage):
            await self._find([(book, model.ref.name)])
        return self.known_cost(usage, model, book)

    def known_cost(self, usage: Usage, model: Model, book: str = "") -> Usage:
        """As `with_cost`, without waiting: the cost is unknown while the price is looked up."""
        price = model.price
        if price is None and _needs_price(usage):
            price = self._prices().get((book, model.ref.name))
        price = price_at(price, time.time()) if price else None
        saved = saving_of(usage, price) if price else None
        if saved != usage.saved_usd:
            usage = replace(usage, saved_usd=saved)
        if usage.cost_usd is not None:  # the host's, or estimated before
            return usage if usage.cost_source == "estimated" else replace(usage, cost_source="provider")
        cost = cost_of(usage, price) if price else None
        return usage if cost is None else replace(usage, cost_usd=cost, cost_source="estimated")

    def quick_cost(self, usage: Usage, model: Model, book: str = "") -> float:
        """About what `usage` would cost in US dollars, without waiting: 0.0 where no price is known yet."""
        price = model.price or self._prices().get((book, model.ref.name))
        if price is None:
            self.begin(model, book)
            return 0.0
        return cost_of(usage, price_at(price, time.time())) or 0.0

    async def aclose(self) -> None:
        """Gives up what is still being looked up."""
        tasks = set(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, keys: Sequence[Key]) -> None:
        self._start(keys)
        tasks = {self._looking[key] for key in keys if key in self._looking}
        for task in tasks:
            await asyncio.shield(task)

    def _start(self, keys: Iterable[Key]) -> None:
        known = self._prices()
        asked = (key for key in dict.fromkeys(keys) if key[0] != NO_BOOK)
        missing = [key for key in asked if key not in known and key not in self._looking]
        if missing:
            task = asyncio.ensure_future(self._learn(missing))
            self._looking.update(dict.fromkeys(missing, task))

    async def _learn(self, keys: list[Key]) -> None:
        try:
            found = await self._look_up(keys)
            self._prices().update(zip(keys, found, strict=True))
            self._save()
        except Exception as error:  # then prices stay unknown until the next process asks
            _log(f"prices could not be looked up: {type(error).__name__}")
            self._prices().update(dict.fromkeys(keys))
        finally:
            for key in keys:
                self._looking.pop(key, None)

    def _prices(self) -> dict[Key, Price | None]:
        if self._known is None:
            self._known = _load(self._file) if self._file else {}
        return self._known

    def _save(self) -> None:
        from halley.stores.disk.files import save_private

        if self._file is None:
            return
        rows = [[*key, asdict(price) if price else None] for key, price in self._prices().items()]
        try:
            save_private(self._file, json.dumps(rows))
        except StoreFailed as error:  # a cache: the prices are known all the same
            _log(error.problem.message)


def _needs_price(usage: Usage) -> bool:
    return usage.cost_usd is None or bool(usage.cached_tokens or usage.written_tokens)


def price_at(price: Price, moment: float) -> Price:
    """The price at that time of day; `moment` in seconds since the epoch."""
    if not price.by_half_hour:
        return price
    input, output, cached = price.by_half_hour[int(moment % 86_400 // 1800)]
    return replace(price, input=input, output=output, cached_input=cached)


def cost_of(usage: Usage, price: Price) -> float | None:
    """US dollars, or None when the price list cannot tell."""
    if price.currency != "USD":
        return None
    if price.per_second is not None and usage.seconds:
        return price.per_second * usage.seconds
    if price.input is None or price.output is None:
        return None if price.per_request is None else price.per_request * max(1, usage.images)
    tokens = usage.input_tokens * price.input + usage.output_tokens * price.output
    return tokens / 1_000_000 + (price.per_request or 0.0) - (saving_of(usage, price) or 0.0)


def saving_of(usage: Usage, price: Price) -> float | None:
    """US dollars less than the same tokens cost without a cache; None where none was used or no price is known.

    Reading costs less than the input's price, writing costs more at some hosts: the first request with a long prompt
    saves less than nothing.
    """
    cached = min(usage.cached_tokens, usage.input_tokens)
    written = min(usage.written_tokens, usage.input_tokens - cached)
    if price.currency != "USD" or price.input is None or not (cached or written):
        return None
    cached_price = price.input if price.cached_input is None else price.cached_input
    written_price = price.input if price.cache_write is None else price.cache_write
    return (cached * (price.input - cached_price) - written * (written_price - price.input)) / 1_000_000


async def look_up_in_child(keys: Sequence[Key]) -> list[Price | None]:
    """List prices, found by a child process of this same Python.

    `-P` keeps the working folder, which may be a stranger's repository, off its path.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "halley.routing.price_list",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONGEST_LOOKUP_S):
            output, _ = await child.communicate(json.dumps(list(keys)).encode())
    finally:
        if child.returncode is None:  # abandoned: nothing of it may be left to a closed loop
            with suppress(ProcessLookupError):
                child.kill()
            await child.communicate()
    rows: list[dict[str, Any] | None] = json.loads(output)
    return [Price(**row) if row else None for row in rows]


def _load(file: Path) -> dict[Key, Price | None]:
    try:
        if time.time() - file.stat().st_mtime > FRESH_S:
            return {}
        rows: list[Any] = json.loads(file.read_bytes())
        return {(book, name): Price(**row) if row else None for book, name, row in rows}
    except (OSError, ValueError, TypeError):
        return {}


def _log(message: str) -> None:
    import logging

    logging.getLogger(__name__).info(message)
