"""Streams of tool calls in all shapes and orders come out as the calls that were meant.

Generated from a seed: what was meant first, then a host's way of saying it. Where a shape leaves two readings open (the
same call twice without an id, say) it is not generated.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from halley.core.events import Finish, ToolCallDelta
from halley.providers.stream.json_prefix import extent_of
from halley.providers.wires.anthropic import AnthropicReader
from halley.providers.wires.openai_reader import OpenAIReader
from halley.providers.wires.responses import ResponsesReader

NAMES = ("read", "list", "search_workspace", "now")
TEXTS = ("a", 'say "}{"', "back\\slash\\", "ümläut\n", "", '{"a":1}', "}", "[x")
Meant = list[tuple[str, dict[str, Any]]]


def meant(random: Random) -> Meant:
    """One to four calls, no two of them equal."""
    calls: Meant = []
    for _ in range(random.randint(1, 4)):
        arguments = {f"k{n}": value(random) for n in range(random.randint(0, 3))}
        call = (random.choice(NAMES), arguments)
        if call not in calls:
            calls.append(call)
    return calls


def value(random: Random, depth: int = 0) -> Any:
    kind = random.randint(0, 3 if depth else 5)
    if kind == 4:
        return {"n": value(random, depth + 1)}
    if kind == 5:
        return [value(random, depth + 1) for _ in range(2)]
    return (random.choice(TEXTS), random.randint(-9, 9), None, True)[kind]


def cut(random: Random, text: str) -> list[str]:
    places = sorted(random.randint(0, len(text)) for _ in range(random.randint(0, 5)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def came_out(reader: Any, chunks: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    calls: dict[int, list[str]] = {}
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    held, finish = reader.close()
    for event in [*events, *held]:
        assert isinstance(event, ToolCallDelta)
        name, arguments = calls.get(event.index, ["", ""])
        assert not (name and event.name), "a name comes once"
        calls[event.index] = [name + event.name, arguments + event.arguments]
    assert list(calls) == list(range(len(calls))), "numbered from 0 in the order they began"
    assert isinstance(finish, Finish) and finish.reason == "tool_calls"
    return [(name, json.loads(arguments or "{}")) for name, arguments in calls.values()]


# -- chat completions


def openai_pieces(random: Random, calls: Meant) -> tuple[str, list[dict[str, Any]]]:
    numbers = random.choice(("right", "right", "all 0", "none"))
    ids = random.choice(("first", "every", "none", "each piece", "one for all"))
    names = random.choice(("first", "every"))
    form = random.choice(("pieces", "whole", "object", "empty first", "growing"))
    if ids == "one for all" or (numbers != "right" and ids in ("none", "each piece")):
        calls[:] = [call for call in calls if call[1]]  # `now {}` and `now {"k":1}` would be one call
    if names == "every" and ids == "each piece":
        names = "first"  # a new id with a name is a new call
    if form == "empty first" or (form == "growing" and ids == "each piece"):
        ids = "first" if ids == "each piece" else ids
    groups = [
        openai_call(random, number, call, numbers, ids, names, form) for number, call in enumerate(calls)
    ]
    if numbers == "right" and ids in ("first", "every", "none") and random.random() < 0.4:
        pieces = interleaved(random, groups)
    else:
        pieces = [piece for group in groups for piece in group]
    if ids in ("first", "every") and calls and calls[-1][1] and random.random() < 0.3:
        number = len(calls) - 1
        pieces.append(piece_of(number + 1, f"c{number}", calls[-1][0], json.dumps(calls[-1][1], indent=1)))
    return f"{numbers=} {ids=} {names=} {form=}", pieces


def openai_call(
    random: Random,
    number: int,
    call: tuple[str, dict[str, Any]],
    numbers: str,
    ids: str,
    names: str,
    form: str,
) -> list[dict[str, Any]]:
    name, arguments = call
    text = json.dumps(arguments, ensure_ascii=random.random() < 0.5)
    texts: list[Any] = [text]
    if form in ("pieces", "growing", "empty first") or ids == "each piece":
        texts = [piece for piece in cut(random, text) if piece]
    if form == "object" and ids != "each piece":
        texts = [arguments]
    if form == "empty first":
        texts = ["{}", *texts] if arguments else ["{}"]
    elif form == "growing" and "".join(texts) == text:
        texts = ["".join(texts[: at + 1]) for at in range(len(texts))]
    if random.random() < 0.5 and texts[0] != arguments:
        texts = ["", *texts]
    index = {"right": number, "all 0": 0, "none": None}[numbers]
    said: list[dict[str, Any]] = []
    for at, piece in enumerate(texts):
        first = at == 0
        id = {
            "first": f"c{number}" if first else "",
            "every": f"c{number}",
            "none": "",
            "each piece": f"c{number}_{at}",
            "one for all": "call_0" if first or numbers == "right" else "",
        }[ids]
        again = names == "every" and ids != "one for all"
        said.append(piece_of(index, id, name if first or again else "", piece))
    return said


def piece_of(index: int | None, id: str, name: str, arguments: Any) -> dict[str, Any]:
    piece: dict[str, Any] = {"function": {"arguments": arguments}}
    if name:
        piece["function"]["name"] = name
    if index is not None:
        piece["index"] = index
    if id:
        piece["id"] = id
    return piece


def interleaved(random: Random, groups: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The first piece of each in order, then all mixed."""
    mixed = [group.pop(0) for group in groups]
    while left := [group for group in groups if group]:
        mixed.append(random.choice(left).pop(0))
    return mixed


