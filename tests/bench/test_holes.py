"""The hole-filling benchmark: what it counts is what the doctests say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.holes import find_holes, passes

ROOT = Path(__file__).parents[2]


def test_only_the_right_text_fills_a_hole() -> None:
    hole = next(find_holes(1, seed=3, modules=("heapq",)))
    assert passes(hole, hole.missing)
    assert not passes(hole, "None if True else None # wrong")
    assert hole.source == hole.filled(hole.missing)


def test_three_holes_through_the_daemon() -> None:
    command = [sys.executable, "-m", "bench.holes", "--holes", "3", "--json", "--modules", "heapq", "string"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    rows = json.loads(done.stdout)
    assert sum(row["holes"] for row in rows) == 3, done.stderr
    for row in rows:
        assert row["model"] == "simulator/sim-fim"
        assert row["passed"] + row["failed"] + row["nothing"] == row["holes"]
    assert any(row["passed"] + row["failed"] for row in rows), "ghost text came"
