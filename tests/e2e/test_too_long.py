"""A context that is too long for the model is cut once, and the user gets an answer."""

from __future__ import annotations

from buffer import Buffer
from window import Window

from halley.simulator import Simulator

BIG = "".join(
    f"def total_{n}(items):\n    return sum(item.price for item in items)\n\n\n" for n in range(150)
)


async def test_a_context_that_is_too_long_is_cut_once(window: Window, simulator: Simulator) -> None:
    buffer: Buffer = await window.open("big.py", BIG)
    simulator.set_faults("400_too_long:first=1")
    start = BIG.index("def total_70(")
    action = {
        "action": "explain",
        "textDocument": {"uri": buffer.uri},
        "range": buffer.range("def total_70(items):"),
    }
    result = await window.command("halley.run", action)
    assert result["answer"]["text"]
    first, second = (len(seen.body) for seen in simulator.requests if "completions" in seen.path)
    assert second < first / 2 and start > 0
    assert b"def total_70" in simulator.requests[-1].body
