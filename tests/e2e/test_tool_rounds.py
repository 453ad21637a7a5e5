"""Replies with calls over several rounds: bounded in money and time, taken up after they broke off, side by side, blind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from demo_tools import ASKS, Demo, agreeing, answer, call, last_request, of_kind, script, servers
from window import Json, Window

from halley.simulator import Simulator

TWO = ["simulator/sim-chat", "simulator/sim-code"]


def _limits(demo: Demo, text: str) -> None:
    demo.config.write_text(f"{demo.config.read_text()}\n[tools]\n{text}\n")


def _notices(events: list[Json]) -> str:
    return "\n".join(event["text"] for event in of_kind(events, "notice"))


def _told(simulator: Simulator) -> str:
    return last_request(simulator).body.decode()


# -- bounds


async def test_a_reply_that_has_cost_enough_answers_with_what_it_has(
    daemon, demo: Demo, simulator: Simulator, workspace: Path
) -> None:
    _limits(demo, "max_usd = 0.000001")
    window: Window = await daemon(capabilities=ASKS)
    await window.request("halley/models/list", {"refresh": True})  # so that prices are known
    (workspace / "notes.md").write_text("The door opens at nine.\n")
    script(simulator, tool_calls=[call("read_file", path="notes.md")])
    script(simulator, "I cannot say more.")
    result, events = await window.chat("When does the door open?")
    (reply,) = result["replies"]
    assert reply["text"] == "I cannot say more." and reply["status"] == "complete"
    (use,) = reply["tools"]
    assert use["state"] == "refused" and "tools.max_usd" in use["result"]
    assert "tools.max_usd" in _notices(events) and "answers with what it has" in _notices(events)
    assert "0.00 US" not in _notices(events), "a cost that is shown says something"
    assert "opens at nine" not in _told(simulator) and "was not run" in _told(simulator)


async def test_a_reply_that_has_worked_long_enough_answers_with_what_it_has(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    _limits(demo, "max_seconds = 1")
    window = await agreeing(daemon, demo)
    script(simulator, tool_calls=[call("demo__hang"), call("demo__write_note", name="a", text="b")])
    script(simulator, "It takes too long.")
    result, events = await window.chat("Hang.")
    (reply,) = result["replies"]
    assert reply["text"] == "It takes too long." and reply["status"] == "complete"
    assert [use["state"] for use in reply["tools"]] == ["failed", "refused"]
    assert [row["tool"] for row in demo.ran] == ["hang"], "nothing is begun after the time is over"
    assert "tools.max_seconds" in _notices(events)


async def test_a_model_that_asks_for_more_past_the_bound_gets_no_more(
    daemon, demo: Demo, simulator: Simulator, workspace: Path
) -> None:
    _limits(demo, "max_calls = 2")
    window: Window = await daemon(capabilities=ASKS)
    (workspace / "a.txt").write_text("a")
    for _ in range(2):
        script(simulator, "Looking.", tool_calls=[call("list_files")])
    script(simulator, "One more.", tool_calls=[call("list_files")])
    script(simulator, "Never said.")
    result, events = await window.chat("Go on.")
    (reply,) = result["replies"]
    assert reply["text"] == "Looking.\n\nLooking.\n\nOne more." and len(reply["tools"]) == 2
    assert "the reply ends here" in _notices(events)
    assert "Never said." not in json.dumps(result)


async def test_the_time_the_user_takes_does_not_count(daemon, demo: Demo, simulator: Simulator) -> None:
    """The answer comes only after another reply has used the whole of its own time up."""
    _limits(demo, "max_seconds = 1")
    demo.configure()
    demo.configure("other")
    window: Window = await daemon(capabilities=ASKS)
    asking, over = asyncio.Event(), asyncio.Event()

    async def late(question: Json) -> str:
        if question["tool"] == "write_note":
            asking.set()
            await over.wait()
        return "once"

    answer(window, late)
    await servers(window)
    await servers(window, name="other")
    script(simulator, tool_calls=[call("demo__write_note", name="a", text="b")], contains="slow user")
    slow = window.start("halley/chat/send", {"prompt": "I am a slow user."})
    await asking.wait()
    script(simulator, tool_calls=[call("other__hang")], contains="for ever")
    result, _ = await window.chat("Hang for ever.")
    assert "within 1 s" in result["replies"][0]["tools"][0]["result"]
    over.set()
    assert [use["state"] for use in (await slow)["replies"][0]["tools"]] == ["done"]


# -- taken up again


async def test_continue_after_a_cut_keeps_the_calls_and_uses_their_results(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    window = await agreeing(daemon, demo)
    script(simulator, "First a note.", tool_calls=[call("demo__write_note", name="a", text="b")])
    script(simulator, "The note is written and now comes the rest of it", fault="reset_mid_stream")
    sent, _ = await window.chat("Write two notes.")
    (cut,) = sent["replies"]
    assert cut["status"] == "interrupted" and cut["text"].startswith("First a note.\n\nThe note")
    script(simulator, " and a second one.", tool_calls=[call("demo__write_note", name="c", text="d")])
    script(simulator, "Both are there.")
    at = {"chatId": sent["chatId"], "replyId": cut["replyId"]}
    (whole,) = (await window.request("halley/chat/continue", at))["replies"]
    assert whole["status"] == "complete"
    assert whole["text"] == f"{cut['text']} and a second one.\n\nBoth are there."
    assert [(use["tool"], use["state"]) for use in whole["tools"]] == [("write_note", "done")] * 2
    assert whole["tools"][1]["at"] == len(f"{cut['text']} and a second one.")
    assert [row["name"] for row in demo.ran] == ["a", "c"], "what was done is not done again"
    assert "written: a" in _told(simulator) and "written: c" in _told(simulator)


async def test_continue_after_calls_without_a_word(daemon, demo: Demo, simulator: Simulator) -> None:
    window = await agreeing(daemon, demo)
    script(simulator, tool_calls=[call("demo__write_note", name="a", text="b")])
    script(simulator, status=401, body="{}", repeat=-1)
    sent, _ = await window.chat("Write a note.")
    (cut,) = sent["replies"]
    assert cut["status"] == "interrupted" and cut["problem"]["code"] == "auth_failed"
    assert cut["tools"][0]["state"] == "done"
    simulator.clear()
    script(simulator, "It is written.")
    at = {"chatId": sent["chatId"], "replyId": cut["replyId"]}
    (whole,) = (await window.request("halley/chat/continue", at))["replies"]
    assert whole["text"] == "It is written." and whole["status"] == "complete"
    assert len(demo.ran) == 1 and "written: a" in _told(simulator)


async def test_continue_after_a_kill_in_a_call_says_so_and_does_not_run_it_again(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    window = await agreeing(daemon, demo)
    script(simulator, "I call it.", tool_calls=[call("demo__hang")])
    token = {"partialResultToken": "k"}
    started = window.start("halley/chat/send", {"prompt": "Hang.", **token})
    events = await window.until(
        lambda: [e for e in of_kind(window.events("k"), "toolCall") if e["state"] == "running"]
    )
    while not demo.ran:
        await window.request("halley/chat/list", {})
    chat = (await window.request("halley/chat/list", {}))["chats"][0]["chatId"]
    await window.client.kill()
    started.cancel()
    again: Window = await daemon(capabilities=ASKS)
    (turn,) = (await again.request("halley/chat/get", {"chatId": chat}))["turns"]
    (cut,) = turn["replies"]
    assert cut["status"] == "interrupted" and cut["replyId"] == events[0]["replyId"]
    assert cut["tools"][0]["state"] == "open", "its result is unknown, but that it started is saved"
    script(simulator, " It is not known whether that worked.")
    (whole,) = (await again.request("halley/chat/continue", {"chatId": chat, "replyId": cut["replyId"]}))[
        "replies"
    ]
    assert whole["text"] == "I call it. It is not known whether that worked."
    assert [row["tool"] for row in demo.ran] == ["hang"]
    assert "The tool hang was called" in _told(simulator) and "outcome is unknown" in _told(simulator)


@pytest.mark.parametrize("how", ["killed", "cancelled"])
async def test_continue_after_the_end_came_before_the_user_answered(
    daemon, demo: Demo, simulator: Simulator, how: str
) -> None:
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    answer(window, lambda _: asyncio.Event().wait())
    await servers(window)
    script(simulator, "I write it.", tool_calls=[call("demo__write_note", name="a", text="b")])
    started = window.start("halley/chat/send", {"prompt": "Write a note."})
    await simulator.wait_for(lambda _: simulator.requests)
    while not (listed := (await window.request("halley/chat/list", {}))["chats"]):
        pass
    chat = {"chatId": listed[0]["chatId"]}
    while not (reply := await _only_reply(window, chat))["tools"]:  # until it is on disk
        pass
    if how == "killed":
        await window.client.kill()
        started.cancel()
        window = await daemon(capabilities=ASKS)
    else:
        started.cancel()
        await window.until(
            lambda: [id for id in window.client.raw if "chat/send" in str(id)], "it is answered"
        )
    cut = await _only_reply(window, chat)
    assert (cut["status"], [use["state"] for use in cut["tools"]]) == ("interrupted", ["unanswered"])
    script(simulator, " It was not written.")
    (whole,) = (await window.request("halley/chat/continue", chat | {"replyId": reply["replyId"]}))["replies"]
    assert whole["text"] == "I write it. It was not written." and demo.ran == []
    assert "it was not run" in _told(simulator) and "outcome is unknown" not in _told(simulator)


async def _only_reply(window: Window, chat: Json) -> Json:
    (turn,) = (await window.request("halley/chat/get", chat))["turns"]
    return turn["replies"][0]


# -- side by side


async def test_each_reply_of_a_comparison_has_its_own_calls_and_approvals(
    daemon, demo: Demo, simulator: Simulator
) -> None:
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    asked = answer(window, lambda question: "once" if question["arguments"]["name"] == "chat" else "deny")
    await servers(window)
    for model in ("chat", "code"):
        writes = [call("demo__write_note", name=model, text="t")]
        script(simulator, f"I am {model}.", model=f"sim-{model}", tool_calls=writes)
        script(simulator, f"Done by {model}.", model=f"sim-{model}")
    sent, events = await window.chat("Write a note.", models=TWO)
    replies = {reply["model"]: reply for reply in sent["replies"]}
    assert {model: reply["text"] for model, reply in replies.items()} == {
        f"simulator/sim-{model}": f"I am {model}.\n\nDone by {model}." for model in ("chat", "code")
    }
    assert [row["name"] for row in demo.ran] == ["chat"]
    for model, state in (("chat", "done"), ("code", "denied")):
        reply = replies[f"simulator/sim-{model}"]
        assert [use["state"] for use in reply["tools"]] == [state]
        (question,) = [one for one in asked if one["arguments"]["name"] == model]
        assert question["replyId"] == reply["replyId"]
        own = [event for event in of_kind(events, "toolCall") if event["replyId"] == reply["replyId"]]
        assert {event["callId"] for event in own} == {question["callId"]} == {reply["tools"][0]["callId"]}


async def test_a_blind_comparison_with_calls_names_no_model(daemon, demo: Demo, simulator: Simulator) -> None:
    _limits(demo, "max_calls = 1")
    demo.configure()
    window: Window = await daemon(capabilities=ASKS)
    asked = answer(window, lambda _: "once")
    await servers(window)
    refusal = {"error": {"message": "sim-code does not support tools.", "param": "tools"}}
    script(simulator, model="sim-code", status=400, body=refusal)
    block = '```tool_call\n{"name": "demo__write_note", "arguments": {"name": "n2", "text": "t"}}\n```'
    script(simulator, f"Two.\n\n{block}", model="sim-code")
    script(simulator, "Two is done.", model="sim-code")
    script(simulator, "One.", tool_calls=[call("demo__write_note", name="n1", text="t")])
    script(simulator, "One is done.")
    before = len(window.heard)
    sent, events = await window.chat("Write a note.", models=TWO, blind=True)
    assert {reply["text"] for reply in sent["replies"]} == {"One.\n\nOne is done.", "Two.\n\nTwo is done."}
    assert {question["replyId"] for question in asked} == {reply["replyId"] for reply in sent["replies"]}
    assert {row["name"] for row in demo.ran} == {"n1", "n2"}
    chat = {"chatId": sent["chatId"]}
    seen: list[Any] = [sent, events, asked, await window.request("halley/chat/get", chat)]
    seen += [await window.request("halley/chat/export", {**chat, "format": f}) for f in ("markdown", "json")]
    for reply in sent["replies"]:
        context = {**chat, "turnId": sent["turnId"], "replyId": reply["replyId"]}
        seen.append(await window.request("halley/chat/context", context))
    seen += [params for method, params in window.heard[before:] if method != "halley/status"]
    told = json.dumps(seen)
    assert "sim-code" not in told and "sim-chat" not in told
    assert {reply["model"] for reply in sent["replies"]} == {"Model A", "Model B"}


# -- what changes between turns


async def test_a_server_whose_tools_changed_between_turns_is_reported_once(
    daemon, demo: Demo, simulator: Simulator, tmp_path: Path
) -> None:
    said = tmp_path / "description"
    window = await agreeing(daemon, demo, env={"DEMO_DESCRIPTION_FILE": str(said)})
    first, events = await window.chat("Hello.")
    assert "demo" not in _notices(events)
    said.write_text("Now it does something else.")
    listed = await window.request("halley/tools/restart", {"server": "demo"})
    (row,) = [row for row in listed["servers"] if row["name"] == "demo"]
    assert "shifty changed" in row["problem"] and row["state"] == "ready"
    _, events = await window.chat("Hello.", chatId=first["chatId"])
    assert "demo" in _notices(events) and "shifty changed" in _notices(events)
    _, events = await window.chat("Hello.", chatId=first["chatId"])
    assert "shifty" not in _notices(events), "once is enough"
    script(simulator, tool_calls=[call("demo__grow")])
    script(simulator, "It grew.")
    await window.chat("Grow.", chatId=first["chatId"])
    while "more" not in json.dumps(listed := await servers(window)):
        heard = len(window.heard)
        await window.until(lambda seen=heard: len(window.heard) > seen)
    assert "more came" in listed["demo"]["problem"]
    _, events = await window.chat("Hello.", chatId=first["chatId"])
    assert "more came" in _notices(events)
    _, events = await window.chat("Hello.")
    assert "more came" not in _notices(events), "a new chat knows no other"
