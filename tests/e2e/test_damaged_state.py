"""A damaged file of ours, as users meet it: one message that says what to do, and nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

from window import Window


async def test_a_window_says_once_that_keys_were_set_aside(daemon, halley_home: Path) -> None:
    (halley_home / "data").mkdir()
    (halley_home / "data" / "secrets.json").write_text(
        '{"sim": {"origin": "https://a.example", "key": "sk-can'
    )
    window: Window = await daemon()
    for _ in range(2):
        await window.request("halley/providers/list", {})
    await window.until(lambda: any("secrets.json" in message for message in window.messages))
    (told,) = [message for message in window.messages if "secrets.json" in message]
    (aside,) = (halley_home / "data").glob("secrets.json.damaged-*")
    assert str(aside) in told and "halley key set" in told and "sk-can" not in told
    found = (await window.request("halley/doctor", {}))["problems"]
    assert any("secrets.json" in problem["message"] for problem in found)
    assert "sk-can" not in json.dumps(found)
