"""Rows of the local ledger reach the team's database, each once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from team_help import Member, Team, a_call

from halley.core.errors import NotConfigured
from halley.core.models import Usage
from halley.stores.team.address import read_address
from halley.stores.team.server import TeamAway


async def test_a_settled_call_is_a_row_of_the_team(team: Team, ann: Member) -> None:
    await ann.spend(0.25)
    assert await ann.link.send() == 1
    row = team.one("SELECT (member, status, model, input_tokens, cost::float8)::text FROM halley.calls")
    assert row == f"({ann.name},complete,gpt-5-mini,100,0.25)"
    assert await ann.link.spool.count() == 0


async def test_no_row_holds_text_or_a_path(team: Team, ann: Member, tmp_path: Path) -> None:
    call = a_call(ann.url, workspace=str(tmp_path / "shop"))
    await ann.link.join()
    row = await ann.ledger.open(call, call.route[0])
    await ann.ledger.settle(row, usage=Usage(1, 1))
    await ann.link.send()
    said = team.one("SELECT row_to_json(c)::text FROM halley.calls c")
    assert '"workspace":"shop"' in said
    assert "CANARY" not in said and str(tmp_path) not in said


async def test_a_row_sent_twice_is_one_row(team: Team, ann: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    team.limit(100)
    await ann.spend(0.25)

    async def dies(*_: object) -> None:
        raise ConnectionError("killed before the row was unmarked")

    with monkeypatch.context() as broken:
        broken.setattr(ann.database, "run", dies)
        with pytest.raises(ConnectionError):
            await ann.link.spool.send()
    assert await ann.link.spool.count() == 1
    await ann.link.send()
    assert team.one("SELECT count(*) FROM halley.calls") == 1
    assert float(team.one("SELECT spent FROM halley.counters")) == 0.25


async def test_a_cost_that_comes_later_replaces_none(team: Team, ann: Member) -> None:
    team.limit(100)
    row = await ann.spend(None)
    await ann.link.send()
    assert team.one("SELECT cost FROM halley.calls") is None
    await ann.ledger.settle(row, usage=Usage(100, 20, cost_usd=0.5, cost_source="estimated"))
    await ann.link.send()
    assert float(team.one("SELECT cost FROM halley.calls")) == 0.5
    assert float(team.one("SELECT spent FROM halley.counters")) == 0.5


async def test_an_old_state_never_replaces_a_newer_one(team: Team, ann: Member) -> None:
    from halley.stores.team.server import put

    row = {
        "id": "6f0e8a54-7f7a-4c1e-9d53-0d1c36f6a111", "started": "2026-11-01T00:00:00+00:00", "workspace": "",
        "feature": "chat", "role": "chat", "provider": "p", "model": "m", "attempt": 1, "status": "complete",
    }  # fmt: skip
    team.limit(100)
    await ann.link.ask(lambda db: put(db, [row | {"revision": 2, "cost": 2.0}], []))
    await ann.link.ask(lambda db: put(db, [row | {"revision": 1, "cost": 1.0}], []))
    assert float(team.one("SELECT cost FROM halley.calls")) == 2.0


async def test_rows_wait_while_the_database_is_away(team: Team, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nothing listens there
        nowhere = f"postgresql://{team.role('ann')}@127.0.0.1:{taken.getsockname()[1]}/{team.name}"
        offline = await team.add("ann", tmp_path / "ann", url=nowhere)
        await offline.spend(0.1)
        with pytest.raises(TeamAway):
            await offline.link.send()
        assert await offline.link.spool.count() == 1
    await offline.aclose()
    back = Member.at(offline.name, team.url("ann"), tmp_path / "ann")
    team.members = [back]
    assert await back.link.send() == 1
    assert team.one("SELECT count(*) FROM halley.calls") == 1


async def test_rows_of_a_killed_process_are_sent_by_the_next(team: Team, ann: Member, tmp_path: Path) -> None:
    for _ in range(3):
        await ann.spend(0.1)
    await ann.database.aclose()  # as a kill leaves it: marked, not sent
    other = Member.at(ann.name, ann.url, tmp_path / "ann")
    team.members.append(other)
    assert await other.link.send() == 3


async def test_two_processes_that_send_the_same_rows_count_them_once(
    team: Team, ann: Member, tmp_path: Path
) -> None:
    team.limit(100)
    other = Member.at(ann.name, ann.url, tmp_path / "ann")
    team.members.append(other)
    for _ in range(30):
        await ann.spend(0.1)
    await other.link.join()
    await asyncio.gather(ann.link.send(), other.link.send())
    assert team.one("SELECT count(*) FROM halley.calls") == 30
    assert round(float(team.one("SELECT spent FROM halley.counters")), 6) == 3.0


async def test_more_rows_than_a_batch(team: Team, ann: Member) -> None:
    await ann.link.join()
    rows = [await ann.ledger.open(a_call(ann.url), a_call().route[0]) for _ in range(450)]
    await asyncio.gather(*(ann.ledger.settle(row, usage=Usage(1, 1, cost_usd=0.01)) for row in rows))
    assert await ann.link.send() == 450
    assert team.one("SELECT count(*) FROM halley.calls") == 450


async def test_nothing_is_marked_without_a_team(ann: Member) -> None:
    row = await ann.ledger.open(a_call(), a_call().route[0])
    await ann.ledger.settle(row, usage=Usage(1, 1))
    assert await ann.link.spool.count() == 0


async def test_after_leaving_nothing_is_sent(team: Team, ann: Member) -> None:
    await ann.spend(0.1)
    await ann.link.spool.leave()
    assert await ann.link.spool.count() == 0
    row = await ann.ledger.open(a_call(), a_call().route[0])
    await ann.ledger.settle(row, usage=Usage(1, 1))
    assert await ann.link.spool.count() == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://ann:secret@db.example.com/halley", "contains a password"),
        ("postgresql://ann@db.example.com/halley?password=secret", "contains a password"),
        ("postgresql://ann@db.example.com/halley?sslmode=require", "does not prove"),
        ("postgresql://ann@db.example.com/halley?sslmode=disable", "does not prove"),
        ("postgresql://ann@db.example.com/halley?options=-csearch_path=x", "sets options"),
        ("postgresql://ann@db.example.com/halley?hostaddr=10.0.0.1", "sets hostaddr"),
        ("postgresql://db.example.com/halley", "who you are"),
        ("mysql://ann@db.example.com/halley", "not a PostgreSQL URL"),
        ("postgresql://ann@db.example.com:port/halley", "not a URL"),
        ("postgresql://ann@one,two/halley", "several hosts"),
    ],
)
def test_urls_that_are_refused(url: str, says: str) -> None:
    with pytest.raises(NotConfigured) as refused:
        read_address(url)
    assert says in refused.value.problem.message
    assert "secret" not in str(refused.value.problem)


def test_beyond_this_machine_the_certificate_is_verified() -> None:
    assert dict(read_address("postgresql://ann@db.example.com/halley").options)["sslmode"] == "verify-full"
    assert read_address("postgresql://ann@localhost/halley").options == ()
    assert read_address("postgresql://ann@/halley?host=/run/postgresql").host == "/run/postgresql"
    assert read_address("postgresql://ann@db.example.com/halley").origin == "https://db.example.com:5432"
