"""A team's budgets hold across machines: money is set aside before a call, and counted once after it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from team_help import MODEL, Member, Team, a_call, make_call, spending_of

from halley.core.errors import BudgetExceeded
from halley.core.models import Usage
from halley.routing.clock import Clock
from halley.routing.spending import Spending
from halley.routing.team_spending import TeamSpending


async def test_a_spent_budget_stops_calls_and_says_which(team: Team, ann: Member) -> None:
    team.limit(1.0)
    await ann.spend(1.0)
    await ann.link.send()
    with pytest.raises(BudgetExceeded) as stopped:
        await make_call(ann, spending_of(ann, 0.01), a_call(ann.url), 0.01)
    assert "monthly budget of the team is spent: $1.00 of $1.00" in stopped.value.problem.message
    assert team.one("SELECT count(*) FROM halley.holds") == 0


async def test_money_set_aside_counts_until_the_row_has_come(team: Team, ann: Member) -> None:
    team.limit(1.0)
    first, second = spending_of(ann, 0.7), spending_of(ann, 0.7)
    call = a_call(ann.url)
    await first.check(call)
    with pytest.raises(BudgetExceeded) as stopped:
        await second.check(a_call(ann.url))
    assert "$0.70 set aside" in stopped.value.problem.message
    row = await ann.ledger.open(call, MODEL)
    await ann.ledger.settle(row, usage=Usage(10, 10, cost_usd=0.2))
    await first.settle(call)
    await ann.link.send()
    assert team.one("SELECT count(*) FROM halley.holds") == 0
    await second.check(a_call(ann.url))  # 0.2 spent, 0.7 asked for


@pytest.mark.parametrize(
    ("scope", "subject", "stops"),
    [
        ("member", "*", True),
        ("member", "{ann}", True),
        ("member", "{bob}", False),
        ("group", "web", True),
        ("group", "*", True),
        ("group", "data", False),
        ("workspace", "shop", True),
        ("workspace", "*", True),
        ("workspace", "other", False),
        ("team", "", True),
    ],
)
async def test_whom_a_budget_counts_for(
    team: Team, tmp_path: Path, scope: str, subject: str, stops: bool
) -> None:
    ann = await team.add("ann", tmp_path / "ann", "web")
    team.limit(0.5, scope, subject.format(ann=team.role("ann"), bob=team.role("bob")), "day")
    call = a_call(ann.url, workspace=str(tmp_path / "shop"))
    await ann.link.join()
    row = await ann.ledger.open(call, MODEL)
    await ann.ledger.settle(row, usage=Usage(1, 1, cost_usd=0.6))
    await ann.link.send()
    if stops:
        with pytest.raises(BudgetExceeded):
            await spending_of(ann, 0.0).check(call)
    else:
        await spending_of(ann, 0.0).check(call)


async def test_a_budget_counts_what_was_spent_before_it_was_set(team: Team, ann: Member) -> None:
    await ann.spend(3.0)
    await ann.link.send()
    team.limit(2.0)
    with pytest.raises(BudgetExceeded):
        await spending_of(ann, 0.0).check(a_call(ann.url))


async def test_money_of_a_killed_process_comes_back(team: Team, ann: Member) -> None:
    team.limit(1.0)
    await spending_of(ann, 0.9).check(a_call(ann.url))
    team.one("UPDATE halley.holds SET expires = now() - interval '1 second' RETURNING 1")
    await spending_of(ann, 0.9).check(a_call(ann.url))


async def test_twenty_machines_never_spend_the_same_dollar(team: Team, tmp_path: Path) -> None:
    """Twenty members, 200 calls each, money for half of them."""
    cost, members = 0.01, []
    with team.connect("boss") as db:
        for number in range(20):
            role = f"m{number}x{team.number}"
            with __import__("psycopg").connect(team.uri, autocommit=True) as root:
                root.execute(f"CREATE ROLE {role} LOGIN".encode())
            from halley.stores.team import server

            server.set_member(db, role, False, [])
            url = f"postgresql://{role}@/{team.name}?host={team.host}"
            members.append(Member.at(role, url, tmp_path / role))
    team.members += members
    team.limit(20 * 200 * cost / 2)
    made = await asyncio.gather(*(work(member, 200, cost) for member in members))
    for member in members:
        await member.link.send()
    assert team.one("SELECT count(*) FROM halley.calls") == sum(made)
    spent = float(team.one("SELECT sum(cost) FROM halley.calls"))
    assert (
        round(spent, 6)
        == round(sum(made) * cost, 6)
        == round(float(team.one("SELECT spent FROM halley.counters")), 6)
    )
    assert spent <= 20.0 + 1e-9
    assert sum(made) >= 1_900  # almost all of the money could be spent
    assert team.one("SELECT count(*) FROM halley.holds") == 0


async def work(member: Member, calls: int, cost: float) -> int:
    spending, made = spending_of(member, cost), 0

    async def one() -> None:
        nonlocal made
        try:
            await make_call(member, spending, a_call(member.url), cost)
            made += 1
        except BudgetExceeded:
            pass

    for _ in range(0, calls, 10):
        await asyncio.gather(*(one() for _ in range(10)))
    return made


# -- the database is away


class Away:
    """A team's money that cannot be reached."""

    counts = True

    async def join(self) -> None: ...

    def wake(self) -> None: ...

    async def reserve(self, *_: Any) -> None:
        from halley.stores.team.server import TeamAway

        raise TeamAway("The team's database at db cannot be reached.", "Wait.")

    async def release(self, reservation: str) -> None: ...


