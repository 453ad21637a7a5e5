"""A key in a file of 10,000 lines and the question that follows it: against the same key and question in a short file.

What the model takes is not in it: the answer is there already.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.completing import REPLY, Typing, completing
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    with completing() as (daemon, _):
        large, small = Typing(daemon, "large.py", lines=10_000), Typing(daemon, "small.py", lines=100)
        for number in range(rounds):
            at = number % (len(REPLY) - 2)
            if not at:
                for typing in (large, small):
                    typing.new_line()
                    typing.ask()
            yield _ms_of_a_key(large, REPLY[at]), _ms_of_a_key(small, REPLY[at])


def _ms_of_a_key(typing: Typing, key: str) -> float:
    began = time.perf_counter()
    typing.key(key)
    typing.ask()
    return (time.perf_counter() - began) * 1000
