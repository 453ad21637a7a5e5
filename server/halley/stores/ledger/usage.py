"""What was used: the ledger's rows, added up.

Reading only, and synchronous: `store.py` calls these in the database thread.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from halley.core.errors import InvalidInput
from halley.core.usage import (
    DIMENSIONS,
    Acceptance,
    Dimension,
    FailedCall,
    NextEditCounts,
    Summary,
    fold_groups,
)

if TYPE_CHECKING:
    import sqlite3

_EXPRESSION: dict[str, str] = {name: name for name in DIMENSIONS} | {
    "month": "substr(day, 1, 7)",
    "model": "provider || '/' || model",
}

_SUMS = """
    count(*) AS calls, sum(parent IS NULL) AS requests,
    sum(status IN ('failed', 'interrupted', 'abandoned')) AS errors,
    total(input_tokens) AS input_tokens, total(output_tokens) AS output_tokens,
    total(cached_tokens) AS cached_tokens, total(written_tokens) AS written_tokens, sum(saved) AS saved,
    total(reasoning_tokens) AS reasoning_tokens,
    total(coalesce(tokens_estimated, 0) OR coalesce(cost_source, '') = 'estimated') AS estimated_calls,
    sum(cost IS NULL AND coalesce(output_tokens, 0) > 0) AS unpriced_calls,
    total(first_token_ms) AS first_sum, count(first_token_ms) AS first_count,
    total(tokens_per_s) AS speed_sum, count(tokens_per_s) AS speed_count,
    currency, sum(cost) AS cost, problem AS problem_code
"""


def read_summary(
    db: sqlite3.Connection,
    since: float | None,
    until: float | None,
    workspace: str | None,
    by: tuple[Dimension, ...],
) -> Summary:
    """Raises InvalidInput for a dimension that is none."""
    for name in by:
        if name not in DIMENSIONS:
            raise InvalidInput(
                f"Usage cannot be grouped by '{name}'.", f"Choose among {', '.join(DIMENSIONS)}."
            )
    keys = ", ".join(f"{_EXPRESSION[name]} AS key_{name}" for name in by)
    where = "started >= ? AND started < ? AND (? IS NULL OR workspace = ?)"
    groups = db.execute(
        f"SELECT {keys + ',' if keys else ''} {_SUMS} FROM calls WHERE {where} "
        f"GROUP BY {', '.join([*(f'key_{name}' for name in by), 'currency', 'problem_code'])}",
        (since or 0.0, until if until is not None else 1e18, workspace, workspace),
    ).fetchall()
    return fold_groups(groups, by)


def read_spent(db: sqlite3.Connection, since: float, currency: str) -> float:
    """Asked before every call that has a budget, so whole days come from `spending`, where they are added up."""
    midnight, next_midnight = days_around(since)
    days = "SELECT total(amount) FROM spending WHERE day >= ? AND currency = ?"
    if since == midnight:
        return db.execute(days, (day_of(since), currency)).fetchone()[0]
    rest = "SELECT total(cost) FROM calls WHERE started >= ? AND started < ? AND currency = ? AND cost IS NOT NULL"
    today = db.execute(rest, (since, next_midnight, currency)).fetchone()[0]
    return today + db.execute(days, (day_of(next_midnight), currency)).fetchone()[0]


def read_spent_on(db: sqlite3.Connection, since: float, currency: str, feature: str) -> float:
    """What one feature's calls have cost."""
    query = "SELECT total(cost) FROM calls WHERE started >= ? AND feature = ? AND currency = ? AND cost IS NOT NULL"
    return db.execute(query, (since, feature, currency)).fetchone()[0]


def day_of(seconds: float) -> str:
    """The user's own day, which is what budgets and summaries count in."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def days_around(seconds: float) -> tuple[float, float]:
    """The local midnights before (or at) and after a moment; mktime knows of days with 23 and 25 hours."""
    day = time.localtime(seconds)
    begin, end = (time.mktime((day.tm_year, day.tm_mon, day.tm_mday + n, 0, 0, 0, 0, 0, -1)) for n in (0, 1))
    return begin, end


def read_acceptance(db: sqlite3.Connection, first_day: str, last_day: str) -> tuple[Acceptance, ...]:
    rows = db.execute(
        "SELECT provider, model, language, sum(shown), sum(accepted), sum(accepted_characters), "
        "sum(partly_accepted) FROM completions "
        "WHERE day >= ? AND day <= ? GROUP BY provider, model, language ORDER BY 1, 2, 3",
        (first_day, last_day),
    )
    return tuple(Acceptance(*row) for row in rows)


def read_next_edits(db: sqlite3.Connection, first_day: str, last_day: str) -> tuple[NextEditCounts, ...]:
    rows = db.execute(
        "SELECT provider, model, language, sum(shown), sum(accepted), sum(rejected), sum(ignored) FROM next_edits "
        "WHERE day >= ? AND day <= ? GROUP BY provider, model, language ORDER BY 1, 2, 3",
        (first_day, last_day),
    )
    return tuple(NextEditCounts(*row) for row in rows)


def read_failures(db: sqlite3.Connection, since: float, most: int) -> tuple[FailedCall, ...]:
    rows = db.execute(
        "SELECT started, feature, provider, model, status, problem, http_status, request_id, attempt, total_ms "
        "FROM calls WHERE status IN ('failed', 'interrupted', 'abandoned') AND started >= ? "
        "ORDER BY started DESC, id DESC LIMIT ?",
        (since, most),
    )
    return tuple(FailedCall(*row) for row in rows)
