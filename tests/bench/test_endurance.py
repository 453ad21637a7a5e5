"""A small part of the endurance run: what the daemon holds stays flat."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench.endurance import Held, endure


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets and signals")
async def test_what_a_daemon_holds_stays_flat(tmp_path: Path) -> None:
    first, last = await endure(tmp_path / "home", share=0.01, at_once=3)
    assert last.grown(first, at_once=3) == []


def test_what_grows_is_named() -> None:
    before = Held(50, 20, 5, 3, 4)
    assert Held(60, 20, 6, 3, 4).grown(before) == []
    assert Held(60, 22, 6, 5, 4).grown(before, at_once=2) == []
    found = Held(500, 21, 50, 4, 5).grown(before)
    assert [line.partition(":")[0] for line in found] == ["files", "threads", "sockets", "tasks", "memory"]
