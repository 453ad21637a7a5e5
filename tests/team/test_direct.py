"""Money is set aside on the event loop where the connection is idle; whatever is in the way, the thread does it."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from team_help import Member, Team

from halley.core.errors import StoreFailed
from halley.core.team import BudgetState
from halley.stores.team import direct
from halley.stores.team.server import TeamAway, TeamServer


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each time the thread was asked."""
    asked: list[object] = []
    submit = ThreadPoolExecutor.submit

    def noted(self: Any, fn: Any, /, *args: Any, **more: Any) -> Any:
        if self._thread_name_prefix == "halley-team":
            asked.append(fn)
        return submit(self, fn, *args, **more)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", noted)
    return asked


def some_id() -> str:
    return str(uuid.uuid4())


def money(member: Member) -> TeamServer:
    return member.link._money


async def test_the_first_opens_the_connection_and_the_others_need_no_thread(
    team: Team, ann: Member, in_thread: list[object]
) -> None:
    team.limit(1.0)
    for _ in range(4):
        assert await ann.link.reserve(some_id(), None, 0.25) is None
    assert len(in_thread) == 1
    spent = await ann.link.reserve(some_id(), None, 0.25)
    assert spent == BudgetState("team", "", "month", 0.0, 1.0, 1.0)
    assert len(in_thread) == 1
    assert team.one("SELECT sum(amount) FROM halley.holds") == 1


async def test_many_together_never_set_the_same_money_aside(team: Team, ann: Member) -> None:
    team.limit(1.0)
    await ann.link.standing()
    found = await asyncio.gather(*(ann.link.reserve(some_id(), "/w/café", 0.1) for _ in range(30)))
    assert found.count(None) == 10
    assert team.one("SELECT sum(amount) FROM halley.holds") == 1


async def test_a_connection_that_was_cut_is_opened_again(team: Team, ann: Member) -> None:
    team.limit(1.0)
    await ann.link.standing()
    with psycopg.connect(team.uri, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (team.name,))
    assert await ann.link.reserve(some_id(), None, 0.25) is None
    assert team.one("SELECT count(*) FROM halley.holds") == 1


async def test_what_the_server_refuses_is_said_as_from_the_thread(team: Team, ann: Member) -> None:
    team.limit(1.0)
    await ann.link.standing()
    with team.connect("boss") as db:
        db.execute("DELETE FROM halley.members WHERE name = %s", (ann.name,))
    with pytest.raises(StoreFailed, match="is not a member of this team"):
        await ann.link.reserve(some_id(), None, 0.25)


async def test_one_that_is_cancelled_leaves_no_answer_for_the_next(team: Team, ann: Member) -> None:
    await ann.link.standing()
    waiting = asyncio.ensure_future(money(ann).answer("SELECT pg_sleep(30)", ()))
    later = asyncio.ensure_future(ann.link.standing())
    await asyncio.sleep(0)
    waiting.cancel()
    assert (await later).member == ann.name, "who waited for the connection gets one"
    assert await money(ann).answer("SELECT $1::int + 1", ("41",)) == [("42",)]


async def test_a_server_that_says_nothing_is_away(team: Team, ann: Member) -> None:
    await ann.link.standing()
    with pytest.raises(TeamAway):
        await money(ann).answer("SELECT pg_sleep(30)", (), 0.05)
    assert money(ann).rests and await money(ann).answer("SELECT 1", ()) is None


async def test_a_loop_that_cannot_wait_for_sockets_leaves_it_to_the_thread(
    team: Team, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows' own."""
    team.limit(1.0)
    await ann.link.standing()

    def add_reader(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
    with pytest.raises(direct.NotHere):
        await direct.ask_directly(money(ann)._connection.pgconn, b"SELECT 1", ())  # type: ignore[union-attr]
    assert await money(ann).answer("SELECT 1", ()) is None
