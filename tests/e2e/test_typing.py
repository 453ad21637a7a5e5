"""A user types real source back in, key by key, while models take their time: nothing waits, nothing is stale."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from window import Window

from halley.simulator import Simulator

SCALE = 0.1
"""Keys and answers are this much faster than people and models, in the same proportion."""

SOURCES = {name: __import__(name).__file__ for name in ("textwrap", "bisect", "heapq")}


def _hole(name: str, seed: int) -> tuple[str, int, str]:
    """A real file, a place in it, and the line's end that was taken out there."""
    text = Path(SOURCES[name]).read_text("utf-8")[:12_000]
    lines = text.split("\n")
    choice = random.Random(seed)
    rows = [row for row, line in enumerate(lines[:-3]) if len(line.strip()) > 24 and row > 20]
    row = choice.choice(rows)
    start = sum(len(line) + 1 for line in lines[:row]) + len(lines[row]) - len(lines[row].lstrip()) + 4
    end = sum(len(line) + 1 for line in lines[:row]) + len(lines[row])
    return text[:start] + text[end:], start, text[start:end]


@pytest.mark.parametrize("name", SOURCES)
async def test_typing_a_line_back_in(
    name: str, window: Window, simulator: Simulator, record_property: Callable[[str, object], None]
) -> None:
    text, at, missing = _hole(name, seed=len(name))
    pace = random.Random(name)
    simulator.options = simulator.options.__class__(delay_ms=int(pace.uniform(200, 800) * SCALE))
    window.settings = {"completion": {"debounceMs": 5}}
    window.notify("workspace/didChangeConfiguration", {"settings": {"halley": window.settings}})
    buffer = await window.open(f"{name}.py", text)
    warm = {
        "textDocument": {"uri": buffer.uri},
        "position": buffer.position(at),
        "context": {"triggerKind": 1},
    }
    await window.request("textDocument/inlineCompletion", warm)  # so that keys are answered, not start-up
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    simulator.clear()
    simulator.script("  # said late", repeat=-1)
    asked: list[tuple[int, str, Any, asyncio.Task[Any]]] = []
    most_alive = 0
    for index, key in enumerate(missing):
        await window.type(buffer, at + index, key)
        position = buffer.position(at + index + 1)
        params = {"textDocument": {"uri": buffer.uri}, "position": position, "context": {"triggerKind": 2}}
        task = window.start("textDocument/inlineCompletion", params)
        asked.append((at + index + 1, buffer.text, position, task))
        await asyncio.sleep(pace.uniform(0.030, 0.120) * SCALE)
        most_alive = max(most_alive, simulator.open_streams)
    answers = await asyncio.gather(*(task for *_, task in asked))
    assert len(answers) == len(missing), "every question is answered"
    assert most_alive <= 1, "one call alive for a document"
    for (offset, was, position, _), answer in zip(asked, answers, strict=True):
        for item in answer["items"]:
            assert item["range"] == {"start": position, "end": position}, "the item is for where it was asked"
            suffix = was[offset:].split("\n")[0].strip()
            assert not (suffix and item["insertText"].endswith(suffix)), "the suffix is not said twice"
            below = [line.strip() for line in was[offset:].split("\n")[1:3] if len(line.strip()) > 3]
            assert not (below and item["insertText"].strip() == below[0]), "nor is the line below"
    calls = len([seen for seen in simulator.requests if "completions" in seen.path])
    assert calls <= len(missing), f"{calls} calls for {len(missing)} keys"
    assert answers[-1]["items"][0]["insertText"].strip() == "# said late", "a user who pauses gets ghost text"
    offered = sum(bool(answer["items"]) for answer in answers)
    record_property("calls_per_key", round(calls / len(missing), 2))
    record_property("calls_per_answered_key", round(calls / offered, 2) if offered else None)
    await simulator.wait_for(lambda sim: sim.open_streams == 0)


async def test_an_answer_typed_along_costs_one_call(window: Window, simulator: Simulator) -> None:
    answer = "sum(numbers) / len(numbers)"
    code = "def mean(numbers):\n    return \n"
    buffer = await window.open("mean.py", code)
    at = code.index("return ") + len("return ")
    simulator.script(answer)
    served: list[str] = []
    for index in range(len(answer)):
        position = {"position": buffer.position(at + index), "context": {"triggerKind": 2}}
        result = await window.request(
            "textDocument/inlineCompletion", {"textDocument": {"uri": buffer.uri}} | position
        )
        served += [item["insertText"] for item in result["items"]]
        await window.type(buffer, at + index, answer[index])
    assert served == [answer[index:] for index in range(len(answer))]
    assert len(simulator.requests) == 1
