"""The endurance run (`python -m bench.endurance`) names what grew."""

from __future__ import annotations

from bench.endurance import Held


def test_what_grows_is_named() -> None:
    before = Held(50, 20, 5, 3, 4)
    assert Held(60, 20, 6, 3, 4).grown(before) == []
    found = Held(500, 21, 50, 4, 5).grown(before)
    assert [line.partition(":")[0] for line in found] == ["files", "threads", "sockets", "tasks", "memory"]
