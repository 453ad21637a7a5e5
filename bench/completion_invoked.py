"""Invoked ghost text, three candidates: the daemon against three concurrent bare calls."""

from __future__ import annotations

from collections.abc import Iterator

from bench.completing import INVOKED
from bench.completion_automatic import measure
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    return measure(rounds, INVOKED, at_once=3)
