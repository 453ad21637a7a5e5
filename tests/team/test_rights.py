"""What a member with SQL of their own may do: see their own rows, add their own, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from team_help import Member, Team

ROW = (
    '{"id": "6f0e8a54-7f7a-4c1e-9d53-0d1c36f6a111", "revision": 9, "started": "2026-11-01T00:00:00Z", '
    '"feature": "chat", "role": "chat", "provider": "p", "model": "m", "attempt": 1, "status": "complete", '
    '"member": "MEMBER", "cost": COST}'
)


@pytest.fixture
async def mallory(team: Team, tmp_path: Path) -> Member:
    return await team.add("mallory", tmp_path / "mallory", "web")


@pytest.fixture
def sql(team: Team, mallory: Member) -> Iterator[psycopg.Connection[Any]]:
    with team.connect("mallory") as db:
        yield db


async def test_a_member_sees_only_their_own_rows(
    team: Team, ann: Member, sql: psycopg.Connection[Any]
) -> None:
    await ann.spend(1.0)
    await ann.link.send()
    assert sql.execute("SELECT count(*) FROM halley.calls").fetchone() == (0,)
    assert sql.execute("SELECT array_agg(name) FROM halley.members").fetchone() == ([team.role("mallory")],)
    with team.connect("boss") as boss:
        assert boss.execute("SELECT count(*) FROM halley.calls").fetchone() == (1,)


@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO halley.calls SELECT * FROM halley.calls",
        "UPDATE halley.calls SET cost = 0",
        "DELETE FROM halley.calls",
        "TRUNCATE halley.calls",
        "SELECT * FROM halley.counters",
        "SELECT * FROM halley.holds",
        "UPDATE halley.counters SET spent = 0",
        "DELETE FROM halley.holds",
        "UPDATE halley.members SET is_admin = true",
        "UPDATE halley.budgets SET most = 1000000",
        "DELETE FROM halley.budgets",
        "DELETE FROM halley.steps",
        "UPDATE halley.facts SET value = '99'",
        "SELECT halley.set_member('{me}', true, NULL)",
        "SELECT halley.remove_member('{ann}')",
        "SELECT halley.set_budget('team', '', 'month', NULL)",
        "SELECT halley.prune(now() - interval '1 year')",
        "SELECT halley.put_one('{{}}'::jsonb, '{{}}')",
        "SELECT halley.lock_counter(1, '', current_date)",
        "SELECT * FROM halley.budgets_of('{ann}', '{{}}', '')",
        "CREATE FUNCTION halley.is_admin() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE halley.mine (a int)",
        "CREATE POLICY mine ON halley.calls USING (true)",
        "ALTER TABLE halley.calls DISABLE ROW LEVEL SECURITY",
        "SET ROLE {boss}",
        "SET SESSION AUTHORIZATION {boss}",
        "GRANT halley_member TO {bob}",
    ],
)
async def test_what_a_member_cannot_do(
    team: Team, ann: Member, sql: psycopg.Connection[Any], attempt: str
) -> None:
    team.limit(5.0)
    await ann.spend(1.0)
    await ann.link.send()
    names = {name: team.role(name) for name in ("ann", "bob", "boss")} | {"me": team.role("mallory")}
    with pytest.raises(psycopg.Error) as refused:
        sql.execute(attempt.format(**names).encode())
    assert refused.value.sqlstate == "42501", refused.value
    assert team.one("SELECT sum(cost)::float8 FROM halley.calls") == 1.0
    assert team.one("SELECT most::float8 FROM halley.budgets") == 5.0


async def test_a_row_is_the_one_who_sends_it(team: Team, ann: Member, sql: psycopg.Connection[Any]) -> None:
    row = ROW.replace("MEMBER", ann.name).replace("COST", "1")
    sql.execute("SELECT halley.put(%s::jsonb, '{}')", (f"[{row}]",))
    assert team.one("SELECT member FROM halley.calls") == team.role("mallory")


async def test_another_members_row_cannot_be_replaced(
    team: Team, ann: Member, sql: psycopg.Connection[Any]
) -> None:
    team.limit(100)
    await ann.spend(2.0)
    await ann.link.send()
    id = team.one("SELECT id FROM halley.calls")
    row = ROW.replace("6f0e8a54-7f7a-4c1e-9d53-0d1c36f6a111", str(id)).replace("COST", "0")
    sql.execute("SELECT halley.put(%s::jsonb, '{}')", (f"[{row}]",))
    assert team.one("SELECT (member, cost::float8)::text FROM halley.calls") == f"({ann.name},2)"
    assert float(team.one("SELECT spent FROM halley.counters")) == 2.0


@pytest.mark.parametrize("cost", ["-5", '"NaN"', '"-Infinity"', '"Infinity"', "1e9"])
async def test_a_cost_that_is_none_is_refused(
    team: Team, mallory: Member, sql: psycopg.Connection[Any], cost: str
) -> None:
    team.limit(100)
    await mallory.spend(1.0)
    await mallory.link.send()
    with pytest.raises(psycopg.Error):
        sql.execute("SELECT halley.put(%s::jsonb, '{}')", (f"[{ROW.replace('COST', cost)}]",))
    assert float(team.one("SELECT spent FROM halley.counters")) == 1.0


async def test_what_others_set_aside_cannot_be_freed(
    team: Team, ann: Member, sql: psycopg.Connection[Any]
) -> None:
    team.limit(1.0)
    reservation = "6f0e8a54-7f7a-4c1e-9d53-0d1c36f6a222"
    await ann.link.reserve(reservation, None, 0.5)
    sql.execute("SELECT halley.put('[]', ARRAY[%s]::uuid[])", (reservation,))
    sql.execute("SELECT halley.reserve(%s, '', 100, 1)", (reservation,))
    assert team.one("SELECT sum(amount)::float8 FROM halley.holds") == 0.5


async def test_setting_aside_less_than_nothing_frees_nothing(
    team: Team, sql: psycopg.Connection[Any]
) -> None:
    team.limit(1.0)
    sql.execute("SELECT halley.reserve(gen_random_uuid(), '', -1000, 1800)")
    assert team.one("SELECT sum(amount)::float8 FROM halley.holds") == 0.0


async def test_a_stranger_gets_nothing(team: Team) -> None:
    """A login of the same server that is in no team."""
    with team.connect("bob") as db, pytest.raises(psycopg.Error) as refused:
        db.execute("SELECT * FROM halley.hello('1')")
    assert refused.value.sqlstate == "42501"


async def test_a_removed_member_gets_nothing(team: Team, ann: Member) -> None:
    from halley.core.errors import StoreFailed
    from halley.stores.team import server

    await ann.link.standing()
    with team.connect("boss") as db:
        assert server.remove_member(db, ann.name)
    with pytest.raises(StoreFailed):
        await ann.link.standing()
    await ann.spend(0.1)
    with pytest.raises(StoreFailed):
        await ann.link.send()
    assert await ann.link.spool.count() == 1  # kept, should they come back


async def test_a_shadowing_object_of_the_member_is_not_called(
    team: Team, sql: psycopg.Connection[Any]
) -> None:
    """Functions run as the owner: nothing of a member's own schemas may stand in for what they call."""
    sql.execute(
        "CREATE TEMP TABLE members (name text, is_admin boolean, groups text[], last_seen timestamptz, client text)"
    )
    sql.execute("INSERT INTO pg_temp.members VALUES (session_user, true, '{}')")
    sql.execute("SET search_path = pg_temp, halley")
    assert sql.execute("SELECT halley.is_admin()").fetchone() == (False,)
