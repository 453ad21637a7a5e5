"""Which library finds the nearest vectors: numpy, usearch or simsimd; 100,000 vectors of 384 numbers, all compared.

    python -m bench.vector_libraries      what is not installed is left out

Time to import in a new process, and least wall and processor time of a query. Not in the table of `make bench`: it is
run when a library is chosen.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ROWS, DIMENSIONS, NEAREST, ROUNDS = 100_000, 384, 50, 15


def by_numpy(table: Any, wanted: Any) -> list[int]:
    """As `stores/index/vectors.py` does it."""
    scores = table @ wanted
    best = np.argpartition(scores, -NEAREST)[-NEAREST:]
    return best[np.argsort(-scores[best])].tolist()


def by_usearch(table: Any, wanted: Any) -> list[int]:
    from usearch.index import MetricKind, search  # pyright: ignore[reportMissingImports]

    return search(table, wanted, NEAREST, MetricKind.IP, exact=True).keys.tolist()


def by_simsimd(table: Any, wanted: Any) -> list[int]:
    """It gives distances alone; the best are picked by Python."""
    import heapq

    import simsimd  # pyright: ignore[reportMissingImports]

    distances = np.asarray(simsimd.cosine(wanted, table)).ravel().tolist()
    return heapq.nsmallest(NEAREST, range(len(distances)), key=distances.__getitem__)


WAYS: dict[str, Callable[[Any, Any], list[int]]] = {
    "numpy": by_numpy, "simsimd": by_simsimd, "usearch": by_usearch,
}  # fmt: skip


def main() -> None:
    random = np.random.default_rng(1)
    table = random.standard_normal((ROWS, DIMENSIONS), dtype=np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    wanted = np.ascontiguousarray(table[7] + np.float32(0.1) * table[8], dtype=np.float32)
    expected = by_numpy(table, wanted)
    for name, way in WAYS.items():
        if importlib.util.find_spec(name) is None:
            continue
        same = len(set(way(table, wanted)) & set(expected))
        wall, cpu = [], []
        for _ in range(ROUNDS):
            began, before = time.perf_counter(), time.process_time()
            way(table, wanted)
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - before)
        print(
            f"{name:8} imported in {_import_ms(name):.0f} ms, a query {min(wall) * 1000:.1f} ms of wall and "
            f"{min(cpu) * 1000:.1f} of the processor, {same} of {NEAREST} the same"
        )


def _import_ms(name: str) -> float:
    code = f"import time; a = time.process_time(); import {name}; print((time.process_time() - a) * 1000)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))


if __name__ == "__main__":
    main()
