"""A turn that runs is steered: messages wait for the end of its step, it is stopped, or sent again in other words."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from harness import Agent, call, of_kind
from lspclient import RequestFailed
from window import CAPABILITIES, Json

from halley.simulator import Simulator

EDIT = call("edit_file", path="a.py", old_text="n = 1", new_text="n = 2")


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path) -> Agent:
    agent = await Agent.start(daemon, simulator, workspace)
    agent.write("a.py", "n = 1\n")
    agent.says("Hello.")
    await agent.task("Hello.", mode="edit")
    return agent


def send(agent: Agent, prompt: str, token: str, **more: Any) -> asyncio.Task[Any]:
    params = {"chatId": agent.chat, "prompt": prompt, "partialResultToken": token, **more}
    return agent.window.start("halley/chat/send", params)


async def seen(agent: Agent, token: str, kind: str) -> Json:
    await agent.window.until(lambda: of_kind(agent.window.events(token), kind), f"{kind} of {token}")
    return of_kind(agent.window.events(token), kind)[0]


async def turns(agent: Agent) -> list[Json]:
    return (await agent.window.request("halley/chat/get", {"chatId": agent.chat}))["turns"]


def asked(agent: Agent) -> list[str]:
    """What the model was asked each time."""
    found = [request for request in agent.simulator.requests if request.model == "sim-chat"]
    return [json.dumps(request.json["messages"]) for request in found]


def states(agent: Agent) -> list[Json]:
    return [params for method, params in agent.window.heard if method == "halley/chat/state"]


def messages(agent: Agent) -> list[str]:
    return [params["message"] for method, params in agent.window.heard if method == "window/showMessage"]


class Held:
    """A user who takes their time: `asked` is set once they are asked, `answer` lets them answer."""

    def __init__(self, agent: Agent) -> None:
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        agent.decide = self.decide

    async def decide(self, _asked: Json) -> str:
        self.asked.set()
        await self.answer.wait()
        return "once"


async def test_messages_are_sent_after_the_current_step_in_order(agent: Agent) -> None:
    held = Held(agent)
    agent.says("I edit.", EDIT)
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    agent.says("Yes, one.")
    agent.says("Yes, two.")
    second, third = send(agent, "One.", "second", queue=True), None
    assert (await seen(agent, "second", "queued"))["number"] == 0
    third = send(agent, "Two.", "third", queue=True)
    assert (await seen(agent, "third", "queued"))["number"] == 1
    assert not of_kind(agent.window.events("second"), "start")
    held.answer.set()
    result = await first
    assert agent.read("a.py") == "n = 2\n", "the step is finished"
    assert any("after this step" in notice for notice in result["replies"][0]["notices"])
    assert (await second)["replies"][0]["text"] == "Yes, one."
    assert (await third)["replies"][0]["text"] == "Yes, two."
    assert [turn["prompt"] for turn in await turns(agent)] == ["Hello.", "Do it.", "One.", "Two."]
    told = asked(agent)[-2]
    assert "Edited a.py." in told and "Do it." in told, "the model knows what it did"


async def test_a_message_that_waits_can_be_taken_back(agent: Agent) -> None:
    held = Held(agent)
    agent.says(EDIT)
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    gone = send(agent, "No, wait.", "gone", queue=True)
    await seen(agent, "gone", "queued")
    gone.cancel()
    await agent.window.until(lambda: states(agent)[-1]["waiting"] == 0, "it is taken back")
    agent.says("Done.")
    held.answer.set()
    assert (await first)["replies"][0]["text"] == "Done.", "and the reply went on as if there had been none"
    assert len(await turns(agent)) == 2


async def test_a_chat_that_is_not_busy_sends_a_message_without_waiting(agent: Agent) -> None:
    agent.says("Yes.")
    result = await send(agent, "Hello?", "it", queue=True)
    assert result["replies"][0]["text"] == "Yes." and not of_kind(agent.window.events("it"), "queued")


async def test_stop_ends_what_runs_and_what_waits_and_keeps_what_was_done(agent: Agent) -> None:
    agent.says("I edit.", EDIT)
    agent.says(call("delete_file", path="a.py"))
    held = Held(agent)
    held.answer.set()
    second = asyncio.Event()

    async def decide(asked: Json) -> str:
        if asked["tool"] == "delete_file":
            second.set()
            await asyncio.Event().wait()
        return "once"

    agent.decide = decide
    first = send(agent, "Do it.", "first")
    await second.wait()
    waits = send(agent, "More.", "more", queue=True)
    await seen(agent, "more", "queued")
    assert await agent.window.request("halley/agent/stop", {"chatId": agent.chat}) == {"stopped": 2}
    for one in (first, waits):
        with pytest.raises(RequestFailed) as failed:
            await one
        assert failed.value.code == -32800
    assert agent.read("a.py") == "n = 2\n"
    (_, turn) = await turns(agent)
    assert turn["replies"][0]["status"] == "interrupted" and turn["replies"][0]["text"].startswith("I edit.")
    assert [use["state"] for use in turn["replies"][0]["tools"]] == ["done", "unanswered"]
    assert await agent.window.request("halley/agent/stop", {"chatId": agent.chat}) == {"stopped": 0}
    agent.says("Yes.")
    assert (await send(agent, "Still there?", "it", queue=True))["replies"][0]["text"] == "Yes."


async def test_a_chat_in_the_background_says_that_it_asks(agent: Agent) -> None:
    held = Held(agent)
    agent.says(EDIT)
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    await agent.window.until(lambda: states(agent)[-1]["state"] == "asking", "it asks")
    assert states(agent)[-1]["chatId"] == agent.chat
    (row,) = (await agent.window.request("halley/chat/list", {}))["chats"]
    assert row["state"] == "asking"
    agent.says("Done.")
    held.answer.set()
    await first
    await agent.window.until(lambda: states(agent)[-1]["state"] == "idle", "it is done")
    (row,) = (await agent.window.request("halley/chat/list", {}))["chats"]
    assert "state" not in row


# Sending again


async def resend(agent: Agent, number: int, prompt: str = "", **more: Any) -> Json:
    turn = (await turns(agent))[number]["turnId"]
    params = {"chatId": agent.chat, "turnId": turn, "prompt": prompt, **more}
    return await agent.window.request("halley/chat/resend", params)


async def edited(agent: Agent) -> None:
    """Two turns that edit: one an open file, one another."""
    agent.write("b.py", "m = 1\n")
    agent.says(EDIT)
    agent.says("Done.")
    await agent.task("First.", mode=None)
    agent.says(
        call("edit_file", path="b.py", old_text="m = 1", new_text="m = 2"),
        call("create_file", path="c.py", text="c\n"),
    )
    agent.says("Done.")
    await agent.task("Second.", mode=None)


async def test_a_turn_is_sent_again_with_the_files_as_they_were(agent: Agent) -> None:
    await edited(agent)
    agent.says("Otherwise.")
    result = await resend(agent, 1, "First, otherwise.")
    assert sorted(result["restore"]["restored"]) == ["a.py", "b.py", "c.py"]
    assert result["replies"][0]["text"] == "Otherwise."
    assert (agent.read("a.py"), agent.read("b.py")) == ("n = 1\n", "m = 1\n")
    assert not (agent.folder / "c.py").exists()
    assert [turn["prompt"] for turn in await turns(agent)] == ["Hello.", "First, otherwise."]
    told = asked(agent)[-1]
    assert "Second." not in told and "Edited" not in told


async def test_only_later_turns_are_taken_back(agent: Agent) -> None:
    await edited(agent)
    agent.says("Again.")
    result = await resend(agent, 2)
    assert sorted(result["restore"]["restored"]) == ["b.py", "c.py"] and agent.read("a.py") == "n = 2\n"
    assert [turn["prompt"] for turn in await turns(agent)] == ["Hello.", "First.", "Second."]


async def test_files_can_stay_as_they_are(agent: Agent) -> None:
    await edited(agent)
    agent.says("Again.")
    assert "restore" not in await resend(agent, 1, files=False)
    assert (agent.read("a.py"), agent.read("b.py")) == ("n = 2\n", "m = 2\n")


@pytest.mark.parametrize(("changed", "text"), [("keep", "n = 2\n# mine\n"), ("restore", "n = 1\n# mine\n")])
async def test_the_user_is_asked_about_what_they_changed_since(agent: Agent, changed: str, text: str) -> None:
    await edited(agent)
    buffer = await agent.window.open("a.py")
    await agent.window.type(buffer, len(buffer.text), "# mine\n")
    before = await turns(agent)
    result = await resend(agent, 1)
    assert result["restore"]["changed"] == ["a.py"] and result["turnId"] == "" and not result["replies"]
    assert await turns(agent) == before and agent.read("b.py") == "m = 2\n", "nothing at all was done"
    agent.says("Again.")
    await resend(agent, 1, changed=changed)
    assert buffer.text == text and agent.read("b.py") == "m = 1\n"


async def test_what_cannot_be_restored_sends_nothing(agent: Agent) -> None:
    await edited(agent)
    agent.write("a.py", "n = 3\n")
    result = await resend(agent, 1, changed="restore")
    assert "same place" in result["restore"]["failed"][0] and not result["replies"]
    assert agent.read("a.py") == "n = 3\n" and len(await turns(agent)) == 3


@pytest.mark.parametrize("prompt", ["#file:nowhere.py what?", "/image a cat", "@nowhere/none hello"])
async def test_what_cannot_be_sent_changes_nothing(agent: Agent, prompt: str) -> None:
    await edited(agent)
    with pytest.raises(RequestFailed):
        await resend(agent, 1, prompt)
    assert agent.read("a.py") == "n = 2\n" and len(await turns(agent)) == 3


async def test_a_busy_chat_is_not_sent_again(agent: Agent) -> None:
    held = Held(agent)
    agent.says(EDIT)
    agent.says("Done.")
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    with pytest.raises(RequestFailed, match="busy"):
        await resend(agent, 0)
    held.answer.set()
    await first


# By requests of their own


async def approve(agent: Agent, answer: str, **more: Any) -> Json:
    params = {"callId": agent.asked[-1]["callId"], "answer": answer, **more}
    return await agent.window.request("halley/agent/approve", params)


async def test_a_call_is_answered_by_a_request_instead_of_where_it_is_asked(agent: Agent) -> None:
    held = Held(agent)
    agent.says(EDIT)
    agent.says(call("edit_file", path="a.py", old_text="n = 2", new_text="n = 3"))
    agent.says("Done.")
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    with pytest.raises(RequestFailed, match="cannot be edited"):
        await approve(agent, "once", edited={"new_text": "n = 9"})
    held.asked.clear()
    await approve(agent, "chat")
    uses = (await first)["replies"][0]["tools"]
    assert [use["state"] for use in uses] == ["done", "done"] and agent.read("a.py") == "n = 3\n"
    assert len([asked for asked in agent.asked if asked["tool"] == "edit_file"]) == 1, (
        "for the rest of the chat"
    )
    with pytest.raises(RequestFailed, match="No call with this ID waits"):
        await approve(agent, "once")


async def test_an_answer_that_is_not_offered_approves_nothing(agent: Agent) -> None:
    held = Held(agent)
    agent.says(call("write_plan", steps=["Change n"]))
    agent.says("As you wish.")
    first = send(agent, "Plan it.", "first", mode="plan")
    await held.asked.wait()
    for answer in ("chat", "workspace"):
        with pytest.raises(RequestFailed, match="cannot be approved"):
            await approve(agent, answer)
    await approve(agent, "no")
    assert (await first)["replies"][0]["tools"][0]["state"] == "denied"


async def test_a_plan_is_written_by_the_user(agent: Agent) -> None:
    steps = [{"text": "Read\nit", "state": "done"}, {"text": "Change it"}]
    asked = {"chatId": agent.chat, "steps": steps}
    assert await agent.window.request("halley/agent/plan", asked) == {}
    chat = await agent.window.request("halley/chat/get", {"chatId": agent.chat})
    assert chat["plan"] == [{"text": "Read it", "state": "done"}, {"text": "Change it", "state": "open"}]
    agent.says(EDIT)
    agent.says("Done.")
    result, _ = await agent.task("Go on.", mode="plan")
    assert result["replies"][0]["tools"][0]["state"] == "done", "it is approved"
    await agent.window.request("halley/agent/plan", asked | {"steps": []})
    chat = await agent.window.request("halley/chat/get", {"chatId": agent.chat})
    assert not chat.get("plan")
    with pytest.raises(RequestFailed, match="short sentence"):
        await agent.window.request("halley/agent/plan", asked | {"steps": [{"text": " "}]})


async def test_a_plan_is_not_written_while_its_chat_works(agent: Agent) -> None:
    held = Held(agent)
    agent.says(EDIT)
    agent.says("Done.")
    first = send(agent, "Do it.", "first")
    await held.asked.wait()
    with pytest.raises(RequestFailed, match="busy"):
        await agent.window.request("halley/agent/plan", {"chatId": agent.chat, "steps": [{"text": "Else"}]})
    held.answer.set()
    await first


async def test_a_plain_editor_approves_a_plan_and_stops_what_works_through_it(
    daemon, simulator: Simulator, workspace: Path
) -> None:
    agent = await Agent.start(daemon, simulator, workspace, capabilities={**CAPABILITIES, "experimental": {}})
    boxes: list[Json] = []
    third = asyncio.Event()

    async def box(params: Json) -> Json:
        boxes.append(params)
        if len(boxes) == 3:
            third.set()
            await asyncio.Event().wait()
        return {"title": "Allow once"}

    agent.window._window_showMessageRequest = box  # type: ignore[attr-defined]
    agent.write("a.py", "n = 1\n")
    agent.says(call("write_plan", steps=["Change n", "Delete a.py"]))
    agent.says(EDIT)
    agent.says(call("delete_file", path="a.py"))
    await agent.window.command("halley.chat", {"prompt": "Do it.", "mode": "plan", "show": True})
    await third.wait()
    assert (
        "work through this plan?" in boxes[0]["message"] and "1. Change n\n2. Delete" in boxes[0]["message"]
    )
    assert await agent.window.command("halley.stop") == {"stopped": ["Halley: chat"]}
    (row,) = (await agent.window.request("halley/chat/list", {}))["chats"]
    await agent.window.until(lambda: "Halley: chat: stopped." in messages(agent), "it is stopped")
    chat = await agent.window.request("halley/chat/get", {"chatId": row["chatId"]})
    uses = chat["turns"][0]["replies"][0]["tools"]
    assert [use["state"] for use in uses] == ["done", "done", "unanswered"]
    assert agent.read("a.py") == "n = 2\n" and [step["state"] for step in chat["plan"]] == ["open", "open"]
