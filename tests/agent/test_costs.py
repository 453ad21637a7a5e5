"""What a task cost, as it is shown, is what the ledger holds."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest
from demo_tools import script
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
    reply = await agent.ended(start["chatId"])
    assert reply["status"] == "interrupted"
    assert reply["usage"]["cost"]["amount"] == pytest.approx(sum(spent(halley_home)))
    agent.says("Done.")
    result = await agent.window.request("halley/chat/continue", chat | {"replyId": reply["replyId"]})
    costs = spent(halley_home)
    assert len(costs) == 3
    assert result["replies"][0]["usage"]["cost"]["amount"] == pytest.approx(sum(costs))


async def test_what_broke_off_is_in_the_total(
    daemon, simulator: Simulator, workspace: Path, halley_home: Path
) -> None:
    """A round whose connection is reset, in the reply and in what continues it."""
    agent = await Agent.start(daemon, simulator, workspace)
    await agent.window.request("halley/models/list", {"refresh": True})
    agent.write("a.py", "n = 1\n" * 400)
    agent.says(call("read_file", path="a.py"))
    script(simulator, "one two three four five six", fault="reset_mid_stream")
    result, events = await agent.task()
    (reply,) = result["replies"]
    costs = spent(halley_home)
    assert reply["status"] == "interrupted" and len(costs) == 2 and all(costs)
    live = [event["usage"]["cost"]["amount"] for event in of_kind(events, "cost")]
    assert live == pytest.approx(list(itertools.accumulate(costs)))
    assert reply["usage"]["cost"]["amount"] == pytest.approx(sum(costs))
    agent.says("Done.")
    chat = {"chatId": agent.chat, "replyId": reply["replyId"]}
    (reply,) = (await agent.window.request("halley/chat/continue", chat))["replies"]
    costs = spent(halley_home)
    assert reply["status"] == "complete" and len(costs) == 3
    assert reply["usage"]["cost"]["amount"] == pytest.approx(sum(costs))


async def test_what_broke_off_without_tools_is_in_the_total(
    daemon, simulator: Simulator, workspace: Path, halley_home: Path
) -> None:
    """Stopped in the middle of its text, then continued."""
    agent = await Agent.start(daemon, simulator, workspace)
    agent.window.settings = {"tools": {"enabled": False}}
    agent.window.notify("workspace/didChangeConfiguration", {"settings": {"halley": agent.window.settings}})
    await agent.window.request("halley/models/list", {"refresh": True})
    script(simulator, "one two three four five six", fault="stall_mid_stream")
    params = {"prompt": "Count.", "partialResultToken": "stopped"}
    started = agent.window.start("halley/chat/send", params)
    await agent.window.until(lambda: of_kind(agent.window.events("stopped"), "text"), "it has begun")
    started.cancel()
    with pytest.raises((asyncio.CancelledError, RequestFailed)):
        await started
    (start,) = of_kind(agent.window.events("stopped"), "start")
    chat = {"chatId": start["chatId"]}
    reply = await agent.ended(start["chatId"])
    costs = spent(halley_home)
    assert reply["status"] == "interrupted" and len(costs) == 1 and costs[0]
    assert reply["usage"]["cost"]["amount"] == pytest.approx(sum(costs))
    agent.says("Done.")
    result = await agent.window.request("halley/chat/continue", chat | {"replyId": reply["replyId"]})
    costs = spent(halley_home)
    assert not agent.offered() and len(costs) == 2
    assert result["replies"][0]["usage"]["cost"]["amount"] == pytest.approx(sum(costs))


def spent(halley_home: Path) -> list[float]:
    with sqlite3.connect(halley_home / "data/halley.db") as database:
        rows = database.execute("SELECT cost FROM calls WHERE model = 'sim-chat' ORDER BY id").fetchall()
    return [cost for (cost,) in rows]
