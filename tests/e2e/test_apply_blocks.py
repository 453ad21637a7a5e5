"""Blocks of a chat applied to a file, and files that a change makes: where they land, and that they are opened."""

from __future__ import annotations

import pytest
from window import Window

from halley.simulator import Simulator

CODE = '"""Orders of a shop."""\n\nimport math\n\n\ndef total(prices):\n    return math.fsum(prices)\n'
NEW = "def average(prices):\n    return total(prices) / len(prices)"
START = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


async def apply(window: Window, text: str, name: str = "shop.py", **more: str) -> dict:
    uri = (window.folder / name).as_uri()
    params = {"text": text, "language": "python", "textDocument": {"uri": uri}, "range": START}
    return await window.request("halley/chat/apply", params | more)


async def test_a_new_block_never_lands_above_the_docstring(window: Window) -> None:
    buffer = await window.open("shop.py", CODE)
    assert (await apply(window, NEW))["applied"] is True
    assert buffer.text == f"{CODE}\n\n{NEW}\n"


async def test_a_block_without_a_certain_place_is_a_proposal(window: Window) -> None:
    buffer = await window.open("shop.py", CODE)
    answer = await apply(window, "LIMIT = 10")
    assert buffer.text == CODE
    listed = (await window.request("halley/proposals/list", {}))["proposals"]
    assert [(one["id"], one["reason"]) for one in listed] == [
        (answer["proposal"], "It does not say where in the file it belongs.")
    ]
    assert listed[0]["hunks"][0]["newText"].strip() == "LIMIT = 10"


async def test_a_file_that_is_not_open_is_changed_and_opened(window: Window) -> None:
    await window.open("shop.py", CODE)
    other = window.folder / "lib" / "more.py"
    other.parent.mkdir()
    other.write_text("def one():\n    return 1\n")
    answer = await apply(window, NEW, file="lib/more.py")
    assert answer["applied"] is True
    assert window.edits[-1]["edit"]["documentChanges"][0]["textDocument"]["uri"] == other.as_uri()
    await window.until(lambda: [one["uri"] for one in window.shown] == [other.as_uri()], "it is opened")


@pytest.mark.parametrize("existing", [True, False])
async def test_tests_are_opened_where_they_were_written(
    window: Window, simulator: Simulator, existing: bool
) -> None:
    home = window.folder / "tests" / "test_shop.py"
    if existing:
        home.parent.mkdir()
        home.write_text("def test_nothing():\n    pass\n")
    buffer = await window.open("shop.py", CODE)
    simulator.script("```python\ndef test_total():\n    assert total([1]) == 1\n```")
    action = await window.action(buffer, buffer.range("math.fsum", cursor=True), "refactor.halley.tests")
    assert (await window.run(action))["applied"] is True
    await window.until(lambda: window.shown, "it is opened")
    assert window.shown == [{"uri": home.as_uri(), "takeFocus": True}]


async def test_a_new_file_that_was_proposed_is_opened_once_accepted(window: Window) -> None:
    await window.open("shop.py", CODE)
    answer = await apply(window, "def test_total():\n    assert total([1]) == 1")
    created = (window.folder / "tests" / "test_shop.py").as_uri()
    assert created not in [one["uri"] for one in window.shown]
    await window.request("halley/proposals/accept", {"id": answer["proposal"]})
    await window.until(lambda: window.shown and window.shown[-1]["uri"] == created, "it is opened")


async def test_what_is_in_sight_is_not_opened_again(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("shop.py", CODE)
    simulator.script("```python\ndef total(prices):\n    return sum(prices)\n```")
    action = await window.action(
        buffer, buffer.range("math.fsum", cursor=True), "refactor.rewrite.halley.improve"
    )
    await window.run(action)
    await window.request("halley/proposals/list", {})
    assert window.shown == []