def openai_chunks(random: Random, pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = []
    while pieces:
        count = random.randint(1, 3)
        taken, pieces = pieces[:count], pieces[count:]
        chunks.append({"choices": [{"index": 0, "delta": {"tool_calls": taken}}]})
    return [*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}]


# -- Messages


def anthropic_chunks(random: Random, calls: Meant) -> list[dict[str, Any]]:
    all_zero = random.random() < 0.3
    chunks: list[dict[str, Any]] = []
    for number, (name, arguments) in enumerate(calls):
        index = 0 if all_zero else number
        text = json.dumps(arguments)
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        form = random.choice(("pieces", "whole", "both", "no input"))
        if form in ("whole", "both"):
            block["input"] = arguments
        if form == "no input":
            del block["input"]
        chunks.append({"type": "content_block_start", "index": index, "content_block": block})
        for piece in cut(random, text) if form != "whole" else ():
            delta = {"type": "input_json_delta", "partial_json": piece}
            chunks.append({"type": "content_block_delta", "index": index, "delta": delta})
        chunks.append({"type": "content_block_stop", "index": index})
    return [
        *chunks,
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]


# -- Responses


def responses_chunks(random: Random, calls: Meant) -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = []
    output: list[dict[str, Any]] = []
    with_ids, with_delta = random.random() < 0.7, random.random() < 0.8
    for number, (name, arguments) in enumerate(calls):
        text = json.dumps(arguments)
        item = {"type": "function_call", "call_id": f"call_{number}", "name": name, "arguments": ""}
        where: dict[str, Any] = {"output_index": number}
        if with_ids:
            item["id"] = where["item_id"] = f"fc_{number}"
        chunks.append({"type": "response.output_item.added", "output_index": number, "item": dict(item)})
        kind = "response.function_call_arguments"
        if with_delta:
            chunks += [{"type": f"{kind}.delta", **where, "delta": piece} for piece in cut(random, text)]
        if random.random() < 0.7:
            chunks.append({"type": f"{kind}.done", **where, "arguments": text})
        item["arguments"] = text
        output.append(item)
        if random.random() < 0.7:
            chunks.append({"type": "response.output_item.done", "output_index": number, "item": item})
    whole = {"object": "response", "status": "completed", "output": output}
    return [*chunks, {"type": "response.completed", "response": whole}]


@pytest.mark.parametrize("wire", ["openai", "anthropic", "responses"])
def test_calls_come_out_as_they_were_meant(wire: str) -> None:
    for seed in range(400):
        random = Random(f"{wire} {seed}")
        calls, shape = meant(random), ""
        if wire == "openai":
            shape, pieces = openai_pieces(random, calls)
            if not calls:
                continue
            reader, chunks = OpenAIReader(), openai_chunks(random, pieces)
        elif wire == "anthropic":
            reader, chunks = AnthropicReader(), anthropic_chunks(random, calls)
        else:
            reader, chunks = ResponsesReader(), responses_chunks(random, calls)
        said = f"{seed=} {shape}\n" + "\n".join(map(json.dumps, chunks))
        try:
            found = came_out(reader, chunks)
        except ValueError as error:
            found = error
        assert found == calls, said


def test_how_far_json_reaches() -> None:
    for seed in range(200):
        random = Random(seed)
        text = json.dumps({"k": value(random), "l": value(random)})
        assert [extent_of(text[:at]) for at in range(len(text) + 1)] == [
            "empty", *["part"] * (len(text) - 1), "whole",
        ]  # fmt: skip
        assert extent_of(text + " \n") == "whole" and extent_of(text + "{") == "more"
    assert extent_of("[1]") == extent_of("x") == extent_of('{"a":1{') == "more"
