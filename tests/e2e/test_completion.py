"""Ghost text: one item when automatic, superseded at once, accepted at the cursor; and the list for other editors."""

from __future__ import annotations

from typing import Any

from buffer import Buffer, Json
from window import Window

from halley.simulator import Simulator

CODE = "def area(width, height):\n    return \n"
AUTOMATIC, INVOKED = 2, 1


def inline(buffer: Buffer, at: int, trigger: int = INVOKED) -> Json:
    position = {"textDocument": {"uri": buffer.uri}, "position": buffer.position(at)}
    return position | {"context": {"triggerKind": trigger}}


def items(result: Any) -> list[Json]:
    return result["items"] if isinstance(result, dict) else result or []


async def test_what_is_suggested_is_what_the_model_said(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.script("width * height")
    (item,) = items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC)))
    assert item["insertText"] == "width * height"
    assert simulator.requests[-1].model == "sim-fim"


async def test_a_newer_question_supersedes_the_older(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.script("never " * 100, tokens_per_s=2)
    first = window.start("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await window.type(buffer, at, "w")
    simulator.script("idth * height")
    second = window.start("textDocument/inlineCompletion", inline(buffer, at + 1, AUTOMATIC))
    assert items(await first) == []
    assert items(await second)[0]["insertText"] == "idth * height"
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    assert simulator.requests[0].closed_early


async def test_a_broken_model_means_no_suggestion_and_no_second_try(
    window: Window, simulator: Simulator
) -> None:
    buffer = await window.open("area.py", CODE)
    simulator.script(status=500, body={"error": {"message": "down"}}, repeat=-1)
    at = CODE.index("return ") + len("return ")
    assert items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC))) == []
    assert len(simulator.requests) == 1
