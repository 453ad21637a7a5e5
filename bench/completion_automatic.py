"""Ghost text while typing, not asked before: the daemon against a bare call to the same upstream."""

from __future__ import annotations

from collections.abc import Iterator

from bench.completing import AUTOMATIC, Typing, completing
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    return measure(rounds, AUTOMATIC, at_once=1)


def measure(rounds: int, trigger: int, at_once: int) -> Iterator[Pair]:
    with completing() as (daemon, bare):
        typing = Typing(daemon, "typing.py")
        for number in range(rounds):
            typing.new_line()
            if number % 2:
                theirs = bare.ask(at_once)
                yield typing.ask(trigger), theirs
            else:
                yield typing.ask(trigger), bare.ask(at_once)
