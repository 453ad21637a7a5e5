"""A small custom request and its answer, with nothing to compute: what the transport and the protocol cost."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.daemon import BARE_PYGLS, HALLEY, Daemon, home
from bench.table import Pair

REQUESTS = 300


def pairs(rounds: int) -> Iterator[Pair]:
    with home() as at, Daemon(HALLEY, at) as ours, Daemon(BARE_PYGLS, at) as theirs:
        for daemon in (ours, theirs):
            daemon.initialize()
            daemon.open()
            daemon.request("halley/proposals/list", {})  # by now all is imported
        for number in range(rounds):
            order = (ours, theirs) if number % 2 == 0 else (theirs, ours)
            figures = {id(daemon): _ms_a_request(daemon) for daemon in order}
            yield figures[id(ours)], figures[id(theirs)]


def _ms_a_request(daemon: Daemon) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        daemon.request("halley/proposals/list", {})
    return (time.perf_counter() - began) * 1000 / REQUESTS
