"""The schema of a team's database, as the files in `schema/`, taken in their order under an advisory lock.

Append-only: a file that was released is never changed or removed. `halley.steps` says which were taken, and by which
Halley; `halley.facts` names the oldest schema whose clients may still write (`oldest_client`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from halley.core.errors import StoreFailed
from halley.version import __version__

if TYPE_CHECKING:
    import psycopg

LOCK = 0x48616C6C6579
"""`pg_advisory_xact_lock`: two admins who run this together take each step once."""
OLDEST_CLIENT = 1
"""Clients that know fewer steps than this must be updated before they may write again."""

NEEDED = 3
"""What calls, budgets and the index need of the database. What came later checks for its step (`require_step`)."""

_BEGIN = """
CREATE SCHEMA IF NOT EXISTS halley;
CREATE TABLE IF NOT EXISTS halley.steps (
    number integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now(), client text NOT NULL
);
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'halley_member') THEN
        CREATE ROLE halley_member NOLOGIN;
    END IF;
END $$;
GRANT USAGE ON SCHEMA halley TO halley_member;
GRANT SELECT ON halley.steps TO halley_member;
"""


@cache
def steps() -> tuple[str, ...]:
    """The SQL of every step, in order."""
    folder = files("halley.stores.team") / "schema"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(file.read_text(encoding="utf-8") for file in found)


def migrate(connection: psycopg.Connection[Any]) -> int:
    """Takes the missing steps in one transaction; how many were taken. Needs the right to create schemas and roles.

    Raises StoreFailed when the database knows more steps than this Halley.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute(_BEGIN)
        taken = known_steps(connection)
        if taken > len(steps()):
            raise too_old(taken)
        for number, step in enumerate(steps()[taken:], taken + 1):
            connection.execute(step.encode())
            connection.execute(
                "INSERT INTO halley.steps (number, client) VALUES (%s, %s)", (number, __version__)
            )
        connection.execute(
            "INSERT INTO halley.facts VALUES ('oldest_client', %s) ON CONFLICT (name) DO UPDATE "
            "SET value = greatest(facts.value::int, excluded.value::int)::text",
            (str(OLDEST_CLIENT),),
        )
        connection.execute("SELECT halley.use_halfvec()")
        return len(steps()) - taken


def known_steps(connection: psycopg.Connection[Any]) -> int:
    """The steps the database has taken."""
    row = connection.execute("SELECT coalesce(max(number), 0) FROM halley.steps").fetchone()
    assert row is not None
    return row[0]


def require_fitting(connection: psycopg.Connection[Any]) -> None:
    """Raises StoreFailed where this client and the database are too far apart; the one that is older is named."""
    taken = known_steps(connection)
    row = connection.execute("SELECT value::int FROM halley.facts WHERE name = 'oldest_client'").fetchone()
    if row is not None and len(steps()) < row[0]:
        raise too_old(taken)
    if taken < NEEDED:
        raise _behind(taken, NEEDED)


def require_step(connection: psycopg.Connection[Any], step: int) -> None:
    """Raises StoreFailed where the database has not taken this step yet."""
    taken = known_steps(connection)
    if taken < step:
        raise _behind(taken, step)


def _behind(taken: int, needed: int) -> StoreFailed:
    return StoreFailed(
        f"The team's database is at step {taken}, and this needs step {needed}.",
        "An admin of the team can update it with `halley team init`.",
        setting="team.url",
    )


def too_old(taken: int) -> StoreFailed:
    return StoreFailed(
        f"The team's database needs a newer Halley (it is at step {taken}; this one knows {len(steps())}).",
        "Update Halley; until then nothing is sent to the team, and your own ledger keeps every call.",
        setting="team.url",
    )
