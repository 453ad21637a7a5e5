"""What a team used, added up by the database: the same sums as of the local ledger, and by member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.core.usage import DIMENSIONS, Summary, fold_groups

if TYPE_CHECKING:
    import psycopg

TEAM_DIMENSIONS = ("member", *DIMENSIONS)

_EXPRESSION = {name: name for name in TEAM_DIMENSIONS} | {
    "day": "to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "month": "to_char(started AT TIME ZONE 'UTC', 'YYYY-MM')",
    "model": "provider || '/' || model",
}
_SUMS = """
    count(*) AS calls, count(*) FILTER (WHERE attempt = 1) AS requests,
    count(*) FILTER (WHERE status IN ('failed', 'interrupted', 'abandoned')) AS errors,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens,
    sum(written_tokens) AS written_tokens, sum(saved)::float8 AS saved, sum(reasoning_tokens) AS reasoning_tokens,
    count(*) FILTER (WHERE tokens_estimated OR cost_source = 'estimated') AS estimated_calls,
    count(*) FILTER (WHERE cost IS NULL AND coalesce(output_tokens, 0) > 0) AS unpriced_calls,
    coalesce(sum(first_token_ms), 0) AS first_sum, count(first_token_ms) AS first_count,
    coalesce(sum(tokens_per_s), 0) AS speed_sum, count(tokens_per_s) AS speed_count,
    currency, sum(cost)::float8 AS cost, problem AS problem_code
"""


def read_team_summary(
    db: psycopg.Connection[Any], since: float | None, until: float | None, by: Sequence[str]
) -> Summary:
    """What this user may see: the calls of all for an admin, else their own. Days and months are UTC's.

    Raises InvalidInput for a dimension that is none.
    """
    from psycopg.rows import dict_row

    for name in by:
        if name not in TEAM_DIMENSIONS:
            raise InvalidInput(
                f"A team's usage cannot be grouped by '{name}'.",
                f"Choose among {', '.join(TEAM_DIMENSIONS)}.",
            )
    keys = "".join(f"{_EXPRESSION[name]} AS key_{name}, " for name in by)
    with db.cursor(row_factory=dict_row) as cursor:
        groups = cursor.execute(
            f"SELECT {keys}{_SUMS} FROM halley.calls WHERE started >= to_timestamp(%s) AND started < to_timestamp(%s) "
            f"GROUP BY {', '.join([*(f'key_{name}' for name in by), 'currency', 'problem_code'])}".encode(),
            (since or 0.0, until if until is not None else 1e11),
        ).fetchall()
    return fold_groups(groups, by)
