"""A database of the test's own, and processes that can be killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from halley.stores.disk.paths import Paths, find_paths
from halley.stores.sqlite.database import Database


@pytest.fixture
def paths(halley_home: Path) -> Paths:
    return find_paths()


@pytest.fixture
async def database(paths: Paths) -> AsyncIterator[Database]:
    opened = Database(paths.database)
    yield opened
    await opened.aclose()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python process from a piece of code, which may use `args`, `say(text)` and await."""
    running: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: object) -> subprocess.Popen[str]:
        program = (
            "import asyncio, sys\nfrom pathlib import Path\nargs = sys.argv[1:]\n"
            "def say(text): print(text, flush=True)\n"
            f"async def main():\n{textwrap.indent(textwrap.dedent(code), '    ')}\nasyncio.run(main())\n"
        )
        command = [sys.executable, "-c", program, *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
