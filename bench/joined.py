"""Editors that join the shared daemon: how soon they are served, and what each costs.

The floor of a start is the one of Python itself (`python -I -S -c pass`, in the same run), the peer of the first code
actions a bare pygls server. Memory is PSS, in which pages that processes share are counted in parts: of the daemon and
of the processes that the editors started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import halley
from bench.daemon import BARE_PYGLS, Daemon, environment, home
from bench.memory import SETTLED_S
from bench.table import Pair
from halley.joining.about import ask

JOIN = [sys.executable, "-I", "-S", str(Path(halley.__file__).parent / "joining")]
JOIN_BY_COMMAND = [sys.executable, "-m", "halley", "serve", "--shared"]
FLOOR = [sys.executable, "-I", "-S", "-c", "pass"]
FURTHER_MB, TEN_MB = 15.0, 160.0
"""What is allowed."""


def initialize_pairs(rounds: int) -> Iterator[Pair]:
    with warm() as at:
        for _ in range(rounds):
            yield _ms_to_initialize(JOIN, at), _ms_of(FLOOR)


def command_pairs(rounds: int) -> Iterator[Pair]:
    """The same by `halley serve --shared`, which has Python look through installed packages."""
    with warm() as at:
        for _ in range(rounds):
            yield _ms_to_initialize(JOIN_BY_COMMAND, at), _ms_of([sys.executable, "-c", "pass"])


def first_answer_pairs(rounds: int) -> Iterator[Pair]:
    with warm() as at:
        for number in range(rounds):
            both = (JOIN, BARE_PYGLS) if number % 2 == 0 else (BARE_PYGLS, JOIN)
            figures = {command[-1]: _ms_to_first_answer(command, at) for command in both}
            yield figures[JOIN[-1]], figures[BARE_PYGLS[-1]]


def further_pairs(rounds: int) -> Iterator[Pair]:
    for _ in range(rounds):
        with warm() as at, ExitStack() as stack:
            first = [_opened(at, stack)]
            before = _pss_mb(at, first)
            ten = first + [_opened(at, stack) for _ in range(9)]
            yield (_pss_mb(at, ten) - before) / 9, FURTHER_MB


def ten_pairs(rounds: int) -> Iterator[Pair]:
    for _ in range(rounds):
        with warm() as at, ExitStack() as stack:
            yield _pss_mb(at, [_opened(at, stack) for _ in range(10)]), TEN_MB


@contextmanager
def warm() -> Iterator[Path]:
    """A home whose shared daemon has served an editor; it is ended afterwards."""
    with home() as at:
        _ms_to_first_answer(JOIN, at)
        try:
            yield at
        finally:
            os.kill(_daemon(at), signal.SIGTERM)


def _daemon(at: Path) -> int:
    about = ask(environment(at))
    if about is None:
        raise RuntimeError("no shared daemon runs")
    return about.pid


def _opened(at: Path, stack: ExitStack) -> Daemon:
    daemon = stack.enter_context(Daemon(JOIN, at))
    daemon.initialize()
    daemon.open()
    daemon.code_actions()
    return daemon


def _pss_mb(at: Path, editors: list[Daemon]) -> float:
    time.sleep(SETTLED_S)
    total = 0.0
    for pid in (_daemon(at), *(editor.process.pid for editor in editors)):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
    return total


def _ms_to_initialize(command: list[str], at: Path) -> float:
    with Daemon(command, at) as daemon:
        daemon.initialize()
        return (time.perf_counter() - daemon.started) * 1000


def _ms_to_first_answer(command: list[str], at: Path) -> float:
    with Daemon(command, at) as daemon:
        daemon.initialize()
        daemon.open()
        daemon.code_actions()
        return (time.perf_counter() - daemon.started) * 1000


def _ms_of(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return (time.perf_counter() - began) * 1000
