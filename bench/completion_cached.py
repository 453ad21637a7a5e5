"""Ghost text from the cache, as the user types along with it: against a request with nothing to answer."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.completing import REPLY, Typing, completing
from bench.table import Pair


def pairs(rounds: int) -> Iterator[Pair]:
    with completing() as (daemon, _):
        typing = Typing(daemon, "typing.py")
        for number in range(rounds):
            at = number % (len(REPLY) - 2)
            if not at:
                typing.new_line()
                typing.ask()
            typing.key(REPLY[at])
            daemon.request("halley/proposals/list", {})  # the change is in
            ours = typing.ask()
            began = time.perf_counter()
            daemon.request("halley/proposals/list", {})
            yield ours, (time.perf_counter() - began) * 1000
