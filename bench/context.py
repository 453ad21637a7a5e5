"""Gathering context for a function of a 10,000-line file in a workspace of 5,000 files, as every action does first.

Held against one parse of the same file by tree-sitter, which is what a first look at it costs at least.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.table import Pair

FILES, FUNCTIONS = 5_000, 2_000


def pairs(rounds: int) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        root = Path(folder)
        write_workspace(root)
        yield from _rounds(root, rounds, runner)


def write_workspace(root: Path) -> None:
    """Modules that call each other, in folders of fifty; `big.py` has ten thousand lines."""
    for number in range(FILES - 1):
        package = root / f"package{number // 50}"
        package.mkdir(exist_ok=True)
        (package / f"module{number}.py").write_text(_module(number))
    (root / "big.py").write_text(big_file())


def big_file() -> str:
    return "import os\n\n" + "\n".join(
        f"def handle_{n}(order):\n    total = compute_{n * 2}(order.price)\n"
        f"    return shipping_{n * 2 + 1}(total, order.weight)\n\n"
        for n in range(FUNCTIONS)
    )


def _module(number: int) -> str:
    return f'''"""Prices and weights, number {number}."""

from __future__ import annotations


def compute_{number}(price: float, rate: float = 0.{number % 90 + 10}) -> float:
    """The price with what is added to it."""
    return price * (1 + rate)


def shipping_{number}(total: float, weight: float) -> float:
    return total + weight * {number}


class Order{number}:
    def __init__(self, price: float, weight: float) -> None:
        self.price, self.weight = price, weight
'''


def _rounds(root: Path, rounds: int, runner: asyncio.Runner) -> Iterator[Pair]:
    from halley.core.settings import Settings
    from halley.core.snapshot import Document, Selection, Snapshot, Touched, Workspace
    from halley.engine.code import syntax
    from halley.features.context.gather import gather_context
    from halley.features.context.project import Project
    from halley.features.context.shown import permit

    text = (root / "big.py").read_text()
    path = root / "big.py"
    opened = [root / f"package{number // 50}/module{number}.py" for number in range(0, 1000, 50)]
    documents = {
        file.as_uri(): Document(file.as_uri(), file.read_text(), "python", 1, file) for file in opened
    }
    touched = tuple(Touched(uri, 5, 9) for uri in list(documents)[:8])
    project = Project(root)

    async def ready() -> None:
        await project.refresh()
        while not project.checked_at:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def gather(number: int) -> float:
        at = text.index(f"def handle_{500 + number % 900}(") + 30
        snapshot = Snapshot(
            Document(path.as_uri(), text, "python", number, path),
            Selection(at, at),
            settings=Settings(),
            workspace=Workspace(root),
            open_documents=documents,
            touched=touched,
        )
        began = time.perf_counter()
        context = await gather_context(permit(project, snapshot))
        took = (time.perf_counter() - began) * 1000
        assert any("defines" in excerpt.reason for excerpt in context.excerpts)
        return took

    runner.run(ready())
    parser = syntax.parser("python")
    assert parser is not None
    for number in range(rounds):
        ours = runner.run(gather(number))
        began = time.perf_counter()
        parser.parse(text.encode())
        yield ours, (time.perf_counter() - began) * 1000
