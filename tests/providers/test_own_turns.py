"""A host's own turn goes back to it as it came, whatever was in it and in whatever order; and what hosts say of that.

Turns are generated from a seed, streamed, read, and put into the next request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import fault_server as f
import pytest
from fault_server import FaultServer, Received
from wire_facts import text_of

from halley.core.calls import Message, Prompt, ToolCall, user
from halley.core.models import HostNotes, ModelRef
from halley.features.ask import ModelReply
from halley.providers.facts import describe_model
from halley.providers.hosts.learning import Learned
from halley.providers.wires.anthropic import AnthropicReader, build_messages_body
from halley.providers.wires.openai_reader import OpenAIReader
from halley.providers.wires.requests import build_chat_body
from halley.providers.wires.responses import ResponsesReader, build_responses_body

Json = dict[str, Any]
WORDS = ("I look.", "There — it is.", " ", "a\n\nb", "🙂")


def sent_back(reader: Any, chunks: list[Json], build: Callable[[Prompt], Mapping[str, Any]]) -> Any:
    reply = ModelReply()
    for chunk in chunks:
        for event in reader.feed(chunk):
            reply.add(event)
    for event in reader.close()[0]:
        reply.add(event)
    calls = tuple(ToolCall(call.id, call.name, call.arguments) for call in reply.tool_calls.values())
    notes = reply.notes and HostNotes(
        json.loads(json.dumps(reply.notes.data)), ModelRef("p", "m")
    )  # as stored
    turn = Message("assistant", (reply.text,), calls, notes=notes)
    return build(Prompt((user("One?"), turn, user("Two?"))))


# -- Responses


def output(random: Random) -> list[Json]:
    items: list[Json] = []
    for number in range(random.randint(1, 6)):
        kind = random.choice(("reasoning", "reasoning", "message", "message", "function_call", "compaction"))
        item: Json = {"type": kind, "id": f"{kind}_{number}"}
        if kind == "reasoning":
            item |= {"summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": f"e{number}"}
        elif kind == "compaction":
            item |= {"encrypted_content": f"c{number}"}
        elif kind == "message":
            texts = [random.choice(WORDS) for _ in range(random.randint(1, 2))]
            item |= {
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []} for text in texts],
            }
            if random.random() < 0.7:
                item["phase"] = random.choice(("commentary", "final_answer"))
        else:
            item |= {"call_id": f"call_{number}", "name": "read", "arguments": json.dumps({"n": number})}
            if random.random() < 0.3:
                item["namespace"] = {"opaque": [number]}
        items.append(item)
    return items  # fmt: skip


def streamed(random: Random, items: list[Json]) -> list[Json]:
    chunks: list[Json] = []
    for number, item in enumerate(items):
        where = {"output_index": number, "item_id": item["id"]}
        begun = {k: v for k, v in item.items() if k not in ("content", "arguments", "encrypted_content")}
        chunks.append({"type": "response.output_item.added", "output_index": number, "item": begun})
        for part in item.get("content", ()):
            text, at = part["text"], random.randint(0, len(part["text"]))
            chunks += [
                {"type": "response.output_text.delta", **where, "delta": piece}
                for piece in (text[:at], text[at:])
            ]
        chunks.append({"type": "response.output_item.done", "output_index": number, "item": item})
    whole = {"status": "completed", "output": items if random.random() < 0.5 else []}
    return [*chunks, {"type": "response.completed", "response": whole}]


def meant(item: Json) -> Json:
    """The item as it should go back: ids and how a text is cut into parts are ours."""
    kept = {
        k: v
        for k, v in item.items()
        if k not in ("status", *(("id",) if "content" in item or "call_id" in item else ()))
    }
    if "content" in item:
        kept["content"] = "".join(part["text"] for part in item["content"])
    return kept  # fmt: skip


def test_items_of_responses_go_back_as_they_came() -> None:
    for seed in range(300):
        random = Random(f"items {seed}")
        items = output(random)
        if not any(item["type"] in ("message", "function_call") for item in items):
            continue  # no reply at all: it is reported, and not sent back
        body = sent_back(
            ResponsesReader(),
            streamed(random, items),
            lambda prompt: build_responses_body("m", {}, prompt, Learned()),
        )
        back = [meant(item) for item in body["input"][1:-1]]
        # Nothing is noted of a turn without anything of the host's, so its texts and calls go back in our order.
        if any("encrypted_content" in item or "phase" in item or "namespace" in item for item in items):
            assert back == [meant(item) for item in items], seed
        ids = [item["id"] for item in body["input"] if item.get("type") == "message" and "id" in item]
        assert len(ids) == len(set(ids))


def test_text_that_changed_meanwhile_goes_back_with_the_phase_of_its_end() -> None:
    """The stored text of a turn of several rounds, one that was cut, one without its thoughts."""
    parts: list[Json] = [
        {"type": "text", "length": 3, "more": {"phase": "commentary"}},
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "e"},
        {"type": "text", "length": 4, "more": {"phase": "final_answer"}},
    ]
    notes = HostNotes({"wire": "responses", "items": parts})
    turn = Message("assistant", ("First round. Then the second.",), notes=notes)
    body = build_responses_body("m", {}, Prompt((user("One?"), turn, user("Two?"))), Learned())
    (reasoning, message) = body["input"][1:-1]
    assert reasoning == parts[1]
    assert message["phase"] == "final_answer" and message["content"][0]["text"] == turn.text


@pytest.mark.parametrize("text", ["<", "[", "<thin", " ", "</th", "[THINK"])
def test_text_that_looks_like_the_beginning_of_a_mark_comes_out_once(text: str) -> None:
    """It is held back until the end, where the whole response says it again."""
    item = {"type": "message", "id": "m1", "content": [{"type": "output_text", "text": text}]}
    body = sent_back(
        ResponsesReader(),
        [
            {"type": "response.output_text.delta", "item_id": "m1", "delta": text},
            {"type": "response.completed", "response": {"status": "completed", "output": [item]}},
        ],
        lambda prompt: build_responses_body("m", {}, prompt, Learned()),
    )
    assert body["input"][1]["content"][0]["text"] == text


# -- Messages


def test_blocks_of_messages_go_back_as_they_came() -> None:
    for seed in range(300):
        random = Random(f"blocks {seed}")
        blocks: list[Json] = []
        for number in range(random.randint(1, 6)):
            kind = random.choice(("thinking", "thinking", "redacted_thinking", "text", "tool_use"))
            block: Json = {"type": kind}
            if kind == "thinking":
                block |= {"thinking": random.choice(("", "Hm.")), "signature": f"s{number}"}
            elif kind == "redacted_thinking":
                block |= {"data": f"d{number}"}
            elif kind == "text":
                block |= {"text": random.choice([word for word in WORDS if word.strip()])}
            else:
                block |= {"id": f"toolu_{number}", "name": "read", "input": {"n": number}}
            blocks.append(block)
        chunks = blocks_streamed(random, blocks)
        body = sent_back(
            AnthropicReader(), chunks, lambda prompt: build_messages_body("m", prompt, Learned(), {})
        )
        if any("thinking" in block["type"] for block in blocks):
            assert body["messages"][1]["content"] == blocks, seed


def blocks_streamed(random: Random, blocks: list[Json]) -> list[Json]:
    chunks: list[Json] = [{"type": "message_start", "message": {"usage": {"input_tokens": 1}}}]
    for index, block in enumerate(blocks):
        names = {"thinking": "thinking", "signature": "signature", "text": "text", "input": "partial_json"}
        begun = {k: v if k not in names else type(v)() for k, v in block.items()}
        chunks.append({"type": "content_block_start", "index": index, "content_block": begun})
        for name, value in block.items():
            if name in names and value:
                text = value if isinstance(value, str) else json.dumps(value)
                kind = "input_json_delta" if name == "input" else f"{name}_delta"
                at = random.randint(0, len(text)) if name != "signature" else 0
                chunks += [
                    {
                        "type": "content_block_delta",
                        "index": index,
                        "delta": {"type": kind, names[name]: piece},
                    }
                    for piece in (text[:at], text[at:])
                ]
        chunks.append({"type": "content_block_stop", "index": index})
    return [
        *chunks,
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]


# -- chat completions


@pytest.mark.parametrize(
    ("pieces", "back"),
    [
        ([{"reasoning_content": "I lo"}, {"reasoning_content": "ok."}], {"reasoning_content": "I look."}),
        ([{"reasoning": "I look."}], {"reasoning": "I look."}),
        (
            [
                {"thinking_blocks": [{"type": "thinking", "thinking": "I lo"}]},
                {"thinking_blocks": [{"type": "thinking", "thinking": "ok.", "signature": "s"}]},
            ],
            {"thinking_blocks": [{"type": "thinking", "thinking": "I look.", "signature": "s"}]},
        ),
        (
            [
                {"reasoning_details": [{"type": "reasoning.summary", "summary": "I ", "index": 0}]},
                {"reasoning_details": [{"type": "reasoning.summary", "summary": "look.", "index": 0}]},
                {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": "rs_1", "index": 0}]},
            ],
            {
                "reasoning_details": [
                    {"type": "reasoning.summary", "summary": "I look.", "index": 0},
                    {"type": "reasoning.encrypted", "data": "x", "id": "rs_1", "index": 0},
                ]
            },
        ),
        ([{"extra_content": {"google": {"thought_signature": "s"}}}], {"extra_content": {"google": {"thought_signature": "s"}}}),
        ([{"provider_specific_fields": {"x": 1}}, {"provider_specific_fields": {"y": 2}}], {"provider_specific_fields": {"x": 1, "y": 2}}),
    ],
)  # fmt: skip
def test_fields_of_a_chat_go_back_as_they_came(pieces: list[Json], back: Json) -> None:
    calls = [{"index": 0, "id": "c1", "function": {"name": "read", "arguments": "{}"}}]
    deltas = [*pieces, {"tool_calls": calls}, {}]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks[-1]["choices"][0]["finish_reason"] = "tool_calls"
    body = sent_back(OpenAIReader(), chunks, lambda prompt: build_chat_body("m", {}, prompt, Learned()))
    assert {k: v for k, v in body["messages"][1].items() if k in back} == back


def test_signatures_stay_with_their_calls_in_any_numbering() -> None:
    """Also where all calls are number 0, and where a signature comes in a piece of its own."""
    for indexes in ((0, 1, 2), (0, 0, 0), (None, None, None)):
        for apart in (False, True):
            chunks: list[Json] = []
            for number, index in enumerate(indexes):
                piece: Json = {
                    "index": index,
                    "id": f"c{number}",
                    "function": {"name": "read", "arguments": f'{{"n":{number}}}'},
                }
                signed = {"extra_content": {"google": {"thought_signature": f"s{number}"}}}
                pieces = [piece, {"index": index, "id": f"c{number}"} | signed] if apart else [piece | signed]
                chunks += [{"choices": [{"index": 0, "delta": {"tool_calls": [one]}}]} for one in pieces]
            chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
            body = sent_back(
                OpenAIReader(), chunks, lambda prompt: build_chat_body("m", {}, prompt, Learned())
            )
            found = [
                call["extra_content"]["google"]["thought_signature"]
                for call in body["messages"][1]["tool_calls"]
            ]
            assert found == ["s0", "s1", "s2"], (indexes, apart)  # fmt: skip


# -- what hosts say of it

HELLO = {
    "openai": f.stream({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}),
    "openai-responses": f.stream(
        {"type": "response.output_text.delta", "delta": "Hello"},
        {"type": "response.completed", "response": {"status": "completed", "object": "response"}},
    ),
    "anthropic": f.stream(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ),
}
NOTES: dict[str, Any] = {
    "openai": {
        "wire": "chat",
        "message": {"reasoning_content": "Hm."},
        "calls": {"0": {"extra_content": {"google": {"thought_signature": "OPAQUE"}}}},
    },
    "openai-responses": {
        "wire": "responses",
        "items": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "OPAQUE"},
            {"type": "text", "length": 7, "more": {"phase": "OPAQUE"}},
            {"type": "function_call"},
        ],
    },
    "anthropic": {
        "wire": "messages",
        "blocks": [
            {"type": "thinking", "thinking": "Hm.", "signature": "OPAQUE"},
            {"type": "text", "length": 7},
            {"type": "tool_use"},
        ],
    },
}


def loop(kind: str, notes: bool = True) -> Prompt:
    attached = HostNotes(NOTES[kind], ModelRef("host", "m")) if notes else None
    turn = Message("assistant", ("I look.",), (ToolCall("c1", "read", "{}"),), notes=attached)
    return Prompt((user("Read."), turn, Message("tool", ("text",), tool_call_id="c1")), max_tokens=4000)


REFUSED: list[tuple[str, str, bool]] = [  # the wire, the host's words, whether it is so for good
    ("openai-responses", "The encrypted content gAAA...c90= could not be verified.", False),
    ("openai-responses", "The encrypted content for item rs_1 could not be verified. Reason: Encrypted content organization_id did not match the target organization.", False),
    ("openai-responses", "Item 'rs_1' of type 'reasoning' was provided without its required following item.", False),
    ("openai-responses", "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.", False),
    ("openai-responses", "Unknown parameter: 'input[2].phase'.", True),
    ("openai-responses", "input.1.encrypted_content: Extra inputs are not permitted", True),
    ("openai-responses", "Invalid value: 'reasoning'. Supported values are: 'message', 'function_call' and 'function_call_output'.", True),
    ("anthropic", "messages.1.content.0: Invalid `signature` in `thinking` block", False),
    ("anthropic", "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.", False),
    ("anthropic", "messages.1.content.0: Input tag 'thinking' found using 'type' does not match any of the expected tags: 'text', 'tool_use'", True),
    ("openai", "Corrupted thought signature.", False),
    ("openai", "Thought signature is not valid.", False),
    ("openai", "property 'messages.1.tool_calls.0.extra_content' is unsupported", True),
    ("openai", "messages.1.reasoning_content: Extra inputs are not permitted", True),
    ("openai", "Unrecognized request argument supplied: messages[1].reasoning_content", True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "for_good"), REFUSED)
async def test_notes_that_are_refused_are_left_out(
    provider_of: Any, ask: Any, kind: str, words: str, for_good: bool
) -> None:
    """For good where the host knows no such thing; what is only invalid now is sent again with the next turn."""

    def choose(request: Received) -> Any:
        has_notes = b"OPAQUE" in request.body or b"reasoning_content" in request.body
        refusal = [f.reply(400, {"error": {"message": words, "type": "invalid_request_error"}})]
        return refusal if has_notes else HELLO[kind]

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url, kind=kind)
        for _ in range(2):
            events, error = await ask(provider, "m", loop(kind))
            assert error is None and text_of(events) == "Hello"
    assert len(host.requests) == (3 if for_good else 4)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (
            "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.",
            b"skip_thought_signature_validator",
        ),
        (
            "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
            b'"reasoning_content":" "',
        ),
        (
            "Missing `reasoning_content` field in the assistant message at message index 1. For more information, please refer to the docs",
            b'"reasoning_content":" "',
        ),
        ("The `reasoning_content` in the thinking mode must be passed back to the API.", b'"reasoning_content":" "'),
    ],
)  # fmt: skip
async def test_a_call_of_another_model_gets_what_the_host_wants_with_calls(
    provider_of: Any, ask: Any, words: str, wanted: bytes
) -> None:
    """After a switch of models in the middle of a loop; own turns keep what is theirs."""

    def choose(request: Received) -> Any:
        own = b"OPAQUE" in request.body and b'"Hm."' in request.body
        good = own or wanted in request.body.replace(b'": "', b'":"')
        return HELLO["openai"] if good else [f.reply(400, {"error": {"message": words}})]

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url)
        for prompt, requests in (
            (loop("openai", notes=False), 2),
            (loop("openai"), 3),
            (loop("openai", notes=False), 4),
        ):
            _, error = await ask(provider, "m", prompt)
            assert error is None and len(host.requests) == requests
        assert b"OPAQUE" in host.requests[2].body and b"skip_thought" not in host.requests[2].body  # fmt: skip


async def test_a_loop_that_began_without_thinking_continues_without(provider_of: Any) -> None:
    words = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block."

    def choose(request: Received) -> Any:
        is_wrong = "thinking" in request.json and len(request.json["messages"]) > 1
        return (
            [f.reply(400, {"error": {"message": words, "type": "invalid_request_error"}})]
            if is_wrong
            else HELLO["anthropic"]
        )

    async with FaultServer(choose=choose) as host:
        provider = provider_of(host.url, "anthropic")
        model = describe_model(provider.endpoint, "claude-sonnet-4-5")
        model = replace(model, ref=replace(model.ref, effort="high"))
        for prompt in (loop("anthropic", notes=False), Prompt((user("New?"),), max_tokens=4000)):
            events = [event async for event in provider.stream(model, prompt)]
            assert text_of(events) == "Hello"
    assert ["thinking" in request.json for request in host.requests] == [True, False, True]
