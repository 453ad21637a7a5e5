"""An edit approved in part: exactly the chosen hunks are made, and the model learns which were refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Agent, call
from window import Json

from halley.simulator import Simulator

OLD = "one = 1\n\ntwo = 1\n\nthree = 1\n"


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path) -> Agent:
    agent = await Agent.start(daemon, simulator, workspace)
    agent.write("a.py", OLD)
    return agent


def everywhere() -> Json:
    return call("edit_file", path="a.py", old_text="= 1", new_text="= 2", all=True)


def answers(hunks: Any, decision: str = "once") -> Any:
    return lambda _asked: {"decision": decision, "hunks": hunks}


async def test_a_request_names_its_hunks_and_some_are_made(agent: Agent) -> None:
    agent.decide = answers([2, 0])
    (use,) = await agent.does(everywhere(), mode="edit")
    (asked,) = agent.asked
    assert asked["hunks"] == [
        {"line": 0, "oldText": "one = 1\n", "newText": "one = 2\n"},
        {"line": 2, "oldText": "two = 1\n", "newText": "two = 2\n"},
        {"line": 4, "oldText": "three = 1\n", "newText": "three = 2\n"},
    ]
    assert agent.read("a.py") == "one = 2\n\ntwo = 1\n\nthree = 2\n"
    assert use["state"] == "done" and "of 3 hunks the user approved 1 and 3 and refused 2" in use["result"]
    applied, _, refused = use["result"].partition("Refused")
    assert "+one = 2" in applied and "+three = 2" in applied and "+two" not in applied
    assert "+two = 2" in refused and "+one" not in refused
    assert "+two = 2" not in use["diff"], "what is shown of the call is what was made"


async def test_in_an_open_file_what_is_typed_meanwhile_is_kept(agent: Agent) -> None:
    buffer = await agent.window.open("a.py")

    async def types(_asked: Json) -> Json:
        await agent.window.type(buffer, 0, "zero = 0\n")
        return {"decision": "once", "hunks": [1]}

    agent.decide = types
    (use,) = await agent.does(everywhere(), mode="edit")
    assert buffer.text == "zero = 0\none = 1\n\ntwo = 2\n\nthree = 1\n" and len(agent.window.edits) == 1
    assert use["state"] == "done" and agent.read("a.py") == OLD


async def test_a_part_is_approved_for_this_call_only(agent: Agent) -> None:
    agent.decide = answers([0], "always")
    await agent.does(everywhere(), mode="edit")
    agent.decide = lambda _asked: "deny"
    (use,) = await agent.does(
        call("edit_file", path="a.py", old_text="three = 1", new_text="three = 2"), mode="edit"
    )
    assert len(agent.asked) == 2 and use["state"] == "denied"


async def test_all_hunks_are_the_whole(agent: Agent) -> None:
    agent.decide = answers([0, 1, 2], "chat")
    uses = await agent.does(
        everywhere(), call("edit_file", path="a.py", old_text="two = 2", new_text="two = 3"), mode="edit"
    )
    assert len(agent.asked) == 1 and [use["state"] for use in uses] == ["done", "done"]
    assert "hunks" not in uses[0]["result"]


@pytest.mark.parametrize("hunks", [[], [3], [-1], ["0"], [True], [0, None], "0", {"0": True}, [[0]]])
async def test_what_names_no_hunks_denies(agent: Agent, hunks: Any) -> None:
    agent.decide = answers(hunks)
    (use,) = await agent.does(everywhere(), mode="edit")
    assert use["state"] == "denied" and agent.read("a.py") == OLD


async def test_a_model_that_repeats_the_call_is_not_asked_for_the_rest(agent: Agent) -> None:
    agent.decide = answers([0])
    uses = await agent.does(everywhere(), everywhere(), mode="edit")
    assert [use["state"] for use in uses] == ["done", "refused"] and len(agent.asked) == 1
    assert agent.read("a.py") == OLD.replace("one = 1", "one = 2")


async def test_a_part_can_be_taken_back(agent: Agent) -> None:
    agent.decide = answers([1, 2])
    await agent.does(everywhere(), mode="edit")
    await agent.task("/restore", mode=None)
    assert agent.read("a.py") == OLD


async def test_invisible_characters_of_a_hunk_are_written_out(agent: Agent) -> None:
    agent.decide = lambda _asked: "deny"
    await agent.does(call("edit_file", path="a.py", old_text="one", new_text="o\u202ene\x1b[2K"), mode="edit")
    (hunk,) = agent.asked[0]["hunks"]
    assert hunk["newText"] == "o⟨U+202E⟩ne = 1\n"


@pytest.mark.parametrize(
    "calls",
    [
        call("create_file", path="b.py", text="n = 1\n"),
        call("move_file", path="a.py", to="b.py"),
        call("delete_file", path="a.py"),
    ],
)
async def test_what_is_done_whole_or_not_at_all_names_none(agent: Agent, calls: Json) -> None:
    agent.decide = answers([0])
    (use,) = await agent.does(calls, mode="edit")
    assert "hunks" not in agent.asked[0] and use["state"] == "denied"
