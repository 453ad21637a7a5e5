"""While a large block is put in its place, other requests are answered."""

from __future__ import annotations

import asyncio

from window import Window

from halley.core.events import Finish
from halley.core.snapshot import Document, Selection, Snapshot
from halley.features.actions.rewrite import read_aside
from halley.features.ask import ModelReply


def source(functions: int) -> str:
    return "".join(
        f"def f_{n}(a, b):\n    # step {n}\n    c = a + {n}\n    return b * c\n\n\n" for n in range(functions)
    )


async def test_a_request_after_a_large_block_is_answered_before_it(window: Window) -> None:
    old = source(5_000)
    new = old.replace("c = a + 1", "c = a - 1")
    buffer = await window.open("large.py", old)
    whole = {"start": buffer.position(0), "end": buffer.position(len(old))}
    await window.request("halley/proposals/list", {})  # everything is open and loaded
    applying = window.start(
        "halley/chat/apply",
        {"text": new, "language": "python", "textDocument": {"uri": buffer.uri}, "range": whole},
    )
    await asyncio.sleep(0)  # it is sent first
    assert await window.request("halley/proposals/list", {}) == {"proposals": []}
    assert window.edits == [] and not applying.done()
    assert (await applying)["applied"] is True
    assert buffer.text == new


async def test_an_action_reads_a_large_reply_beside_other_work() -> None:
    old = source(2_000)
    new = old.replace("c = a + 1", "c = a - 1")
    snapshot = Snapshot(Document("file:///w/a.py", old, "python", 1), Selection(0, 0))
    reply = ModelReply(f"```python\n{new}```", finish=Finish("stop"))
    reading = asyncio.ensure_future(read_aside(snapshot, (0, len(old)), reply, "Improve"))
    for _ in range(3):  # where nothing else ran, it would be done after the first
        await asyncio.sleep(0)
        assert not reading.done()
    assert len((await reading).change.changes) == 1
