"""What a second process for the wire would take off the daemon: a prototype, which the daemon does not have.

    python -m bench.wire_process [STREAMS]

The same streams are taken in two ways, in turns: by a provider of the measured process, and by one of a child that
writes the events of 16 ms to a pipe in one piece. Measured is the processor time of the process that takes the
events, and of the child. The prototype leaves out what a real one would need (keys, cancelling, errors, learning from
refusals), so the gain is the most there can be.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from bench.peers.pace import CHUNKS
from bench.streams import ROOT, upstream
from halley.core.calls import Prompt, user
from halley.core.events import Event, TextDelta
from halley.core.models import Model, ModelRef
from halley.core.settings import ProviderSettings

ROUNDS = 4
WINDOW_S = 0.016
MODEL = Model(ModelRef("host", "m"))
Hear = Callable[[int, Event], None]
Way = Callable[[str, int, Hear], Awaitable[float]]


async def by_ourselves(url: str, count: int, hear: Hear) -> float:
    """Streams to their ends; milliseconds of another process, which there is not."""
    from halley.providers.http.client import Http
    from halley.providers.presets import resolve_endpoint
    from halley.providers.wires.table import build_provider

    async def get_key() -> str:
        return "sk-none"

    http = Http({})
    endpoint = resolve_endpoint(
        "host", ProviderSettings(base_url=url, preset="openai", concurrency=10_000), {}
    )
    provider = build_provider(endpoint, http, get_key)
    prompt = Prompt((user("Go."),))

    async def one(number: int) -> None:
        await provider.feed(MODEL, prompt, lambda event: hear(number, event))

    await asyncio.gather(*map(one, range(count)))
    await http.aclose()
    return 0.0


async def by_a_child(url: str, count: int, hear: Hear) -> float:
    """As above, where a child has the wire; its milliseconds."""
    command = [sys.executable, "-m", "bench.wire_process", "wire", url]
    child = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, limit=1 << 24
    )
    assert child.stdin and child.stdout
    for number in range(count):
        child.stdin.write(orjson.dumps({"stream": number, "prompt": "Go."}) + b"\n")
    child.stdin.write_eof()
    spent = 0.0
    while line := await child.stdout.readline():
        batch = orjson.loads(line)
        if isinstance(batch, float):
            spent = batch
            break
        for number, text in batch:
            hear(number, TextDelta(text))
    await child.wait()
    return spent


async def be_the_wire(url: str) -> None:
    """The child: orders on stdin, batches of (stream, text) on stdout, and its milliseconds at the end."""
    orders = await asyncio.to_thread(sys.stdin.buffer.readlines)
    batch: list[tuple[int, str]] = []

    def hear(number: int, event: Event) -> None:
        if isinstance(event, TextDelta):
            if not batch:
                asyncio.get_running_loop().call_later(WINDOW_S, say)
            batch.append((number, event.text))

    def say() -> None:
        sys.stdout.buffer.write(orjson.dumps(batch) + b"\n")
        sys.stdout.buffer.flush()
        batch.clear()

    await by_ourselves(url, 2, lambda *_: None)  # imports, connections
    began = time.process_time()
    await by_ourselves(url, len(orders), hear)
    if batch:
        say()
    sys.stdout.buffer.write(orjson.dumps((time.process_time() - began) * 1000))


async def measured(way: Way, url: str, count: int) -> tuple[float, float]:
    """Milliseconds of the processor for a stream: of this process, of the child."""
    texts = [""] * count
    chunks = 0

    def hear(number: int, event: Event) -> None:
        nonlocal chunks
        if isinstance(event, TextDelta):
            texts[number] += event.text
            chunks += len(event.text.split())

    began = time.process_time()
    child = await way(url, count, hear)
    took = (time.process_time() - began) * 1000
    if chunks != CHUNKS * count:
        raise RuntimeError(f"{chunks} of {CHUNKS * count} chunks came")
    return took / count, child / count


def main(count: int) -> None:
    ways: dict[str, Way] = {"one process": by_ourselves, "a child for the wire": by_a_child}
    found: dict[str, list[Any]] = {name: [] for name in ways}
    with upstream() as (url, _):
        for number in range(ROUNDS + 1):
            for name, way in ways.items():
                figures = asyncio.run(measured(way, url, count))
                if number:  # the first warms up
                    found[name].append(figures)
    for name, rounds in found.items():
        ours, child = min(rounds)
        print(f"{count} streams, {name:20}  this process {ours:5.2f} ms a stream, the child {child:5.2f} ms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["wire"]:
        asyncio.run(be_the_wire(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
