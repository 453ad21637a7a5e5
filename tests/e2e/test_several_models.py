"""Several models on one question, the commands that are about a chat, and what was sent: through a real daemon."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from window import Json, RequestFailed, Window

from halley.simulator import Simulator
from halley.simulator.media.images import paint

MODELS = ["simulator/sim-chat", "simulator/sim-code", "simulator/sim-fast"]


def _last(simulator: Simulator) -> Any:
    """The last question; titles are asked for beside."""
    return [seen for seen in simulator.requests if b"You name conversations" not in seen.body][-1]


def _said(simulator: Simulator) -> str:
    return _last(simulator).body.decode()


async def _chat(window: Window, chat: str) -> Json:
    return await window.request("halley/chat/get", {"chatId": chat})


async def test_each_model_gives_its_reply_side_by_side(window: Window, simulator: Simulator) -> None:
    for model in MODELS:
        simulator.script(f"I am {model}.", model=model.partition("/")[2])
    result, events = await window.chat("Who are you?", models=MODELS)
    replies = {reply["model"]: reply for reply in result["replies"]}
    assert {model: reply["text"] for model, reply in replies.items()} == {m: f"I am {m}." for m in MODELS}
    for reply in replies.values():
        assert reply["usage"]["outputTokens"] > 0
        assert reply["usage"]["firstTokenMs"] >= 0
        texts = [
            event["delta"]
            for event in events
            if event["type"] == "text" and event["replyId"] == reply["replyId"]
        ]
        assert "".join(texts) == reply["text"]


async def test_the_chat_continues_with_the_chosen_reply(window: Window, simulator: Simulator) -> None:
    simulator.script("Blue it is.", model="sim-chat")
    simulator.script("Green it is.", model="sim-code")
    sent, _ = await window.chat("@simulator/sim-chat @simulator/sim-code Which colour?")
    blue = next(r for r in sent["replies"] if r["text"] == "Blue it is.")
    chosen = await window.request("halley/chat/choose", {"replyId": blue["replyId"]})
    assert set(chosen["models"].values()) == {"simulator/sim-chat", "simulator/sim-code"}
    await window.chat("Why?", chatId=sent["chatId"])
    assert "Blue it is." in _said(simulator)
    assert "Green it is." not in _said(simulator)


async def test_one_is_asked_again_and_another_is_added_later(window: Window, simulator: Simulator) -> None:
    simulator.script("First.", model="sim-chat")
    simulator.script("Other.", model="sim-code")
    sent, _ = await window.chat("Go.", models=MODELS[:2])
    first = next(r for r in sent["replies"] if r["model"] == "simulator/sim-chat")
    simulator.script("Second.", model="sim-chat")
    at = {"chatId": sent["chatId"], "turnId": sent["turnId"]}
    again = await window.request("halley/chat/retry", {**at, "replyId": first["replyId"]})
    assert [(r["model"], r["text"]) for r in again["replies"]] == [("simulator/sim-chat", "Second.")]
    simulator.script("Late.", model="sim-fast")
    await window.request("halley/chat/retry", {**at, "models": ["simulator/sim-fast"]})
    (turn,) = (await _chat(window, sent["chatId"]))["turns"]
    assert [r["text"] for r in turn["replies"]] == ["First.", "Other.", "Second.", "Late."]


async def test_blind_hides_every_name_until_one_is_chosen(window: Window, simulator: Simulator) -> None:
    await window.request("halley/models/list", {"refresh": True})  # so that prices are known
    simulator.script("One.", model="sim-chat")
    simulator.script("Two.", model="sim-code", fault="reset_mid_stream", repeat=-1)
    before = len(window.heard)
    sent, events = await window.chat("Go.", models=MODELS[:2], blind=True)
    chat = {"chatId": sent["chatId"]}
    seen: list[object] = [sent, events, [params for _, params in window.heard[before:]]]
    seen.append(await window.request("halley/chat/get", chat))
    for format in ("markdown", "json"):
        seen.append(await window.request("halley/chat/export", {**chat, "format": format}))
    for reply in sent["replies"]:
        context = {**chat, "turnId": sent["turnId"], "replyId": reply["replyId"]}
        seen.append(await window.request("halley/chat/context", context))
    statuses = [p for method, p in window.heard if method == "halley/status"]
    told = json.dumps([one for one in seen if one not in statuses])
    for status in statuses:
        told = told.replace(json.dumps(status), "")
    assert "sim-code" not in told
    assert "simulator" not in told.replace("Simulated", "").lower() or "sim-chat" not in told
    assert {reply["model"] for reply in sent["replies"]} == {"Model A", "Model B"}
    assert (
        any(reply.get("usage", {}).get("outputTokens") for reply in sent["replies"]) and '"cost"' not in told
    )
    one = next(r for r in sent["replies"] if r["text"] == "One.")
    chosen = await window.request("halley/chat/choose", {"replyId": one["replyId"]})
    assert chosen["models"][one["replyId"]] == "simulator/sim-chat"
    (turn,) = (await _chat(window, sent["chatId"]))["turns"]
    assert {r["model"] for r in turn["replies"]} == {"simulator/sim-chat", "simulator/sim-code"}
    assert "cost" in next(r for r in turn["replies"] if r["text"] == "One.")["usage"]
    report = await window.request("halley/usage", {"by": ["model"]})
    counts = {row["model"]: (row.get("chosen"), row.get("compared")) for row in report["rows"]}
    assert counts["simulator/sim-chat"] == (1, 1)
    assert counts["simulator/sim-code"] == (0, 1)


async def test_blind_failures_name_no_model(window: Window, simulator: Simulator) -> None:
    simulator.script(status=401, body="{}", repeat=-1)
    with pytest.raises(RequestFailed) as refused:
        await window.chat("Go.", models=MODELS[:2], blind=True)
    assert "sim-" not in json.dumps(refused.value.problem)
    with pytest.raises(RequestFailed, match="at least two"):
        await window.chat("Go.", models=MODELS[:1], blind=True)


async def test_clear_and_model_and_compact_by_a_plain_client(window: Window, simulator: Simulator) -> None:
    simulator.script("Noted.")
    sent = await window.command("halley.chat", {"prompt": "The password of the day is Mellon."})
    at = {"chatId": sent["chatId"]}
    simulator.script("They spoke of Mellon, briefly.", contains="sum up")
    summed = await window.command("halley.chat", {"prompt": "/compact", **at})
    assert "1 turn summarised" in summed["text"]
    await window.command("halley.chat", {"prompt": "And now?", **at})
    assert "They spoke of Mellon, briefly." in _said(simulator)
    assert "The password of the day" not in _said(simulator)
    cleared = await window.command("halley.chat", {"prompt": "/clear", **at})
    assert "context is cleared" in cleared["text"]
    await window.command("halley.chat", {"prompt": "What was it?", **at})
    assert "Mellon" not in _said(simulator)
    chat = await _chat(window, sent["chatId"])
    assert len(chat["turns"]) == 3
    assert [mark["kind"] for mark in chat["marks"]] == ["compact", "clear"]
    chosen = await window.command("halley.chat", {"prompt": "/model simulator/sim-code"})
    assert "simulator/sim-code" in chosen["text"]
    simulator.script("Yes.", model="sim-code")
    assert (await window.command("halley.chat", {"prompt": "Are you there?"}))["text"] == "Yes."


@pytest.mark.parametrize(
    "prompt", ["/nothing", "/clear", "/compact", "/compare @simulator/sim-chat x", "#file:gone.py"]
)
async def test_what_cannot_be_done_is_refused_and_makes_no_chat(window: Window, prompt: str) -> None:
    with pytest.raises(RequestFailed):
        await window.chat(prompt)
    assert (await window.request("halley/chat/list", {}))["chats"] == []


async def test_older_turns_are_summed_up_before_the_limit(daemon, simulator: Simulator, config: Path) -> None:
    """`sim-fim` has a window of 32,000 tokens, of which three quarters are the conversation's."""
    window: Window = await daemon()
    await window.request("halley/models/list", {"refresh": True})
    chat: Json = {}
    for number in range(4):
        simulator.script(f"Answer {number}.")
        sent, _ = await window.chat(
            f"Question {number} " + "word " * 7000, models=["simulator/sim-fim"], **chat
        )
        chat = {"chatId": sent["chatId"]}
        if number == 2:
            simulator.script("The gist of it.", model="sim-fast")
    (reply,) = sent["replies"]
    assert "summarised" in " ".join(reply["notices"])
    marks = (await _chat(window, sent["chatId"]))["marks"]
    assert [mark["kind"] for mark in marks] == ["compact"]
    assert marks[0]["text"] == "The gist of it."
    context = await window.request("halley/chat/context", {**chat, "turnId": sent["turnId"]})
    assert context["summary"]
    assert "The gist of it." in context["messages"][0]["text"]
    assert context["tokens"] < 32_000 * 0.75
    assert not any("Question 0" in message["text"] for message in context["messages"])


