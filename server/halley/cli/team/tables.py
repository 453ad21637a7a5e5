"""A team's budgets as a table of the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from halley.cli.output import print_table

_COLUMNS = ("BUDGET OF", "NAME", "PERIOD", "SPENT", "SET ASIDE", "LIMIT")


def print_budgets(states: Iterable[dict[str, Any]]) -> None:
    """States as `BudgetState.to_json` gives them."""
    print_table(_COLUMNS, map(_row, states), right=_COLUMNS[3:])


def _row(state: dict[str, Any]) -> tuple[str, ...]:
    return (
        state["scope"],
        state["subject"] or "-",
        state["period"],
        f"${state['spentUsd']:.2f}",
        f"${state['heldUsd']:.2f}",
        f"${state['mostUsd']:.2f}",
    )
