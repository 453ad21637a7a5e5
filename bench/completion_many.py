"""Fifty documents completed concurrently, none cached: against fifty concurrent bare calls; for each of the fifty."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.completing import AUTOMATIC, Typing, completing
from bench.daemon import Daemon
from bench.table import Pair

DOCUMENTS = 50


def pairs(rounds: int) -> Iterator[Pair]:
    with completing() as (daemon, bare):
        typings = [Typing(daemon, f"many_{n}.py") for n in range(DOCUMENTS)]
        for number in range(rounds):
            for typing in typings:
                typing.new_line()
            if number % 2:
                theirs = bare.ask(DOCUMENTS) / DOCUMENTS
                yield _ms_of_all(daemon, typings) / DOCUMENTS, theirs
            else:
                yield _ms_of_all(daemon, typings) / DOCUMENTS, bare.ask(DOCUMENTS) / DOCUMENTS


def _ms_of_all(daemon: Daemon, typings: list[Typing]) -> float:
    began = time.perf_counter()
    left = {daemon.send("textDocument/inlineCompletion", typing.question(AUTOMATIC)) for typing in typings}
    while left:
        message = daemon.read()
        if message.get("id") in left and "method" not in message:
            if not message["result"]["items"]:
                raise RuntimeError("no ghost text came")
            left.discard(message["id"])
    return (time.perf_counter() - began) * 1000
