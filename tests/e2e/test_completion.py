"""Ghost text: one item when automatic, superseded immediately, accepted at the cursor; and the list for other editors."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
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


async def test_the_stream_is_closed_where_the_answer_ends(window: Window, simulator: Simulator) -> None:
    code = "def area(width, height):\n    print()\n"
    buffer = await window.open("area.py", code)
    at = code.index("print(") + len("print(")
    simulator.script("width * height\n" + "print('and so on')\n" * 200, tokens_per_s=40)
    (item,) = items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC)))
    assert item["insertText"] == "width * height"
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    (seen,) = simulator.requests
    assert seen.closed_early and seen.pieces < 1_000, "the rest would have taken 40 s"
    assert seen.json["stop"] == ["\n"], "and the model gets its stop sequence"


async def test_files_that_never_leave_are_never_asked_about(
    daemon: Any, workspace: Path, simulator: Simulator
) -> None:
    (workspace / ".git").mkdir()
    (workspace / ".gitignore").write_text("private/\n")
    window: Window = await daemon(settings={"context": {"exclude": ["fixtures/**"]}})
    for name in ("private/a.py", "fixtures/a.py", ".env"):
        buffer = await window.open(name, CODE)
        at = CODE.index("return ") + len("return ")
        for trigger in (AUTOMATIC, INVOKED):
            assert (
                items(await window.request("textDocument/inlineCompletion", inline(buffer, at, trigger)))
                == []
            )
    assert not simulator.requests


async def test_a_broken_model_means_no_suggestion_and_no_second_try(
    window: Window, simulator: Simulator
) -> None:
    buffer = await window.open("area.py", CODE)
    simulator.script(status=500, body={"error": {"message": "down"}}, repeat=-1)
    at = CODE.index("return ") + len("return ")
    assert items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC))) == []
    assert len(simulator.requests) == 1


async def test_a_list_never_waits_for_a_model(daemon: Any, simulator: Simulator) -> None:
    window: Window = await daemon(settings={"completion": {"list": True}})
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.options = simulator.options.__class__(delay_ms=1500)
    simulator.script("width * height")
    question = {"textDocument": {"uri": buffer.uri}, "position": buffer.position(at)}
    listed = await window.request("textDocument/completion", question)
    assert listed == {"isIncomplete": True, "items": []}
    await simulator.wait_for(lambda sim: sim.requests)
    assert simulator.requests[0].ended_at is None, "the model is still thinking"
    again = await window.request("textDocument/completion", question)
    assert again == listed, "and is not asked twice"
    await simulator.wait_for(lambda sim: sim.requests and sim.open_streams == 0)
    listed = await _until_listed(window, question)
    (item,) = listed["items"]
    assert listed["isIncomplete"] and item["textEdit"]["newText"] == "width * height"
    assert item["insertTextFormat"] == 1, "what a model says is no snippet"
    assert len(simulator.requests) == 1


async def _until_listed(window: Window, question: Json) -> Json:
    """The stream has ended upstream; the daemon may have a few turns of its loop to go."""
    while True:
        listed = await window.request("textDocument/completion", question)
        if listed["items"]:
            return listed


async def test_without_the_setting_editors_with_ghost_text_get_no_list(
    window: Window, simulator: Simulator
) -> None:
    buffer = await window.open("area.py", CODE)
    question = {"textDocument": {"uri": buffer.uri}, "position": buffer.position(len(CODE) - 1)}
    assert await window.request("textDocument/completion", question) == {"isIncomplete": False, "items": []}
    assert not simulator.requests


async def test_acceptance_is_counted_by_model_and_language(
    window: Window, simulator: Simulator, halley_home: Path
) -> None:
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.script("width * height")
    (item,) = items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC)))
    await window.type(buffer, at, "wid")
    (rest,) = items(await window.request("textDocument/inlineCompletion", inline(buffer, at + 3, AUTOMATIC)))
    assert rest["insertText"] == "th * height"
    (accepted,) = rest["command"]["arguments"]
    partial = accepted | {"characters": 2, "partial": True}
    for arguments in (partial, accepted):
        command = {"command": item["command"]["command"], "arguments": [arguments]}
        assert await window.request("workspace/executeCommand", command) is None
    report = await window.request("halley/usage", {})
    assert report["completions"] == [
        {
            "model": "simulator/sim-fim", "language": "python", "shown": 1, "accepted": 1, "partlyAccepted": 1,
            "acceptedCharacters": 2 + len("th * height"), "rate": 1.0,
        }
    ]  # fmt: skip
    shown = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "usage", "--no-quota", "--json", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await shown.communicate()
    assert json.loads(out)["completions"] == report["completions"]
    table = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "usage", "--no-quota", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await table.communicate()
    assert "IN PART" in out.decode() and "100%" in out.decode()


async def test_what_was_typed_along_is_not_there_twice(window: Window, simulator: Simulator) -> None:
    """As Neovim accepts: the whole suggestion at its old place, whatever was typed since."""
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.script("width * height")
    (item,) = items(await window.request("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC)))
    accepted = (item["command"]["command"], *item["command"]["arguments"])
    for key in range(3):
        await window.type(buffer, at + key, "wid"[key])
    await window.type(buffer, at, item["insertText"])
    assert "width * heightwid" in buffer.text
    await window.command(*accepted)
    assert buffer.text == CODE.replace("return ", "return width * height") and len(window.edits) == 1

    await window.type(buffer, at + len("width * height"), "w")  # a key after an acceptance is the user's
    await window.command(*accepted)
    assert "width * heightw\n" in buffer.text and len(window.edits) == 1


async def test_what_was_superseded_is_settled_as_that(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    simulator.script("never " * 100, tokens_per_s=20)
    first = window.start("textDocument/inlineCompletion", inline(buffer, at, AUTOMATIC))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await window.type(buffer, at, "w")
    simulator.script("idth * height")
    second = await window.request("textDocument/inlineCompletion", inline(buffer, at + 1, AUTOMATIC))
    assert items(await first) == [] and items(second)[0]["insertText"] == "idth * height"
    rows: dict[str, int] = {}
    while set(rows) != {"superseded", "complete"}:  # settled behind the answers, which wait for no disk
        report = await window.request("halley/usage", {"by": ["status"]})
        rows = {row["status"]: row["calls"] for row in report["rows"]}
    assert rows == {"superseded": 1, "complete": 1}


async def test_three_candidates_when_invoked_one_while_typing(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("area.py", CODE)
    at = CODE.index("return ") + len("return ")
    for text in ("width * height", "height * width", "abs(width * height)"):
        simulator.script(text)
    found = items(await window.request("textDocument/inlineCompletion", inline(buffer, at, INVOKED)))
    assert {item["insertText"] for item in found} == {
        "width * height",
        "height * width",
        "abs(width * height)",
    }


async def test_the_entry_chosen_in_the_list_is_respected(window: Window, simulator: Simulator) -> None:
    code = "import os\nos.pa"
    buffer = await window.open("paths.py", code)
    simulator.script(".join(a, b)")
    chosen = {"start": buffer.position(len(code) - 2), "end": buffer.position(len(code))}
    question = inline(buffer, len(code), AUTOMATIC)
    question["context"]["selectedCompletionInfo"] = {"range": chosen, "text": "path"}
    (item,) = items(await window.request("textDocument/inlineCompletion", question))
    assert item["insertText"] == "path.join(a, b)" and item["range"] == chosen
    assert json.loads(simulator.requests[-1].body)["prompt"].endswith("os.path")


async def test_what_was_typed_elsewhere_a_moment_ago_is_in_the_prompt(
    window: Window, simulator: Simulator
) -> None:
    prices = await window.open("prices.py", "def vat_of(price):\n    return price\n")
    await window.type(prices, len("def vat_of(price):\n    return price"), " * VAT_RATE")
    code = "from prices import vat_of\n\n\ndef total(price):\n    return "
    buffer = await window.open("total.py", code)
    simulator.script("price + vat_of(price)")
    await window.request("textDocument/inlineCompletion", inline(buffer, len(code), AUTOMATIC))
    prompt = json.loads(simulator.requests[-1].body)["prompt"]
    assert prompt.startswith("# prices.py:\n#") and "price * VAT_RATE" in prompt
    assert prompt.endswith(code)


@pytest.mark.parametrize(
    ("name", "language", "leaks"), [("a.js", "javascript", False), ("a.py", "python", True)]
)
async def test_only_files_in_the_same_language_are_gone_on_from(
    window: Window, simulator: Simulator, name: str, language: str, leaks: bool
) -> None:
    """A model continues what it is shown, as the simulator does, which completes from the text at hand."""
    javascript = "function add_prices(prices) {\n  return prices.reduce(addUpPrices, 0);\n}\n"
    python = "def add_prices(prices):\n    return prices.reduce(addUpPrices, 0)\n"
    other = javascript if language == "javascript" else python
    await window.open(name, other, language)
    code = "def total_of(prices):\n    add_prices(prices)\n    return prices.red"
    buffer = await window.open("b.py", code)
    answer = await window.request("textDocument/inlineCompletion", inline(buffer, len(code), INVOKED))
    items = answer["items"] if isinstance(answer, dict) else answer or []
    assert leaks or not any("addUpPrices" in item["insertText"] for item in items)
    assert simulator.requests and all(
        ("addUpPrices" in request.body.decode()) is leaks for request in simulator.requests
    )
