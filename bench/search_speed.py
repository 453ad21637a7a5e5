"""The index of 5,000 files of real code: built, queried, updated after an edit. `table.py` says what each is held
against.

The files are those of the packages that Halley's own environment holds; a file beyond the first 5,000 is left out, and
where there are fewer they are taken again under another name. Processor time is printed on stderr: on a machine that
does other things it is the figure to look at.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.table import Pair

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

FILES = 5_000
SCAN_MS, EDIT_MS, QUERY_MS = 20_000.0, 300.0, 30.0
"""What is allowed: a first scan, an edit until it is found, a query."""


def write_workspace(root: Path) -> int:
    """Copies of 5,000 source files, below folders of a hundred; their size in bytes."""
    found = sorted(Path(sysconfig.get_path("purelib")).rglob("*.py"))
    texts = [path.read_bytes() for path in found if 200 < path.stat().st_size < 200_000]
    total = 0
    for number in range(FILES):
        folder = root / f"part{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module{number}.py").write_bytes(texts[number % len(texts)])
        total += len(texts[number % len(texts)])
    return total


def scan_pairs(rounds: int) -> Iterator[Pair]:
    """A first scan of everything, by the child process that does it for the daemon."""
    from halley.features.search.scan import Rules

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        write_workspace(root)
        for number in range(rounds):
            rules = Rules(str(root), str(Path(folder) / f"index{number}" / "index.db"))
            began, used = time.perf_counter(), _children_used()
            command = [sys.executable, "-P", "-m", "halley.features.search.scan"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
                assert child.stdin and child.stdout
                child.stdin.write(json.dumps(asdict(rules)).encode() + b"\n")
                child.stdin.flush()
                last = [json.loads(line) for line in child.stdout][-1]
            assert last["done"] and last["indexed"] == FILES
            print(f"{_children_used() - used:.1f} s of the processor, over all processes", file=sys.stderr)
            yield (time.perf_counter() - began) * 1000, SCAN_MS


def _children_used() -> float:
    """Seconds of the processor that ended children took, and theirs."""
    times = os.times()
    return times.children_user + times.children_system


def query_pairs(rounds: int) -> Iterator[Pair]:
    """Questions of two to six words out of the files themselves, by words, hits loaded."""
    yield from _with_index(rounds, _query)


def edit_pairs(rounds: int) -> Iterator[Pair]:
    """From a keystroke in an open document until a search finds it."""
    yield from _with_index(rounds, _edit)


def _with_index(rounds: int, measure: Any) -> Iterator[Pair]:
    from halley.features.room import EngineRoom
    from halley.features.search.ground import Attendant
    from halley.features.shared import Shared
    from halley.stores.disk.paths import find_paths

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        root = Path(folder) / "workspace"
        write_workspace(root)
        room = EngineRoom.open(find_paths({"HALLEY_HOME": f"{folder}/home"}), {})

        async def ready() -> WorkspaceIndex:
            from halley.core.calls import Caller
            from halley.features.ask import Line

            async def no_route(_role: Any) -> Any:
                return ()

            index = Shared(room).index(root)
            line = Line(room.router, Caller(str(root)), room.settings(root), no_route)
            index.attach(Attendant(lambda: line, lambda: room.layers(root)))
            index.start()
            await index.wait_ready()
            return index

        index = runner.run(ready())
        choice, used = random.Random(3), list[float]()
        for number in range(rounds):
            before = time.process_time()
            yield runner.run(measure(index, root, number, choice))
            used.append((time.process_time() - before) * 1000)
        p95 = sorted(used)[int(0.95 * (len(used) - 1))]
        print(f"p95 {p95:.1f} ms of the processor, median {statistics.median(used):.1f}", file=sys.stderr)
        runner.run(room.aclose())


async def _query(index: WorkspaceIndex, root: Path, _number: int, choice: random.Random) -> Pair:
    from halley.features.search.searching import search_like

    text = (root / f"part{choice.randrange(50)}").glob("*.py")
    words = re.findall(r"[A-Za-z_]{4,}", choice.choice(sorted(text)).read_text("utf-8", "replace"))
    query = " ".join(choice.choice(words or ["nothing"]) for _ in range(choice.randint(2, 6)))
    began = time.perf_counter()
    await search_like(index, query, None, (), 20)
    return (time.perf_counter() - began) * 1000, QUERY_MS


async def _edit(index: WorkspaceIndex, root: Path, number: int, _choice: random.Random) -> Pair:
    from halley.features.search.searching import search_like

    path = f"part{number % 50}/module{number % 50 * 100}.py"
    text = (root / path).read_text("utf-8", "replace") + f"\nzebrafish{number}q = 1\n"
    began = time.perf_counter()
    index.note_shown(path, lambda: text)
    while not await search_like(index, f"zebrafish{number}q", None, (), 1):
        pass
    return (time.perf_counter() - began) * 1000, EDIT_MS
