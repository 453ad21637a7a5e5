"""Chats: streamed, of several turns, found again, and stopped with what had arrived kept."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from demo_tools import last_request
from window import CAPABILITIES, Json, RequestFailed, Window

from halley.simulator import Simulator


def _text(events: list[Json]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "text")


async def test_a_turn_streams_its_reply(window: Window, simulator: Simulator) -> None:
    simulator.script(chunks=["One ", "two ", "three."])
    result, events = await window.chat("Count.")
    (reply,) = result["replies"]
    assert reply["text"] == "One two three."
    assert reply["status"] == "complete"
    assert reply["model"] == "simulator/sim-chat"
    assert _text(events) == reply["text"]
    assert {event["replyId"] for event in events} == {reply["replyId"]}
    assert reply["usage"]["outputTokens"] > 0


async def test_replies_share_messages_where_the_client_can_read_them(
    daemon: Callable[..., Awaitable[Window]], simulator: Simulator
) -> None:
    window = await daemon(capabilities=CAPABILITIES | {"experimental": {"halley": {"batchedProgress": True}}})
    words = [f"{number} " for number in range(200)]
    simulator.script(chunks=words, repeat=-1)
    chats = await asyncio.gather(*(window.chat(f"Count, {number}.") for number in range(4)))
    for result, events in chats:
        (reply,) = result["replies"]
        assert reply["text"] == "".join(words) == _text(events)
        assert {event["replyId"] for event in events} == {reply["replyId"]}
    assert any(method == "halley/progress" for method, _ in window.heard)


async def test_what_a_turn_brings_in_is_named_before_its_reply_begins(
    window: Window, simulator: Simulator
) -> None:
    buffer = await window.open("sum.py", "first = 1\nsecond = 2\nlast = 3\n")
    simulator.script("Three numbers.")
    lines = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 8}}
    _, events = await window.chat("#buffer What is it?", textDocument={"uri": buffer.uri}, range=lines)
    assert events[0]["type"] == "start"
    named = [(one["label"], one["line"], one["lastLine"]) for one in events[0]["excerpts"]]
    assert named == [("sum.py:2", 2, 3), ("sum.py:1", 1, 3)]
    assert all(one["uri"] == buffer.uri and one["tokens"] > 0 for one in events[0]["excerpts"])


@pytest.mark.parametrize("fault", ["reset", "cut_mid_stream", "malformed_chunk"])
async def test_of_a_reply_that_never_began_nothing_is_said_to_be_saved(
    window: Window, simulator: Simulator, fault: str
) -> None:
    simulator.script(chunks=[], fault=fault, repeat=-1)
    with pytest.raises(RequestFailed) as refused:
        await window.chat("Say it.")
    problem = refused.value.problem
    assert not re.search("middle|partial|saved|interrupted", f"{problem['message']} {problem['help']}")


async def test_a_second_turn_knows_the_first(window: Window, simulator: Simulator) -> None:
    simulator.script("Nice to meet you, Ada.")
    first, _ = await window.chat("My name is Ada.")
    simulator.script("Ada.")
    await window.chat("What is my name?", chatId=first["chatId"])
    said = [message["content"] for message in last_request(simulator).json["messages"]]
    assert [text for text in map(str, said) if "My name is Ada." in text]
    assert [text for text in map(str, said) if "Nice to meet you, Ada." in text]


async def test_each_turn_begins_with_the_bytes_of_the_one_before(
    window: Window, simulator: Simulator
) -> None:
    """So that hosts which cache prompts read the earlier turns from their cache."""
    chat: Json = {}
    sent: list[Json] = []
    for prompt in ("One?", "Two?", "Three?"):
        simulator.script("An answer.")
        result, _ = await window.chat(prompt, **chat)
        chat = {"chatId": result["chatId"]}
        sent.append(next(seen.json for seen in simulator.requests if f'{prompt}"' in seen.body.decode()))
    for before, after in pairwise(sent):
        earlier, later = json.dumps(before.pop("messages")), json.dumps(after["messages"])
        assert later.startswith(earlier[:-1])
        assert before == {name: value for name, value in after.items() if name != "messages"}


async def test_a_chat_is_found_again_after_a_restart(daemon, simulator: Simulator) -> None:
    window: Window = await daemon()
    simulator.script("Noted.")
    sent, _ = await window.chat("Remember the number 4711.")
    await window.close()
    again: Window = await daemon()
    simulator.script("4711.")
    await again.chat("Which number?", chatId=sent["chatId"])
    assert "4711" in last_request(simulator).body.decode()
    listed = await again.request("halley/chat/list", {})
    assert sent["chatId"] in [chat["chatId"] for chat in listed["chats"]]


async def test_cancelling_a_chat_closes_upstream_and_keeps_the_text(
    window: Window, simulator: Simulator
) -> None:
    simulator.script("word " * 500, tokens_per_s=50)
    started = window.start("halley/chat/send", {"prompt": "Go on.", "partialResultToken": "go"})
    await window.until(lambda: _text(window.events("go")), "the first words")
    started.cancel()
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    assert simulator.requests[-1].closed_early
    with pytest.raises(asyncio.CancelledError):
        await started
    await window.until(lambda: any("error" in a for a in window.client.raw.values()))
    errors = [a["error"]["code"] for a in window.client.raw.values() if "error" in a]
    assert errors == [-32800]
    chats = (await window.request("halley/chat/list", {}))["chats"]
    chat = await window.request("halley/chat/get", {"chatId": chats[0]["chatId"]})
    (reply,) = chat["turns"][-1]["replies"]
    assert reply["status"] == "interrupted"
    assert reply["problem"]["code"] == "cancelled", "it did not break off: the user stopped it"
    assert reply["text"].startswith("word")
    exported = await window.request("halley/chat/export", {"chatId": chat["chatId"], "format": "markdown"})
    assert "You stopped this reply." in exported["content"]
    simulator.script("and the end.")
    params = {"chatId": chat["chatId"], "replyId": reply["replyId"]}
    (whole,) = (await window.request("halley/chat/continue", params))["replies"]
    assert whole["status"] == "complete" and "problem" not in whole


async def test_a_reply_that_ends_with_its_window_was_not_stopped_by_the_user(
    daemon, simulator: Simulator
) -> None:
    window: Window = await daemon()
    simulator.script("word " * 500, tokens_per_s=50)
    started = window.start("halley/chat/send", {"prompt": "Go on.", "partialResultToken": "go"})
    await window.until(lambda: _text(window.events("go")), "the first words")
    await window.close()
    started.cancel()
    again: Window = await daemon()
    (row,) = (await again.request("halley/chat/list", {}))["chats"]
    chat = await again.request("halley/chat/get", {"chatId": row["chatId"]})
    (reply,) = chat["turns"][-1]["replies"]
    assert (reply["status"], reply["problem"]["code"]) == ("interrupted", "interrupted")
    assert reply["text"].startswith("word")


async def test_a_cut_stream_is_no_success_and_its_text_is_saved(window: Window, simulator: Simulator) -> None:
    simulator.script("Half of what was to be said, and then", fault="reset_mid_stream", repeat=-1)
    result, events = await window.chat("Say it.")
    (reply,) = result["replies"]
    assert reply["status"] == "interrupted"
    assert reply["problem"]["code"] == "interrupted"
    assert reply["text"]
    assert reply["text"] == "".join(event["delta"] for event in events if event["type"] == "text")


async def test_a_plain_client_chats_by_command(window: Window, simulator: Simulator) -> None:
    simulator.script("Hello.")
    result = await window.command("halley.chat", {"prompt": "Hi"})
    assert result["text"] == "Hello."
    assert result["chatId"]


async def test_a_plain_client_asks_about_a_whole_document(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("sum.py", "first = 1\nlast = 2")
    document = {"uri": buffer.uri}
    first_line = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}}
    for place in ({}, {"range": first_line}):
        simulator.script("A sum.")
        await window.command("halley.chat", {"prompt": "What is it?", "textDocument": document, **place})
    bodies = [request.body.decode() for request in simulator.requests]
    whole, line = (body for body in bodies if "What is it?" in body and "title" not in body)
    assert "first = 1\\nlast = 2" in whole
    assert "first = 1" in line and "last = 2" not in line


async def test_every_call_is_in_the_ledger(window: Window, simulator: Simulator) -> None:
    simulator.script("Yes.")
    await window.chat("Is this counted?")
    report = await window.request("halley/usage", {"by": ["feature"]})
    assert [row["calls"] for row in report["rows"] if row["feature"] == "chat"] == [1]
