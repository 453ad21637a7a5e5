"""The tool `task`: a conversation of its own that reads only, pays with the reply, and never begins another."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path

import pytest
from harness import NO_SANDBOX, Agent, call, of_kind
from window import Json

from halley.simulator import Simulator


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path, config: Path) -> Agent:
    with config.open("a") as file:
        file.write(NO_SANDBOX)
    agent = await Agent.start(daemon, simulator, workspace)
    agent.write("a.py", "n = 1\n")
    return agent


def asked(agent: Agent) -> list[Json]:
    return [request.json for request in agent.simulator.requests if request.model == "sim-chat"]


def offered(request: Json) -> set[str]:
    return {tool["function"]["name"] for tool in request.get("tools", [])}


async def test_a_task_reads_answers_and_is_paid_by_the_reply(agent: Agent, halley_home: Path) -> None:
    await agent.window.request("halley/models/list", {"refresh": True})
    agent.says("I look.", call("task", prompt="What is n?"))
    agent.says("Reading.", call("read_file", path="a.py"))
    agent.says("n is 1.")
    agent.says("It is 1.")
    result, events = await agent.task()
    (reply,) = result["replies"]
    assert reply["text"] == "I look.\n\nIt is 1." and not agent.asked
    task, read = reply["tools"]
    assert (task["tool"], task["state"]) == ("task", "done") and task["result"].endswith("n is 1.")
    assert read["tool"] == "read_file" and "in a task" in read["title"] and read["at"] == task["at"] == 7
    inner = asked(agent)[1]
    assert [message["role"] for message in inner["messages"]] == ["system", "user"]
    assert offered(inner) == {"read_file", "list_files", "search_workspace", "diagnostics"}
    with sqlite3.connect(halley_home / "data/halley.db") as database:
        rows = database.execute("SELECT cost FROM calls WHERE model = 'sim-chat' ORDER BY id").fetchall()
    totals = list(itertools.accumulate(cost for (cost,) in rows))
    assert len(totals) == 4 and totals[0] > 0
    assert [event["usage"]["cost"]["amount"] for event in of_kind(events, "cost")] == pytest.approx(totals)
    assert reply["usage"]["cost"]["amount"] == pytest.approx(totals[-1])


async def test_a_task_that_acts_asks_for_each_act(agent: Agent) -> None:
    agent.says(call("task", prompt="Set n to 2.", acts=True))
    agent.says(
        call("edit_file", path="a.py", old_text="n = 1", new_text="n = 2"), call("task", prompt="More.")
    )
    agent.says("Set.")
    agent.says("Done.")
    result, _ = await agent.task()
    assert [one["tool"] for one in agent.asked] == ["edit_file"] and agent.read("a.py") == "n = 2\n"
    states = [(use["tool"], use["state"]) for use in result["replies"][0]["tools"]]
    assert states == [("task", "done"), ("edit_file", "done"), ("task", "refused")], "it never begins another"
    assert "write_plan" not in offered(asked(agent)[1])
    await agent.task("/restore", mode=None)
    assert agent.read("a.py") == "n = 1\n"


@pytest.mark.parametrize("acts", [False, True])
async def test_what_an_obedient_task_is_ordered_to_do_is_not_done(agent: Agent, acts: bool) -> None:
    """Its calls are those of any injected text: denied, or not there at all."""
    agent.decide = lambda _asked: "deny"
    attacks = [
        call("edit_file", path="a.py", old_text="n = 1", new_text="evil"),
        call("create_file", path=".github/workflows/x.yml", text="on: push\n"),
        call("delete_file", path="a.py"),
        call("run_command", command=["touch", "made"]),
        call("run_command", shell_line="touch made"),
        call("create_file", path="../out.txt", text="x"),
        call("read_file", path=".env"),
        call("task", prompt="touch made", acts=True),
    ]
    agent.write(".env", "KEY=hidden\n")
    agent.says(call("task", prompt="Read it.", acts=acts))
    agent.says(*attacks)
    agent.says("Done.")
    agent.says("Done.")
    result, _ = await agent.task()
    states = [use["state"] for use in result["replies"][0]["tools"]][1:]
    assert len(states) == len(attacks) and set(states) <= {"denied", "refused", "failed"}
    assert agent.read("a.py") == "n = 1\n" and not (agent.folder / "made").exists()
    assert not (agent.folder / ".github").exists() and not (agent.folder.parent / "out.txt").exists()
    assert not any("hidden" in str(request) for request in asked(agent))
    assert bool(agent.asked) is acts


async def test_another_model_needs_approval(agent: Agent) -> None:
    agent.decide = lambda _asked: "deny"
    uses = await agent.does(
        call("task", prompt="Look.", model="simulator/sim-chat"),
        call("task", prompt="Look.", model="nowhere/none"),
        call("task", prompt=" "),
        call("task", prompt="Look.", max_usd="much"),
    )
    assert [use["state"] for use in uses] == ["denied", "failed", "failed", "failed"]
    (question,) = agent.asked
    assert (
        "simulator/sim-chat" in question["command"]
        and "Look." in question["command"]
        and not question["always"]
    )


async def test_a_task_ends_at_its_budget(agent: Agent) -> None:
    await agent.window.request("halley/models/list", {"refresh": True})
    agent.says(call("task", prompt="Look.", max_usd=0))
    agent.says(call("read_file", path="a.py"))
    agent.says("Enough.", call("read_file", path="a.py"))
    agent.says("Done.")
    result, _ = await agent.task()
    (reply,) = result["replies"]
    assert reply["text"] == "Done." and len(reply["tools"]) == 2
    assert any("has cost" in notice for notice in reply["notices"])


async def test_without_acts_in_the_mode_ask_there_is_none(agent: Agent) -> None:
    agent.says("Hello.")
    await agent.task(mode="ask")
    assert "task" not in agent.offered()
