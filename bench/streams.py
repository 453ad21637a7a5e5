"""Many chats at once: what a chunk's way costs, from being sent by the upstream to being read from the daemon's stdout.

100 and 1,000 chats of 50 chunks at 20 a second through one daemon, LSP end to end, beside the openai SDK, LiteLLM
(where it is installed) and a bare asyncio client, each a process of its own on the same upstream, one after the
other. Compared are the p95 delays of chunks; all figures go to stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.daemon import HALLEY, Daemon, home
from bench.table import Pair

PACE_S = 2.5
"""What 50 chunks at 20 a second take."""
ROOT = Path(__file__).parent.parent
_CONFIG = """\
[providers.simulator]
base_url = "{url}"
concurrency = 10000

[roles]
chat = ["simulator/m"]
fast = ["simulator/quick"]
"""


def pairs(rounds: int, count: int) -> Iterator[Pair]:
    for number in range(rounds):
        with upstream() as url:
            others = ("openai", "bare", "litellm") if number == 0 else ("openai",)
            ours = by_daemon(url, count)
            _tell("Halley", count, ours)
            theirs = {other: by_client(other, url, count) for other in others}
            for other, found in theirs.items():
                _tell(other, count, found)
        if ours["failed"]:
            raise RuntimeError(f"{ours['failed']} of {count} chats failed")
        yield ours["p95_ms"], (theirs["openai"] or {})["p95_ms"]


def figures(delays: list[float], wall_s: float, failed: int, cpu_s: float) -> dict[str, Any]:
    """Milliseconds a chunk was under way, how long all took, and what it cost."""
    ranked = sorted(delays) or [0.0]
    p50, p95 = (ranked[int((len(ranked) - 1) * share)] * 1000 for share in (0.5, 0.95))
    return {
        "p50_ms": p50, "p95_ms": p95, "max_ms": ranked[-1] * 1000, "wall_s": wall_s, "cpu_s": cpu_s,
        "failed": failed, "chunks": len(delays),
    }  # fmt: skip


@contextmanager
def upstream() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.pace"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def by_client(kind: str, url: str, count: int) -> dict[str, Any] | None:
    """None for one that is not installed."""
    command = [sys.executable, "-m", "bench.peers.streaming", kind, url, str(count)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=600)
    if run.returncode == 0:
        return json.loads(run.stdout)
    if kind == "litellm" and "No module named 'litellm'" in run.stderr:
        return None
    raise RuntimeError(f"{kind}: {run.stderr[-400:]}")


def by_daemon(url: str, count: int) -> dict[str, Any]:
    with home(url) as at:
        (at / "config.toml").write_text(_CONFIG.format(url=url))
        with Daemon(HALLEY, at) as daemon:
            daemon.initialize()
            daemon.open()
            _ask(daemon, 2)  # imports, connections
            before = _cpu_s(daemon.process.pid)
            delays, failed, wall_s = _ask(daemon, count)
            return figures(delays, wall_s, failed, _cpu_s(daemon.process.pid) - before)


def _ask(daemon: Daemon, count: int) -> tuple[list[float], int, float]:
    """Delays of all chunks, how many chats failed, seconds until the last was answered."""
    began = time.monotonic()
    asked = {
        daemon.send("halley/chat/send", {"prompt": "Go.", "partialResultToken": f"{began}-{number}"})
        for number in range(count)
    }
    delays: list[float] = []
    failed = 0
    while asked:
        message = daemon.read()
        if message.get("method") == "$/progress":
            now = time.monotonic()
            for event in message["params"]["value"]:
                if isinstance(event, dict) and event.get("type") == "text":
                    delays += [now - float(sent) for sent in event["delta"].split()]
        elif message.get("id") in asked and "method" not in message:
            asked.discard(message["id"])
            failed += "error" in message or message["result"]["replies"][0]["status"] != "complete"
    return delays, failed, time.monotonic() - began


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tell(who: str, count: int, found: dict[str, Any] | None) -> None:
    if found is None:
        print(f"  {count:5} streams  {who:8} NOT MEASURED: it is not installed", file=sys.stderr)
        return
    print(
        f"  {count:5} streams  {who:8} p50 {found['p50_ms']:9.1f} ms  p95 {found['p95_ms']:9.1f} ms  wall "
        f"{found['wall_s'] / PACE_S:5.2f} × the pace  CPU {found['cpu_s']:6.2f} s  failed {found['failed']}",
        file=sys.stderr,
    )
