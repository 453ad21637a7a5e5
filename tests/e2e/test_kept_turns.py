"""What a host attaches to its own turn comes back with it: to the model that wrote it, and to no other.

Each host here refuses a call whose attachment is missing, as the real ones do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from strict_host import Json, Strict, call, configure, openai_chunks

SIGNED = {"google": {"thought_signature": "c2lnbmVk"}}
DETAILS = [
    {"type": "reasoning.text", "index": 0, "text": "I lo", "format": "x"},
    {"type": "reasoning.text", "index": 0, "text": "ok.", "signature": "sig"},
    {"type": "reasoning.encrypted", "index": 1, "data": "opaque"},
]
JOINED = [
    {"type": "reasoning.text", "index": 0, "text": "I look.", "format": "x", "signature": "sig"},
    DETAILS[2],
]
READ = call("read_file", '{"path":"a.txt"}', index=0, id="c1")


def assistant_of(body: Json) -> Json:
    """The last message with calls."""
    return [message for message in body["messages"] if message.get("tool_calls")][-1]


class Gemini:
    kind, chunks = "openai", openai_chunks("", READ | {"extra_content": SIGNED})

    def missing(self, body: Json) -> bool:
        return assistant_of(body)["tool_calls"][0].get("extra_content") != SIGNED


class DeepSeek:
    kind, chunks = "openai", [
        *openai_chunks("", reasoning_content="I lo")[:1], *openai_chunks("", READ, reasoning_content="ok."),
    ]  # fmt: skip

    def missing(self, body: Json) -> bool:
        return assistant_of(body).get("reasoning_content") != "I look."


class OpenRouter:
    kind, chunks = "openai", [
        *(openai_chunks(reasoning_details=[detail])[0] for detail in DETAILS), *openai_chunks("", READ),
    ]  # fmt: skip

    def missing(self, body: Json) -> bool:
        return assistant_of(body).get("reasoning_details") != JOINED


class Claude:
    kind = "anthropic"
    blocks = (
        {"type": "thinking", "thinking": "", "signature": "empty but signed"},
        {"type": "redacted_thinking", "data": "redacted"},
        {"type": "thinking", "thinking": "I look.", "signature": "signed"},
    )

    @property
    def chunks(self) -> list[Json]:
        said: list[Json] = [{"type": "message_start", "message": {"usage": {"input_tokens": 1}}}]
        for index, block in enumerate(self.blocks):
            start = block | {"thinking": "", "signature": ""} if "thinking" in block else block
            said.append({"type": "content_block_start", "index": index, "content_block": start})
            for kind in ("thinking", "signature") if "thinking" in block else ():
                delta = {"type": f"{kind}_delta", kind: block[kind]}
                said.append({"type": "content_block_delta", "index": index, "delta": delta})
            said.append({"type": "content_block_stop", "index": index})
        use = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {}}
        arguments = {"type": "input_json_delta", "partial_json": '{"path":"a.txt"}'}
        return [
            *said,
            {"type": "content_block_start", "index": 3, "content_block": use},
            {"type": "content_block_delta", "index": 3, "delta": arguments},
            {"type": "content_block_stop", "index": 3},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]

    end = (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "In a."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    )

    def missing(self, body: Json) -> bool:
        turn = [
            m for m in body["messages"] if m["role"] == "assistant" and m["content"][-1]["type"] == "tool_use"
        ]
        return turn[-1]["content"][:-1] != list(self.blocks)


class Responses:
    kind = "openai-responses"
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "encrypted"}
    use = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "read_file",
        "arguments": '{"path":"a.txt"}',
    }
    chunks = (
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 1, "item": use},
        {"type": "response.completed", "response": {"status": "completed", "output": [item, use]}},
    )
    end = (
        {"type": "response.output_text.delta", "delta": "In a."},
        {"type": "response.completed", "response": {"status": "completed", "output": []}},
    )

    def missing(self, body: Json) -> bool:
        items = body["input"]
        at = [n for n, item in enumerate(items) if item["type"] == "function_call"][-1]
        return items[at - 1] != self.item


@pytest.mark.parametrize("host", [Gemini, DeepSeek, OpenRouter, Claude, Responses])
async def test_what_a_host_attaches_comes_back_with_its_turn(
    daemon: Any, config: Path, workspace: Path, host: Any
) -> None:
    (workspace / "a.txt").write_text("in a")
    kind = host()

    def rule(number: int, body: Json) -> list[Any] | str:
        if number % 2 == 0:
            return list(kind.chunks)
        if kind.missing(body):
            return "thought signature is missing: what you attached to your turn must be passed back"
        return list(getattr(kind, "end", ())) or openai_chunks("In a.")

    strict = Strict(rule)
    async with strict.server:
        provider = configure(config, strict.server.url, kind=kind.kind)
        window = await daemon()
        first, _ = await window.chat("What is in a?", models=[f"{provider}/gpt-5-a"])
        (reply,) = first["replies"]
        assert (reply["text"], reply["status"]) == ("In a.", "complete"), (reply, strict.refused)
        # the same model again, from the store; then another one of the same provider
        for model in ("gpt-5-a", "gpt-5-b"):
            asked = {"models": [f"{provider}/{model}"], "chatId": first["chatId"]}
            again, _ = await window.chat("Look again.", **asked)
            assert again["replies"][0]["status"] == "complete", (again, strict.refused)
        exported = await window.request("halley/chat/export", {"chatId": first["chatId"], "format": "json"})
    opaque = ("c2lnbmVk", "opaque", "redacted", "encrypted", "signed", '"reasoning_content"')
    switched = json.dumps(strict.bodies[4].get("messages") or strict.bodies[4]["input"])
    assert not any(word in switched for word in opaque), "another model gets none of it"
    assert not any(word in json.dumps(exported) for word in opaque), "nor does an export"


async def test_a_host_that_refuses_what_it_sent_itself_is_asked_without(
    daemon: Any, config: Path, workspace: Path
) -> None:
    (workspace / "a.txt").write_text("in a")

    def rule(number: int, body: Json) -> list[Any] | str:
        if any("reasoning" in message for message in body["messages"]):
            return "property 'messages.2.reasoning' is unsupported"
        return openai_chunks("", READ, reasoning="Hm.") if number == 0 else openai_chunks("In a.")

    strict = Strict(rule)
    async with strict.server:
        window_model = f"{configure(config, strict.server.url)}/m"
        window = await daemon()
        result, _ = await window.chat("What is in a?", models=[window_model])
    assert result["replies"][0]["text"] == "In a." and len(strict.refused) == 1


async def test_what_came_with_the_last_words_is_stored_and_goes_back_to_the_same_model(
    daemon: Any, config: Path
) -> None:
    strict = Strict(
        lambda number, body: openai_chunks("In a.", reasoning_details=[{"type": "x", "data": "opaque"}])
    )
    async with strict.server:
        model = f"{configure(config, strict.server.url)}/m"
        window = await daemon()
        first, _ = await window.chat("What is in a?", models=[model])
        await window.close()
        window = await daemon()
        for name in (model, model + "2"):
            await window.chat("And now?", models=[name], chatId=first["chatId"])
    details = [
        [m["reasoning_details"] for m in body["messages"] if "reasoning_details" in m]
        for body in strict.bodies
    ]
    assert details == [[], [[{"type": "x", "data": "opaque"}]], []]
