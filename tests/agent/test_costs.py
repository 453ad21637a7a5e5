"""What a task cost, as it is shown, is what the ledger holds."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest
from harness import Agent, call, of_kind
from lspclient import RequestFailed
from window import Json

from halley.simulator import Simulator


async def test_a_tasks_total_equals_the_ledger(
    daemon, simulator: Simulator, workspace: Path, halley_home: Path
) -> None:
    agent = await Agent.start(daemon, simulator, workspace)
    await agent.window.request("halley/models/list", {"refresh": True})  # with the prices
    agent.write("a.py", "n = 1\n" * 400)
    for number in range(3):
        agent.says(call("read_file", path="a.py", first_line=number + 1), "x" * 700 * number)
    agent.says("Done.")
    result, events = await agent.task()
    (reply,) = result["replies"]
    assert len(reply["tools"]) == 3
    shown = reply["usage"]["cost"]["amount"]
    costs = spent(halley_home)
    assert len(costs) == 4 and shown > 0
    assert shown == pytest.approx(sum(costs)), "not a cent more or less"
    live = [event["usage"]["cost"]["amount"] for event in of_kind(events, "cost")]
    assert live == pytest.approx(list(itertools.accumulate(costs)))


async def test_a_task_that_is_stopped_has_cost_what_it_did(
    daemon, simulator: Simulator, workspace: Path, halley_home: Path
) -> None:
    """And what it costs after it is continued is the whole."""
    agent = await Agent.start(daemon, simulator, workspace)
    await agent.window.request("halley/models/list", {"refresh": True})
    agent.write("a.py", "n = 1\n" * 400)

    async def stops(_asked: Json) -> str:
        started.cancel()
        return "deny"

    agent.decide = stops
    agent.says(call("read_file", path="a.py"))
    agent.says(call("delete_file", path="a.py"))
    params = {"prompt": "Do it.", "mode": "edit", "partialResultToken": "stopped"}
    started = agent.window.start("halley/chat/send", params)
    with pytest.raises((asyncio.CancelledError, RequestFailed)):
        await started
    (start,) = of_kind(agent.window.events("stopped"), "start")
    chat = {"chatId": start["chatId"]}
    (reply,) = (await agent.window.request("halley/chat/get", chat))["turns"][0]["replies"]
    assert reply["status"] == "interrupted"
    assert reply["usage"]["cost"]["amount"] == pytest.approx(sum(spent(halley_home)))
    agent.says("Done.")
    result = await agent.window.request("halley/chat/continue", chat | {"replyId": reply["replyId"]})
    costs = spent(halley_home)
    assert len(costs) == 3
    assert result["replies"][0]["usage"]["cost"]["amount"] == pytest.approx(sum(costs))


def spent(halley_home: Path) -> list[float]:
    with sqlite3.connect(halley_home / "data/halley.db") as database:
        rows = database.execute("SELECT cost FROM calls WHERE model = 'sim-chat' ORDER BY id").fetchall()
    return [cost for (cost,) in rows]
