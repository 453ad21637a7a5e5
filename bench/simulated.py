"""The simulator in a process of its own: the upstream that both sides of a benchmark talk to."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

_SERVE = """
import asyncio, sys
from halley.simulator import Simulator
async def main():
    async with Simulator(tokens_per_s=float(sys.argv[1])) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""


@contextmanager
def simulator(reply: str | None, tokens_per_s: float = 200.0) -> Iterator[str]:
    """Its base URL. It says `reply` to every call (None: what it works out) and streams it at that pace."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(tokens_per_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        url = process.stdout.readline().strip()
        if reply is not None:
            script = json.dumps({"text": reply, "repeat": -1}).encode()
            address = f"{url.removesuffix('/v1')}/_simulator/script"
            urllib.request.urlopen(urllib.request.Request(address, script), timeout=10).close()
        yield url
    finally:
        process.stdin.close()
        process.wait(10)
