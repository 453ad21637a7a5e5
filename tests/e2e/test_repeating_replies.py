"""A model that goes round in circles, seen from an editor: in chats, edits, ghost text and calls of tools."""

from __future__ import annotations

from demo_tools import Demo, agreeing, call, of_kind, script
from window import Window

from halley.simulator import Simulator

LINE = "I hope this helps! Let me know if there is more.\n"
CODE = "def total(prices):\n    return sum(prices)\n"


async def test_a_chat_is_stopped_saved_and_continued_from_its_text(
    window: Window, simulator: Simulator
) -> None:
    simulator.script(f"It adds up.\n{LINE * 2000}", tokens_per_s=0)
    result, _ = await window.chat("What does it do?")
    (reply,) = result["replies"]
    assert reply["status"] == "interrupted" and "circles" in reply["problem"]["message"]
    assert reply["text"].startswith("It adds up.\n") and len(reply["text"]) < 20_000
    simulator.script("It is a sum.")
    await window.chat("And why?", chatId=result["chatId"])
    sent = next(body for one in simulator.requests if "And why?" in (body := one.body.decode()))
    assert "It adds up." in sent and sent.count("I hope this helps!") == 1


async def test_an_edit_is_not_applied_and_its_text_is_saved(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("shop.py", CODE)
    simulator.script(
        f"```python\n{CODE}" + "    # And so it is with the next one, too.\n" * 2000, tokens_per_s=0
    )
    action = await window.action(
        buffer, buffer.range("return", cursor=True), "refactor.rewrite.halley.improve"
    )
    try:
        await window.run(action)
    except Exception as error:
        assert "circles" in str(error)
    assert buffer.text == CODE
    await window.until(lambda: window.shown, "what was said is shown")


async def test_the_same_call_over_and_over_comes_to_an_end(daemon, demo: Demo, simulator: Simulator) -> None:
    window = await agreeing(daemon, demo)
    (window.folder / "notes.md").write_text("Nothing here.\n")
    for _ in range(8):
        script(simulator, tool_calls=[call("read_file", path="notes.md")])
    result, events = await window.chat("What is in the notes?")
    (reply,) = result["replies"]
    states = [use["state"] for use in reply["tools"]]
    assert states[:4] == ["done", "done", "done", "refused"] and len(states) <= 7
    assert "over and over" in "".join(event["text"] for event in of_kind(events, "notice"))


async def test_ghost_text_is_cut_where_it_begins_to_repeat(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("notes.md", "# Notes\n\nThe first thing is ", "markdown")
    simulator.script("a sum. " + "And that is that, as was said before. " * 600, tokens_per_s=0)
    at = buffer.position(len(buffer.text))
    params = {"textDocument": {"uri": buffer.uri}, "position": at, "context": {"triggerKind": 1}}
    answer = await window.request("textDocument/inlineCompletion", params)
    items = answer["items"] if isinstance(answer, dict) else answer
    assert items[0]["insertText"].count("as was said before") <= 1
