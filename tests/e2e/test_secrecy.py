"""A key is in the request that needs it and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from setting import KEY
from window import RequestFailed, Window

from halley.simulator import Simulator


async def test_no_key_on_disk_or_on_the_wire_to_the_editor(
    daemon, halley_home: Path, simulator: Simulator
) -> None:
    window: Window = await daemon()
    buffer = await window.open("shop.py", "def total(items):\n    return sum(items)\n")
    await window.run(await window.action(buffer, buffer.range("total", cursor=True), "halley.explain"))
    await window.chat("Hello")
    await window.request("halley/providers/list", {})
    await window.request("halley/doctor", {})
    simulator.script(status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}}, repeat=-1)
    with pytest.raises(RequestFailed, match="auth_failed"):
        await window.chat("And now?")
    assert simulator.requests[-1].key == KEY
    await window.close()
    found = [path for path in halley_home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert not found
    assert KEY not in str(window.client.raw)
    assert KEY not in str(window.heard)
