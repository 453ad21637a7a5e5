"""From starting the process to the first list of code actions: what the user waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench.daemon import Daemon, in_turns
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    return in_turns(rounds, _ms_to_first_answer)


def _ms_to_first_answer(command: list[str], home: Path) -> float:
    with Daemon(command, home) as daemon:
        daemon.initialize()
        daemon.open()
        daemon.code_actions()
        return (time.perf_counter() - daemon.started) * 1000
