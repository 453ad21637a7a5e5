"""The next edit through the daemon: offered after an edit, on each surface, accepted, rejected, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from buffer import Buffer, Json
from lspclient import RequestFailed
from window import Window

from halley.simulator import Simulator

CODE = (
    "def area(width, height):\n    return width * height\n\n\n"
    + "# some other code\n" * 30
    + "def show():\n    print(area(2, 3))\n    print(area(4, 5))\n"
)
SETTINGS: Json = {"roles": {"next": "simulator/sim-next"}, "next_edit": {"debounce_ms": 0}}


@pytest.fixture
async def editor(daemon: Any) -> Window:
    return await daemon(settings=SETTINGS)


def question(buffer: Buffer, at: int, **more: Any) -> Json:
    document = {"uri": buffer.uri, "version": buffer.version}
    return {"textDocument": document, "position": buffer.position(at)} | more


async def rename(window: Window, buffer: Buffer, old: str, new: str) -> int:
    """Rename at the first place; where the cursor is then."""
    at = buffer.text.index(old)
    await window.type(buffer, at, new, instead_of=len(old))
    return at + len(new)


def accept(buffer: Buffer, edit: Json) -> None:
    assert edit["uri"] == buffer.uri and edit["version"] == buffer.version
    buffer.apply([{"range": edit["range"], "newText": edit["text"]}])


async def test_a_rename_is_followed_to_the_calls_screens_below(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    edit = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
    assert edit["jump"] and edit["model"] == "simulator/sim-next"
    accept(buffer, edit)
    assert "print(surface(2, 3))" in buffer.text
    assert len(simulator.requests) == 1


async def test_a_new_parameter_is_followed_to_the_calls(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    around = "\n".join(CODE.splitlines()[-10:])
    simulator.script(REGION.format(around.replace("(2, 3)", "(2, 3, 0)").replace("(4, 5)", "(4, 5, 0)")))
    at = buffer.text.index("height")
    await editor.type(buffer, at, "height: int, depth: int", instead_of=len("height"))
    edit = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
    accept(buffer, edit)
    assert "print(area(2, 3, 0))" in buffer.text


async def test_what_is_left_of_an_answer_needs_no_further_call(editor: Window, simulator: Simulator) -> None:
    code = "def area(w):\n    return w\n\n\na = area(1)\nb = 1\nc = 2\nd = area(2)\n"
    buffer = await editor.open("shapes.py", code)
    at = await rename(editor, buffer, "area", "surface")
    for _ in range(2):
        edit = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
        before = buffer.text
        accept(buffer, edit)
        editor.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": buffer.uri, "version": buffer.version},
                "contentChanges": [{"text": buffer.text}],
            },
        )
        assert buffer.text != before
    assert "area" not in buffer.text
    assert len(simulator.requests) == 1


async def test_what_is_typed_and_taken_back_leaves_the_offer_for_the_version_that_is_there(
    editor: Window, simulator: Simulator
) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    first = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
    await editor.type(buffer, 0, "x")
    await editor.type(buffer, 0, "", instead_of=1)
    again = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
    assert again == first | {"version": buffer.version}
    assert (await editor.request("textDocument/copilotInlineEdit", question(buffer, at)))["edits"]
    assert len(simulator.requests) == 1


async def test_nothing_is_asked_without_a_model_for_it(daemon: Any, simulator: Simulator) -> None:
    window: Window = await daemon()
    buffer = await window.open("shapes.py", CODE)
    at = await rename(window, buffer, "area", "surface")
    assert await window.request("halley/nextEdit", question(buffer, at)) == {}
    with pytest.raises(RequestFailed) as failed:
        await window.request("halley/nextEdit", question(buffer, at, trigger="invoked"))
    assert failed.value.problem["setting"] == "roles.next"
    assert not simulator.requests


async def test_clients_of_copilots_server_are_served_as_they_expect(editor: Window) -> None:
    buffer = await editor.open("shapes.py", CODE)
    editor.notify("textDocument/didFocus", {"textDocument": {"uri": buffer.uri}})
    editor.notify("textDocument/didFocus", {})
    assert await editor.request("textDocument/copilotInlineEdit", question(buffer, 0)) == {"edits": []}
    at = await rename(editor, buffer, "area", "surface")
    asked = question(buffer, at, context={"triggerKind": 2})
    (edit,) = (await editor.request("textDocument/copilotInlineEdit", asked))["edits"]
    assert edit["textDocument"] == {"uri": buffer.uri, "version": buffer.version}
    editor.notify("textDocument/didShowInlineEdit", {"item": {"command": edit["command"]}})
    buffer.apply([{"range": edit["range"], "newText": edit["text"]}])
    assert "print(surface(2, 3))" in buffer.text
    command = {"command": edit["command"]["command"], "arguments": edit["command"]["arguments"]}
    await editor.request("workspace/executeCommand", command)
    assert await counted(editor) == [1, 1, 0, 0]


async def counted(window: Window) -> list[int]:
    (row,) = (await window.request("halley/usage", {}))["nextEdits"]
    return [row[name] for name in ("shown", "accepted", "rejected", "ignored")]


async def test_a_rejected_edit_does_not_come_again(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    edit = (await editor.request("halley/nextEdit", question(buffer, at)))["edit"]
    await editor.request("halley/nextEdit/outcome", {"id": edit["id"], "outcome": "shown"})
    await editor.request("halley/nextEdit/outcome", {"id": edit["id"], "outcome": "rejected"})
    assert await editor.request("halley/nextEdit", question(buffer, at)) == {}
    await editor.type(buffer, at, "_of")
    assert (
        await editor.request("halley/nextEdit", question(buffer, at + 3)) == {} or len(simulator.requests) > 1
    )
    assert await counted(editor) == [1, 0, 1, 0]


async def test_a_newer_question_answers_the_older_and_ends_its_call(
    editor: Window, simulator: Simulator
) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    simulator.script("never " * 100, tokens_per_s=2)
    first = editor.start("halley/nextEdit", question(buffer, at))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await editor.type(buffer, at, "s")
    second = editor.start("halley/nextEdit", question(buffer, at + 1))
    assert await first == {}
    await simulator.wait_for(lambda sim: sim.requests[0].closed_early)
    assert (await second)["edit"]["text"]


async def test_the_same_question_again_waits_for_the_call_that_runs(
    editor: Window, simulator: Simulator
) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    simulator.options = simulator.options.__class__(delay_ms=300)
    first = editor.start("halley/nextEdit", question(buffer, at))
    await simulator.wait_for(lambda sim: sim.requests)
    second = editor.start("halley/nextEdit", question(buffer, at))
    assert await first == {}
    assert (await second)["edit"]["jump"]
    assert len(simulator.requests) == 1


async def test_a_cancelled_question_ends_its_call(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    simulator.script("never " * 100, tokens_per_s=2)
    asking = editor.start("halley/nextEdit", question(buffer, at))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    asking.cancel()
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    assert simulator.requests[0].closed_early


REGION = "<editable_region>\n{}\n</editable_region>"


@pytest.mark.parametrize(
    "reply",
    [
        "I would rename the calls too.",
        REGION.format("def broken(:\n    (((\n"),
        REGION.format("# ... rest of the code unchanged"),
        REGION.format("x = 1"),
        REGION.format("key = 'sk-proj-abcdefghij0123456789ABCDEFGHIJ0123456789abcd'\n" + CODE),
        "<editable_region>\n" * 2 + "x\n</editable_region>",
        "</editable_region><editable_region>",
        "<|marker_9|>x<|marker_1|>",
        "NO_EDITS",
        "x" * 50_000,
    ],
)
async def test_a_bad_reply_is_silence(editor: Window, simulator: Simulator, reply: str) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    simulator.script(reply, repeat=-1)
    assert await editor.request("halley/nextEdit", question(buffer, at)) == {}
    assert len(simulator.requests) == 1, "and no model is asked a second time"


async def test_a_model_that_is_down_is_silence_and_asked_once(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    at = await rename(editor, buffer, "area", "surface")
    simulator.script(status=500, body={"error": {"message": "down"}}, repeat=-1)
    assert await editor.request("halley/nextEdit", question(buffer, at)) == {}
    assert len(simulator.requests) == 1


async def test_files_that_stay_here_are_neither_asked_about_nor_told_of(
    daemon: Any, workspace: Path, simulator: Simulator
) -> None:
    window: Window = await daemon(settings=SETTINGS | {"context": {"exclude": ["private/**"]}})
    for name in ("private/shapes.py", ".env"):
        buffer = await window.open(name, CODE)
        at = await rename(window, buffer, "area", "hidden_name")
        assert await window.request("halley/nextEdit", question(buffer, at)) == {}
    assert not simulator.requests
    buffer = await window.open("shapes.py", CODE)
    at = await rename(window, buffer, "area", "surface")
    assert (await window.request("halley/nextEdit", question(buffer, at)))["edit"]
    assert "hidden_name" not in simulator.requests[-1].body.decode()


async def test_a_light_bulb_offers_it_where_nothing_else_can(editor: Window, simulator: Simulator) -> None:
    buffer = await editor.open("shapes.py", CODE)
    await rename(editor, buffer, "area", "surface")
    listed: list[Json] = []
    await simulator.wait_for(lambda sim: sim.requests and sim.open_streams == 0)
    while not any(one["title"] == "Next edit: line 36" for one in listed):
        asked = {"textDocument": {"uri": buffer.uri}, "range": buffer.range("return", cursor=True)}
        listed = await editor.request("textDocument/codeAction", asked | {"context": {"diagnostics": []}})
    (action,) = [one for one in listed if one["title"].startswith("Next edit")]
    result = await editor.request("workspace/executeCommand", action["command"])
    assert result == {"applied": True, "edits": 1}
    assert "print(surface(2, 3))" in buffer.text
    await editor.until(lambda: editor.shown)
    assert editor.shown[-1]["selection"]["start"]["line"] == 35
    assert len(simulator.requests) == 1


async def test_at_the_cursor_it_is_ghost_text_that_replaces(daemon: Any, simulator: Simulator) -> None:
    window: Window = await daemon(settings=SETTINGS | {"completion": {"enabled": False}})
    code = "width = 1\nheight = 2\nprint(width)\n"
    buffer = await window.open("shapes.py", code)
    await rename(window, buffer, "width", "breadth")
    at = buffer.text.index("width)")
    edit = (await window.request("halley/nextEdit", question(buffer, at)))["edit"]
    assert not edit["jump"]
    inline = question(buffer, at) | {"context": {"triggerKind": 2}}
    (item,) = (await window.request("textDocument/inlineCompletion", inline))["items"]
    assert item["insertText"] == "breadth" and item["range"] == buffer.range("width)") | {
        "end": buffer.position(at + len("width"))
    }


async def test_its_own_limit_ends_it_for_the_day(daemon: Any, simulator: Simulator) -> None:
    settings = {"roles": SETTINGS["roles"], "next_edit": {"debounce_ms": 0, "daily_usd": 0.0}}
    window: Window = await daemon(settings=settings)
    buffer = await window.open("shapes.py", CODE)
    at = await rename(window, buffer, "area", "surface")
    assert await window.request("halley/nextEdit", question(buffer, at)) == {}
    with pytest.raises(RequestFailed) as failed:
        await window.request("halley/nextEdit", question(buffer, at, trigger="invoked"))
    assert failed.value.problem["setting"] == "next_edit.daily_usd"
    assert not simulator.requests


async def test_it_waits_for_saving_or_for_being_asked_where_that_is_wanted(
    daemon: Any, simulator: Simulator
) -> None:
    settings = {"roles": SETTINGS["roles"], "next_edit": {"debounce_ms": 0, "when": "invoked"}}
    window: Window = await daemon(settings=settings)
    buffer = await window.open("shapes.py", CODE)
    at = await rename(window, buffer, "area", "surface")
    for trigger in ("idle", "save"):
        assert await window.request("halley/nextEdit", question(buffer, at, trigger=trigger)) == {}
    assert not simulator.requests
    assert (await window.request("halley/nextEdit", question(buffer, at, trigger="invoked")))["edit"]
