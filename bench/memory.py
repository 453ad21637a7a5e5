"""Memory that a server holds two seconds after an editor opened a file in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench.daemon import Daemon, in_turns
from bench.table import Pair

SETTLED_S = 2.0


def pairs(rounds: int) -> Iterator[Pair]:
    return in_turns(rounds, lambda command, home: idle_mb(command, home, "Rss"))


def idle_mb(command: list[str], home: Path, kind: str) -> float:
    """MB of `kind` (a line of Linux's smaps_rollup)."""
    with Daemon(command, home) as daemon:
        daemon.initialize()
        daemon.open()
        time.sleep(SETTLED_S)
        lines = Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))
