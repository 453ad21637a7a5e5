"""As `memory.py`, with pages that processes share counted in parts: what another window really costs."""

from __future__ import annotations

from collections.abc import Iterator

from bench.daemon import in_turns
from bench.memory import idle_mb
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    return in_turns(rounds, lambda command, home: idle_mb(command, home, "Pss"))
