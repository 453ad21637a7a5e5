"""Figures as people read them: money, counts, times. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def money(cost: Iterable[Any] | None) -> str:
    """`[{amount, currency}]` as text; a question mark where nothing is known."""
    return " + ".join(_amount(item["amount"], item["currency"]) for item in cost or ()) or "?"


def dollars(amount: float) -> str:
    """`$1.20`; a small amount with the digits that tell it from nothing."""
    return f"${amount:,.2f}" if amount >= 0.01 else _amount(amount, "USD")


def _amount(amount: float, currency: str) -> str:
    if amount < 0:
        return f"-{_amount(-amount, currency)}"
    sign = "$" if currency == "USD" else f"{currency} "
    if 0 < amount < 0.00005:
        return f"<{sign}0.0001"
    return f"{sign}{amount:,.2f}" if amount >= 1 or amount == 0 else f"{sign}{amount:.4f}"


def count(number: float | None) -> str:
    """`1,234`; nothing for what is not known."""
    return "" if number is None else f"{number:,.0f}"


def milliseconds(ms: float | None) -> str:
    return "" if ms is None else f"{ms:,.0f} ms"
