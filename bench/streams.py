"""Many concurrent chats: what a chunk costs from being sent by the upstream to being read from the daemon's stdout.

100 and 1,000 chats of 50 chunks at 20 a second through one daemon, LSP end to end, beside the openai SDK, LiteLLM
(`peers/litellm_home.py`) and a bare asyncio client, each a process of its own on the same upstream, one after the
other. What is measured has one core to itself; the upstream and the reader of the daemon's stdout share another.
Compared are the p95 delays of chunks; all figures go to stderr.

`python -m bench.streams 10 100 300 1000 3000` prints a table of how cost grows, without LiteLLM.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.daemon import HALLEY, Daemon, home
from bench.peers.litellm_home import CannotHave, python_with_litellm
from bench.peers.pace import CHUNKS, figures
from bench.table import Pair

PACE_S = 2.5
"""What 50 chunks at 20 a second take."""
ROOT = Path(__file__).parent.parent
MEASURED, OTHERS = 0, 1
"""Cores."""
_CONFIG = """\
[providers.simulator]
base_url = "{url}"
concurrency = 10000

[roles]
chat = ["simulator/m"]
fast = ["simulator/quick"]
"""


def config(url: str) -> str:
    """Of a user with that upstream for everything."""
    return _CONFIG.format(url=url)


def pairs(rounds: int, count: int) -> Iterator[Pair]:
    for number in range(rounds):
        with upstream() as (url, server):
            others = ("openai", "bare", "litellm") if number == 0 else ("openai",)
            ours = by_daemon(url, count, server)
            _tell("Halley", count, ours)
            theirs = {other: by_client(other, url, count, server) for other in others}
            for other, found in theirs.items():
                _tell(other, count, found)
        if ours["failed"]:
            raise RuntimeError(f"{ours['failed']} of {count} chats failed")
        openai = theirs["openai"]
        assert not isinstance(openai, str), openai
        yield ours["p95_ms"], openai["p95_ms"]


@contextmanager
def upstream() -> Iterator[tuple[str, int]]:
    """Its base URL and its process."""
    with on_core(OTHERS):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers.pace"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.stdin.close()
        process.wait(10)


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started meanwhile has this core of the machine, and no other; nothing where that cannot be said."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def by_client(kind: str, url: str, count: int, server: int) -> dict[str, Any] | str:
    """Its figures, or why there are none."""
    try:
        python = python_with_litellm() if kind == "litellm" else sys.executable
    except CannotHave as reason:
        return str(reason)
    command = [str(python), "-m", "bench.peers.streaming", kind, url, str(count)]
    before = cpu_s(server)
    with on_core(MEASURED):
        run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=900)
    if run.returncode:
        raise RuntimeError(f"{kind}: {run.stderr[-400:]}")
    return json.loads(run.stdout.splitlines()[-1]) | {"server_s": cpu_s(server) - before}


def by_daemon(url: str, count: int, server: int) -> dict[str, Any]:
    with home(url) as at:
        (at / "config.toml").write_text(config(url))
        with on_core(MEASURED):
            started = Daemon(HALLEY, at)
        with started as daemon, on_core(OTHERS):
            daemon.initialize({"batchedProgress": True})
            daemon.open()
            _ask(daemon, 2)  # imports, connections
            pid = daemon.process.pid
            before, server_before, own_before = cpu_s(pid), cpu_s(server), time.process_time()
            delays, failed, wall_s = _ask(daemon, count)
            found = figures(delays, wall_s, failed, cpu_s(pid) - before)
            return found | {
                "server_s": cpu_s(server) - server_before,
                "reader_s": time.process_time() - own_before,
            }


def _ask(daemon: Daemon, count: int) -> tuple[list[float], int, float]:
    """Delays of all chunks, how many chats failed, seconds until the last was answered.

    Sending has a thread of its own, as in an editor: who sends all before reading waits for the daemon to take it.
    """
    began = time.monotonic()
    sending = threading.Thread(target=_send, args=(daemon, count, began))
    sending.start()
    delays: list[float] = []
    failed = answered = 0
    while answered < count:
        message = daemon.read()
        if message.get("method") in ("$/progress", "halley/progress"):
            now = time.monotonic()
            params = message["params"]
            for event in [event for one in params.get("values", [params]) for event in one["value"]]:
                if isinstance(event, dict) and event.get("type") == "text":
                    delays += [now - float(sent) for sent in event["delta"].split()]
        elif "id" in message and "method" not in message:
            answered += 1
            failed += "error" in message or message["result"]["replies"][0]["status"] != "complete"
    sending.join()
    return delays, failed, time.monotonic() - began


def _send(daemon: Daemon, count: int, began: float) -> None:
    for number in range(count):
        daemon.send("halley/chat/send", {"prompt": "Go.", "partialResultToken": f"{began}-{number}"})


def cpu_s(pid: int) -> float:
    """Processor time of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tell(who: str, count: int, found: dict[str, Any] | str) -> None:
    if isinstance(found, str):
        print(f"  {count:5} streams  {who:8} NOT MEASURED: {found}", file=sys.stderr)
        return
    reader = f" + {found['reader_s']:.2f} to read it" if "reader_s" in found else ""
    print(
        f"  {count:5} streams  {who:8} p50 {found['p50_ms']:9.1f} ms  p95 {found['p95_ms']:9.1f} ms  wall "
        f"{found['wall_s'] / PACE_S:5.2f} × the pace  CPU {found['cpu_s']:6.2f} s, "
        f"{found['cpu_s'] * 1000 / count:5.2f} ms a chat{reader}, upstream "
        f"{found['server_s']:.2f} s  failed {found['failed']}",
        file=sys.stderr,
    )


MOST_OF_OPENAI = 300
"""Chats from which on the SDK is not asked: it takes minutes."""


def table(counts: list[int]) -> None:
    print("| chats | daemon, processor per chat | p95 | wall ÷ pace | bare client | p95 | openai SDK | p95 |")
    print("|---|---|---|---|---|---|---|---|")
    for count in counts:
        with upstream() as (url, server):
            ours = by_daemon(url, count, server)
            bare = by_client("bare", url, count, server)
            openai = by_client("openai", url, count, server) if count <= MOST_OF_OPENAI else None
        cells = [str(count), *_cells(ours, count), f"{ours['wall_s'] / PACE_S:.1f}"]
        for other in (bare, openai):
            cells += _cells(other, count) if isinstance(other, dict) else ["", ""]
        print(f"| {' | '.join(cells)} |", flush=True)
        if ours["failed"]:
            raise RuntimeError(f"{ours['failed']} of {count} chats failed")
        if ours["chunks"] != CHUNKS * count:
            raise RuntimeError(f"{ours['chunks']} of {CHUNKS * count} chunks came")


def _cells(found: dict[str, Any], count: int) -> list[str]:
    return [f"{found['cpu_s'] * 1000 / count:.1f} ms", f"{found['p95_ms']:.0f} ms"]


if __name__ == "__main__":
    table([int(count) for count in sys.argv[1:]] or [10, 100, 300])