async def test_what_was_sent_can_be_looked_at_for_each_turn(window: Window, simulator: Simulator) -> None:
    await window.open("area.py", "def area(r):\n    return 3 * r * r\n")
    simulator.script("It is off.")
    first, _ = await window.chat("Look at #file:area.py please")
    simulator.script("Use pi.")
    second, _ = await window.chat("How to mend it?", chatId=first["chatId"])
    wire = [m["content"] for m in _last(simulator).json["messages"]]
    at = {"chatId": first["chatId"], "turnId": second["turnId"]}
    context = await window.request("halley/chat/context", at)
    assert [m["text"] for m in context["messages"]] == wire
    assert [m["role"] for m in context["messages"]] == ["system", "user", "assistant", "user"]
    assert context["tokens"] == sum(m["tokens"] for m in context["messages"])
    await window.request("halley/chat/rollback", {"chatId": first["chatId"], "turnId": first["turnId"]})
    assert (await window.request("halley/chat/context", at))["messages"][1]["text"] == wire[1]
    (turn,) = (await _chat(window, first["chatId"]))["turns"]
    (excerpt,) = turn["excerpts"]
    assert (excerpt["label"], excerpt["line"]) == ("area.py:1", 1)
    assert excerpt["uri"].endswith("/area.py")
    assert excerpt["tokens"] > 5