def offline(member: Member) -> TeamSpending:
    clock = Clock()
    return TeamSpending(
        Spending(member.ledger, clock), lambda _: Away(), lambda call, output: 0.0, member.ledger, clock
    )


async def test_offline_allow_says_nothing(ann: Member) -> None:
    assert await offline(ann).check(a_call(ann.url, offline="allow")) is None


async def test_offline_warn_says_so_once_an_hour(ann: Member) -> None:
    spending = offline(ann)
    notice = await spending.check(a_call(ann.url, offline="warn"))
    assert notice is not None and "budgets are not checked" in notice.text
    assert await spending.check(a_call(ann.url, offline="warn")) is None


async def test_offline_stop_ends_calls_after_the_grace(ann: Member) -> None:
    spending = offline(ann)
    call = a_call(ann.url, offline="stop", offline_grace_usd=0.5)
    await spending.check(call)
    row = await ann.ledger.open(call, MODEL)
    await ann.ledger.settle(row, usage=Usage(1, 1, cost_usd=0.6))
    with pytest.raises(BudgetExceeded) as stopped:
        await spending.check(a_call(ann.url, offline="stop", offline_grace_usd=0.5))
    assert "team.offline_grace_usd" in stopped.value.problem.message


async def test_without_a_team_nothing_is_asked(ann: Member) -> None:
    def never(_: object) -> Any:
        raise AssertionError("asked")

    clock = Clock()
    spending = TeamSpending(Spending(ann.ledger, clock), never, lambda call, output: 0.0, ann.ledger, clock)
    call = a_call()
    assert not spending.applies(call)
    assert await spending.check(call) is None
    await spending.settle(call)


async def test_a_database_that_hangs_is_away_within_the_limit(team: Team, ann: Member) -> None:
    """Another session holds the lock that `reserve` waits for."""
    from halley.stores.team.server import TeamAway

    team.limit(5.0)
    with team.connect("boss") as db, db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(hashtextextended('halley.budgets', 0))")
        with pytest.raises(TeamAway):
            await ann.link.ask(
                lambda one: one.execute("SELECT halley.reserve(gen_random_uuid(), '', 0, 5)"), 0.2
            )
        assert ann.link._money.rests
        ann.link._money._failure = None
        # The thread is free again although the server still waits.
        assert (await ann.link.standing()).member == ann.name
