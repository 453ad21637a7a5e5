"""Keys typed with next edits on, against the same keys with them off: what a model chosen for them costs typing.

Both daemons have a client that never asks by itself, so that the one looks for pauses in its typing. Timed are the
changes of a line and the response to a request sent after them, which waits for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.completing import Typing
from bench.daemon import HALLEY, Daemon, home
from bench.simulated import simulator
from bench.table import Pair

LINE = "total = total(items) + total(other)"
OFF = "\n[completion]\nenabled = false\n"


def pairs(rounds: int) -> Iterator[Pair]:
    with ExitStack() as stack:
        url = stack.enter_context(simulator(None, tokens_per_s=0))
        with_it, without = (_typing(stack, url, role) for role in ('next = ["simulator/sim-next"]\n', ""))
        for number in range(rounds):
            if number % 2:
                theirs = _line(without)
                yield _line(with_it), theirs
            else:
                yield _line(with_it), _line(without)


def _typing(stack: ExitStack, url: str, role: str) -> Typing:
    at = stack.enter_context(home(url))
    config = at / "config.toml"
    config.write_text(config.read_text() + role + OFF)
    daemon = stack.enter_context(Daemon(HALLEY, at))
    daemon.initialize()
    daemon.open()
    return Typing(daemon, "typing.py")


def _line(typing: Typing) -> float:
    """Milliseconds until a line's keys are in, one by one."""
    began = time.perf_counter()
    typing.new_line()
    for char in LINE:
        typing.key(char)
    typing.daemon.request("textDocument/completion", typing.question())
    return (time.perf_counter() - began) * 1000
