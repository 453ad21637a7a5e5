"""Every call has one row, written before it is sent and settled after it ended, also across kill -9."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from stores_help import MODEL, a_call, files_with, killed, said

from halley.core.calls import Priority
from halley.core.errors import InvalidInput, Problem
from halley.core.models import ModelRef, Times, Usage
from halley.stores.disk.paths import Paths
from halley.stores.ledger.store import LedgerStore
from halley.stores.ledger.usage import day_of, days_around
from halley.stores.sqlite.database import Database

OTHER = ModelRef("openai", "gpt-5")


def rows(paths: Paths) -> list[sqlite3.Row]:
    """As another process sees them."""
    db = sqlite3.connect(paths.database)
    db.row_factory = sqlite3.Row
    found = db.execute("SELECT * FROM calls ORDER BY id").fetchall()
    db.close()
    return found


async def test_the_row_is_there_before_the_call_and_settled_after(database: Database, paths: Paths) -> None:
    ledger = LedgerStore(database)
    entry = await ledger.open(a_call("fix", role="edit"), MODEL)
    (row,) = rows(paths)
    assert (row["id"], row["status"], row["feature"], row["role"]) == (entry, "open", "fix", "edit")
    assert (row["workspace"], row["provider"], row["model"]) == ("/w", "comet", "gpt-5-mini")

    usage = Usage(100, 50, 20, 10, cost_usd=0.25, cost_source="provider")
    times = Times(first_byte_ms=10, first_token_ms=20, total_ms=520)
    await ledger.settle(entry, usage=usage, times=times, request_id="req-1")
    (row,) = rows(paths)
    assert row["status"] == "complete"
    tokens = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
    assert [row[name] for name in tokens] == [100, 50, 20, 10]
    assert (row["cost"], row["currency"], row["cost_source"]) == (0.25, "USD", "provider")
    assert (row["first_byte_ms"], row["first_token_ms"], row["total_ms"]) == (10, 20, 520)
    assert row["tokens_per_s"] == pytest.approx(100)
    assert row["request_id"] == "req-1"


@pytest.mark.parametrize(
    ("facts", "status", "problem"),
    [
        ({}, "complete", None),
        (
            {"problem": Problem("rate_limited", "CANARY", status=429, request_id="r")},
            "failed",
            "rate_limited",
        ),
        ({"problem": Problem("interrupted", "CANARY")}, "interrupted", "interrupted"),
        ({"problem": "cancelled"}, "cancelled", "cancelled"),
        ({"status": "superseded"}, "superseded", None),
    ],
)
async def test_how_it_ended(database: Database, paths: Paths, facts, status, problem) -> None:
    ledger = LedgerStore(database)
    await ledger.settle(await ledger.open(a_call(), MODEL), **facts)
    (row,) = rows(paths)
    assert (row["status"], row["problem"], row["cost"], row["cost_source"]) == (
        status,
        problem,
        None,
        "unknown",
    )
    assert row["total_ms"] is not None
    assert row["http_status"] == (429 if problem == "rate_limited" else None)


async def test_what_it_does_not_know_is_a_mistake(database: Database) -> None:
    with pytest.raises(TypeError, match="prompt"):
        await LedgerStore(database).settle(1, prompt="no text in here")


async def test_no_text_of_anyone_is_kept(database: Database, paths: Paths) -> None:
    ledger = LedgerStore(database)
    problem = Problem("bad_request", "CANARY-MESSAGE", "CANARY-HELP")
    await ledger.settle(await ledger.open(a_call(), MODEL), problem=problem)
    assert files_with(paths.data, b"CANARY") == []


async def test_rows_of_a_killed_process_are_abandoned_those_of_a_living_one_are_not(
    database: Database, paths: Paths, start
) -> None:
    code = """
        from halley.stores.sqlite.database import Database
        from halley.stores.ledger.store import LedgerStore
        sys.path.insert(0, args[1])
        from stores_help import MODEL, a_call
        ledger = LedgerStore(Database(Path(args[0])))
        await ledger.settle(await ledger.open(a_call(), MODEL))
        await ledger.open(a_call("killed"), MODEL)
        say("open")
        sys.stdin.read()
    """
    here = __file__.rpartition("/")[0]
    dead, alive = (start(code, paths.database, here) for _ in range(2))
    for process in (dead, alive):
        assert said(process) == "open"
    killed(dead)
    ledger = LedgerStore(database)
    mine = await ledger.open(a_call("mine"), MODEL)
    assert sorted(row["status"] for row in rows(paths)) == [
        "abandoned",
        "complete",
        "complete",
        "open",
        "open",
    ]
    await ledger.settle(mine)
    killed(alive)
    await LedgerStore(database).summary()
    assert sorted({row["status"] for row in rows(paths)}) == ["abandoned", "complete"]


async def test_a_process_id_that_was_given_again_does_not_keep_rows_open(
    database: Database, paths: Paths
) -> None:
    ledger = LedgerStore(database)
    await ledger.open(a_call(), MODEL)
    await database.run(lambda db: db.execute("UPDATE writers SET started = 'before the reboot'"))
    await LedgerStore(database).summary()
    assert [row["status"] for row in rows(paths)] == ["abandoned"]


async def test_rows_of_another_machine_are_left_for_a_week(database: Database, paths: Paths) -> None:
    ledger = LedgerStore(database)
    await ledger.open(a_call(), MODEL)
    await database.run(lambda db: db.execute("UPDATE writers SET place = 'elsewhere'"))
    await LedgerStore(database).summary()
    assert [row["status"] for row in rows(paths)] == ["open"]
    await database.run(lambda db: db.execute("UPDATE calls SET started = started - 30 * 86400"))
    await LedgerStore(database).summary()
    assert [row["status"] for row in rows(paths)] == ["abandoned"]


async def test_a_caller_that_is_cancelled_while_opening_leaves_no_open_row(
    database: Database, paths: Paths
) -> None:
    ledger = LedgerStore(database)
    task = asyncio.create_task(ledger.open(a_call(), MODEL))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.run(lambda db: None)  # whatever was queued before is done by now
    await database.run(lambda db: None)
    assert [row["status"] for row in rows(paths)] == ["cancelled"]


async def test_settling_continues_when_its_task_is_cancelled(database: Database, paths: Paths) -> None:
    ledger = LedgerStore(database)
    entry = await ledger.open(a_call(), MODEL)
    task = asyncio.create_task(ledger.settle(entry, status="cancelled"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.run(lambda db: None)
    assert [row["status"] for row in rows(paths)] == ["cancelled"]


async def filled(database: Database) -> LedgerStore:
    """A failover (two attempts of one request), a priced, an estimated and an unpriced call, one in yuan."""
    ledger = LedgerStore(database)
    first = await ledger.open(a_call("chat"), MODEL)
    await ledger.settle(first, problem="provider_unavailable")
    second = await ledger.open(a_call("chat"), OTHER, attempt=2, parent=first)
    await ledger.settle(second, usage=Usage(10, 20, cost_usd=0.5), first_token_ms=30.0, total_ms=1030.0)
    for cost in (
        {"cost": 0.25, "currency": "USD", "cost_source": "estimated"},
        {},
        {"cost": 3.0, "currency": "CNY"},
    ):
        entry = await ledger.open(a_call("fix", "/other"), MODEL)
        await ledger.settle(entry, usage=Usage(1, 2), first_token_ms=10.0, **cost)
    return ledger


async def test_a_summary_adds_up(database: Database) -> None:
    totals = (await (await filled(database)).summary()).totals
    assert (totals.calls, totals.requests, totals.errors) == (5, 4, 1)
    assert (totals.input_tokens, totals.output_tokens) == (13, 26)
    assert totals.cost == {"USD": 0.75, "CNY": 3.0}
    assert (totals.unpriced_calls, totals.estimated_calls) == (1, 1)
    assert totals.problems == {"provider_unavailable": 1}
    assert totals.first_token_ms == pytest.approx(15)


async def test_a_summary_by_anything(database: Database) -> None:
    ledger = await filled(database)
    today = datetime.date.today().isoformat()
    by = {
        name: {row.keys[name]: row.calls for row in (await ledger.summary(by=[name])).rows}
        for name in ("day", "month", "model", "provider", "workspace", "feature", "role", "status", "problem")
    }
    assert by == {
        "day": {today: 5},
        "month": {today[:7]: 5},
        "model": {"comet/gpt-5-mini": 4, "openai/gpt-5": 1},
        "provider": {"comet": 4, "openai": 1},
        "workspace": {"/w": 2, "/other": 3},
        "feature": {"chat": 2, "fix": 3},
        "role": {"chat": 5},
        "status": {"complete": 4, "failed": 1},
        "problem": {None: 4, "provider_unavailable": 1},
    }
    two = (await ledger.summary(by=["provider", "feature"])).rows
    assert [(tuple(row.keys.values()), row.cost) for row in two] == [
        (("comet", "chat"), {}),
        (("comet", "fix"), {"USD": 0.25, "CNY": 3.0}),
        (("openai", "chat"), {"USD": 0.5}),
    ]
    assert two[1].to_json()["cost"] == [
        {"amount": 3.0, "currency": "CNY"},
        {"amount": 0.25, "currency": "USD"},
    ]


async def test_a_summary_of_a_time_and_a_workspace(database: Database) -> None:
    ledger = await filled(database)
    now = time.time()
    assert (await ledger.summary(since=now + 60)).totals.calls == 0
    assert (await ledger.summary(until=now - 60)).totals.calls == 0
    assert (await ledger.summary(since=datetime.datetime.fromtimestamp(now - 60))).totals.calls == 5
    assert (await ledger.summary(workspace="/other")).totals.calls == 3


async def test_an_unknown_dimension_names_the_known_ones(database: Database) -> None:
    with pytest.raises(InvalidInput) as caught:
        await LedgerStore(database).summary(by=["1; DROP TABLE calls"])  # type: ignore[list-item]
    assert "workspace" in caught.value.problem.help


async def test_what_was_spent(database: Database) -> None:
    ledger = await filled(database)
    assert await ledger.spent(0) == 0.75
    assert await ledger.spent(0, "CNY") == 3.0
    assert await ledger.spent(time.time() + 60) == 0
    midnight, tomorrow = days_around(time.time())
    assert await ledger.spent(midnight) == await ledger.spent(midnight + 0.001) == 0.75
    assert await ledger.spent(tomorrow) == await ledger.spent(tomorrow + 1) == 0


async def test_what_was_spent_over_days_and_when_a_cost_is_corrected(database: Database) -> None:
    ledger = LedgerStore(database)
    midnight, _ = days_around(time.time())
    moments = [midnight - 3 * 86400 + 7200, midnight - 60, midnight, midnight + 1]
    for moment in moments:
        entry = await ledger.open(a_call(), MODEL)
        moved = (moment, day_of(moment), entry)
        await database.run(
            lambda db, row=moved: db.execute("UPDATE calls SET started=?, day=? WHERE id=?", row)
        )
        await ledger.settle(entry, cost=5.0, currency="USD")
        await ledger.settle(entry, cost=1.0)
    for since in (0.0, *moments, *(moment + 0.5 for moment in moments), midnight - 86400, midnight + 3600):
        assert await ledger.spent(since) == sum(moment >= since for moment in moments)


async def test_how_often_ghost_text_was_accepted(database: Database) -> None:
    ledger = LedgerStore(database)
    for _ in range(3):
        await ledger.count_completion(MODEL, "python", shown=1)
    await ledger.count_completion(MODEL, "python", accepted=1, characters=12)
    await ledger.count_completion(MODEL, "go", shown=1)
    counted = [(a.language, a.shown, a.accepted, a.accepted_characters) for a in await ledger.acceptance()]
    assert counted == [("go", 1, 0, 0), ("python", 3, 1, 12)]
    assert await ledger.acceptance(since=time.time() + 2 * 86400) == ()


async def test_ghost_text_accepted_in_part_is_counted_apart(database: Database) -> None:
    ledger = LedgerStore(database)
    await ledger.count_completion(MODEL, "python", shown=2)
    await ledger.count_completion(MODEL, "python", partly=1, characters=5)
    (counted,) = await ledger.acceptance()
    assert counted.to_json() == {
        "model": str(MODEL), "language": "python", "shown": 2, "accepted": 0, "partlyAccepted": 1,
        "acceptedCharacters": 5, "rate": 0.5,
    }  # fmt: skip


async def test_ghost_text_does_not_wait_for_the_database(database: Database, paths: Paths) -> None:
    ledger = LedgerStore(database)
    inline = replace(a_call("complete", role="complete"), priority=Priority.INLINE)
    held, release = threading.Event(), threading.Event()
    database.submit(lambda _db: (held.set(), release.wait(90)), write=False)
    held.wait(90)
    entry = await ledger.open(inline, MODEL)
    (noted,) = (paths.database.parent / "open-calls").glob("*.jsonl")
    assert "complete" in noted.read_text() and noted.stat().st_mode & 0o777 == 0o600
    second = await ledger.open(inline, MODEL, attempt=2, parent=entry)
    settling = asyncio.create_task(ledger.settle(entry, status="superseded"))
    release.set()
    await settling
    await ledger.settle(second)
    first, other = rows(paths)
    assert (first["status"], other["status"], other["parent"]) == ("superseded", "complete", first["id"])
    assert len(noted.read_text().splitlines()) == 1, "what is in the ledger is noted no longer"


async def test_a_noted_call_of_a_killed_process_gets_its_row(paths: Paths, start) -> None:
    code = """
        import threading
        from dataclasses import replace
        from halley.core.calls import Priority
        from halley.stores.sqlite.database import Database
        from halley.stores.ledger.store import LedgerStore
        sys.path.insert(0, args[1])
        from stores_help import MODEL, a_call
        database = Database(Path(args[0]))
        await database.run(lambda db: None)
        database.submit(lambda db: threading.Event().wait(), write=False)  # the disk hangs
        await LedgerStore(database).open(replace(a_call("complete"), priority=Priority.INLINE), MODEL)
        say("sent")
        await asyncio.sleep(60)
    """
    process = start(code, paths.database, Path(__file__).parent)
    assert said(process) == "sent"
    killed(process)
    assert rows(paths) == []
    ledger = LedgerStore(Database(paths.database))
    summary = await ledger.summary(by=("feature", "status"))
    assert [(row.keys["feature"], row.keys["status"], row.calls) for row in summary.rows] == [
        ("complete", "abandoned", 1)
    ]
    assert not list((paths.database.parent / "open-calls").iterdir())
    await ledger._database.aclose()


async def test_notes_of_dead_processes_outlive_a_transaction_that_is_taken_back(
    database: Database, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = paths.database.parent / "open-calls"
    await database.run(lambda db: None)
    folder.mkdir()
    row = [1.0, "2026-01-01", "chat", "chat", None, "p", "m", 1, None]
    owner = ["elsewhere", 1, 1.0]
    (folder / "1-dead.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in (owner, row)))
    monkeypatch.setattr("halley.stores.ledger.intents.is_alive", lambda owner: False)

    def broken(db: sqlite3.Connection) -> None:
        raise LookupError("mine")

    held, release = threading.Event(), threading.Event()
    database.submit(lambda _db: (held.set(), release.wait(90)), write=False)
    held.wait(90)
    ledger = LedgerStore(database)
    summary = asyncio.create_task(ledger.summary(by=("status",)))
    await asyncio.sleep(0)  # its recovery waits in the same group as the job that fails
    failing = database.run(broken)
    release.set()
    with pytest.raises(LookupError):
        await failing
    assert [(found.keys["status"], found.calls) for found in (await summary).rows] == [("abandoned", 1)]
    assert not list(folder.glob("*-dead.jsonl"))


@pytest.mark.parametrize("moment", range(6))
async def test_killed_at_any_moment_no_row_is_lost_or_stays_open(paths: Paths, start, moment: int) -> None:
    code = """
        from halley.stores.sqlite.database import Database
        from halley.stores.ledger.store import LedgerStore
        sys.path.insert(0, args[1])
        from stores_help import MODEL, a_call
        ledger = LedgerStore(Database(Path(args[0])))
        while True:
            entry = await ledger.open(a_call(), MODEL)
            say(f"open {entry}")
            await ledger.settle(entry)
            say(f"settled {entry}")
    """
    process = start(code, paths.database, __file__.rpartition("/")[0])
    told = [said(process) for _ in range(3 + 7 * moment)]
    killed(process)
    database = Database(paths.database)
    await LedgerStore(database).summary()
    found = {row["id"]: row["status"] for row in rows(paths)}
    for line in told:
        what, entry = line.split()
        assert found[int(entry)] == "complete" if what == "settled" else int(entry) in found
    assert set(found.values()) <= {"complete", "abandoned"}
    assert await database.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    await database.aclose()
