"""Conversations with hosts that refuse what does not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_tools import Demo
from lspclient import RequestFailed
from strict_host import Json, Strict, call, configure, openai_chunks


def doubled_ids(body: Json) -> str:
    """Why a host refuses these messages; empty where each result belongs to one call."""
    ids = [c["id"] for message in body["messages"] for c in message.get("tool_calls", ())]
    results = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
    if len(set(ids)) < len(ids):
        return f"Duplicate tool call id in {ids}"
    return "" if ids == results and all(ids) else f"Results {results} for calls {ids}"


async def test_calls_without_ids_and_with_the_same_id_in_every_round(
    daemon: Any, config: Path, demo: Demo, workspace: Path
) -> None:
    """The host numbers all calls 0 without an id, then names every call `call_0`."""
    (workspace / "a.txt").write_text("in a")

    def rule(number: int, body: Json) -> list[Any] | str:
        if refusal := doubled_ids(body):
            return refusal
        if number == 0:
            first = call("read_file", '{"path":"a.txt"}', index=0)
            return openai_chunks("", first, call("list_files", '{"pattern":"*"}', index=0))
        if number < 3:
            return openai_chunks("", call("read_file", '{"path":"a.txt"}', index=0, id="call_0"))
        return openai_chunks("It says: in a.")

    host = Strict(rule)
    async with host.server:
        model = f"{configure(config, host.server.url)}/m"
        window = await daemon()
        result, _ = await window.chat("What is in a?", models=[model])
    (reply,) = result["replies"]
    assert reply["text"] == "It says: in a.", (reply, host.refused)
    assert [use["tool"] for use in reply["tools"]] == ["read_file", "list_files", "read_file", "read_file"]
    assert {use["state"] for use in reply["tools"]} == {"done"}


async def test_thinking_without_its_opening_tag_is_taken_out_of_the_reply(daemon: Any, config: Path) -> None:
    """The first time it is called back, in the store too; then the model is known for it."""

    def rule(number: int, body: Json) -> list[Any] | str:
        first, *others = openai_chunks("Two and two are fo")
        return [first, others[0], *openai_chunks("ur.\n</think>\n\nIt is 4.")]

    host = Strict(rule)
    async with host.server:
        model = f"{configure(config, host.server.url)}/m"
        window = await daemon()
        first, seen = await window.chat("How much is it?", models=[model])
        again, seen_again = await window.chat("And now?", models=[model], chatId=first["chatId"])
        kept = await window.request("halley/chat/get", {"chatId": first["chatId"]})
    for result in (first, again):
        (reply,) = result["replies"]
        assert (reply["text"], reply["reasoning"]) == ("It is 4.", "Two and two are four.\n"), reply
    assert [turn["replies"][0]["text"] for turn in kept["turns"]] == ["It is 4."] * 2
    assert any("was the model's thinking" in event.get("text", "") for event in seen)
    assert [event["delta"] for event in seen_again if event["type"] == "text"] == ["It is 4."]
    assert "Two and two" not in str(host.bodies[1]["messages"])


async def test_a_reply_without_an_answer_is_never_complete(daemon: Any, config: Path) -> None:
    """Empty twice, then thinking up to the limit."""
    ends = (("stop", {}), ("stop", {}), ("length", {"reasoning_content": "Hm."}))

    def rule(number: int, body: Json) -> list[Any] | str:
        reason, delta = ends[min(number, 2)]
        return openai_chunks(finish=reason, **delta)

    host = Strict(rule)
    async with host.server:
        model = f"{configure(config, host.server.url)}/m"
        window = await daemon()
        for words in ("empty answer", "used all its tokens"):
            with pytest.raises(RequestFailed, match=words):
                await window.chat("How much is it?", models=[model])
    assert len(host.bodies) == 3, "an empty answer is asked for again once"