async def test_pictures_go_to_models_that_see(window: Window, simulator: Simulator) -> None:
    await window.request("halley/models/list", {"refresh": True})
    picture = {"mime": "image/png", "data": base64.b64encode(paint("a fox", 16, 16)).decode()}
    simulator.script("A fox.")
    sent, _ = await window.chat("What is it?", models=["simulator/sim-chat"], attachments=[picture])
    assert sent["replies"][0]["text"] == "A fox."
    assert "image_url" in _said(simulator)
    with pytest.raises(RequestFailed, match="does not accept pictures"):
        await window.chat("What is it?", models=["simulator/sim-fast"], attachments=[picture])
    script = {"mime": "image/png", "data": base64.b64encode(b"#!/bin/sh").decode()}
    with pytest.raises(RequestFailed, match="not a picture"):
        await window.chat("What is it?", attachments=[script])


async def test_blocks_know_their_language_and_file(window: Window, simulator: Simulator) -> None:
    simulator.script("Put this into `src/area.py`:\n\n```python\nprint(1)\n```\n\nand\n\n```sh\nls\n```\n")
    sent, _ = await window.chat("Go.")
    blocks = sent["replies"][0]["blocks"]
    assert [(b["language"], b.get("file"), b["text"]) for b in blocks] == [
        ("python", "src/area.py", "print(1)\n"),
        ("sh", None, "ls\n"),
    ]


async def test_a_chat_goes_out_as_json_and_comes_in_again(window: Window, simulator: Simulator) -> None:
    picture = {"mime": "image/png", "data": base64.b64encode(paint("a fox", 16, 16)).decode()}
    simulator.script("Here: [link](https://example.org/) \u202e", reasoning="Hm.")
    sent, _ = await window.chat("Look.", attachments=[picture])
    simulator.script("More.")
    await window.chat("More?", chatId=sent["chatId"])
    chat = {"chatId": sent["chatId"]}
    exported = (await window.request("halley/chat/export", {**chat, "format": "json"}))["content"]
    taken = await window.request("halley/chat/import", {"content": json.dumps(exported)})
    assert taken["chatId"] != sent["chatId"]
    again = (await window.request("halley/chat/export", {**taken, "format": "json"}))["content"]
    assert {**again, "created": 0} == {**exported, "created": 0}
    whole = await _chat(window, taken["chatId"])
    assert whole["turns"][0]["replies"][0]["reasoning"] == "Hm."
    assert "\u202e" not in whole["turns"][0]["replies"][0]["rendered"]
    for wrong in ("{", {"format": "other"}, {**exported, "turns": [{"prompt": 7}]}):
        with pytest.raises(RequestFailed):
            await window.request("halley/chat/import", {"content": wrong})


async def test_a_killed_daemon_loses_no_text_and_continue_resumes(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    simulator.script("Before.")
    sent, _ = await window.chat("First.")
    simulator.script("word " * 500, tokens_per_s=200, contains="Second.")
    sending = {"prompt": "Second.", "chatId": sent["chatId"], "partialResultToken": "k"}
    started = window.start("halley/chat/send", sending)

    async def kept() -> str:
        chat = await _chat(window, sent["chatId"])
        return chat["turns"][-1]["replies"][0]["text"] if len(chat["turns"]) > 1 else ""

    await window.until(
        lambda: sum(len(e.get("delta") or "") for e in window.events("k")) > 150 * len("word ")
    )
    assert (await kept()).startswith("word")
    await window.client.kill()
    started.cancel()
    again: Window = await daemon()
    turns = (await _chat(again, sent["chatId"]))["turns"]
    assert turns[0]["replies"][0]["text"] == "Before."
    assert [turn["prompt"] for turn in turns] == ["First.", "Second."]
    reply = turns[1]["replies"][0]
    assert reply["status"] == "interrupted"
    assert reply["text"].startswith("word word"), "all but the last quarter of a second"
    simulator.script("and done.", contains="Go on exactly")
    params = {"chatId": sent["chatId"], "replyId": reply["replyId"]}
    done = await again.request("halley/chat/continue", params)
    assert done["replies"][0]["text"] == reply["text"] + "and done."
