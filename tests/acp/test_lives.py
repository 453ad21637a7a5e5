"""Forty sessions by script: stopped at every point, two at the same time, killed and loaded again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from acp_editor import Connect, Editor, Failed
from demo_tools import script
from test_agents import FILES, Buffers, edit, in_mode

from halley.simulator import Simulator

Json = dict[str, Any]


def _asked(editor: Editor) -> Any:
    return [a for a in editor.asked if a["method"] == "session/request_permission"]


POINTS = {
    "at once": lambda editor: True,
    "text": lambda editor: editor.text(),
    "call": lambda editor: editor.of("tool_call"),
    "asking": _asked,
    "changed": lambda editor: [u for u in editor.of("tool_call_update") if u["status"] == "completed"],
    "end": lambda editor: "Done" in editor.text(),
}


@pytest.mark.parametrize("way", ["session/cancel", "$/cancel_request", "close"])
@pytest.mark.parametrize("capabilities", [{}, FILES], ids=["disk", "client"])
async def test_stopped_at_each_point(
    connect: Connect, simulator: Simulator, workspace: Path, way: str, capabilities: Json
) -> None:
    """36 sessions. Each prompt has one answer, the file is as before or as approved, and the next prompt works."""
    editor = await connect(capabilities)
    buffers = Buffers(editor)
    for name, reached in POINTS.items():
        simulator.clear()
        (workspace / "a.py").write_text("one = 1\n")
        buffers.texts.clear()
        editor.updates.clear()
        editor.asked.clear()
        held = asyncio.get_running_loop().create_future()
        editor.decide = (lambda _asked, held=held: held) if name == "asking" else (lambda _asked: "once")
        await in_mode(editor, "edit")
        script(simulator, "I will do that now.", tool_calls=[edit("one = 1", "one = 2")])
        script(simulator, "Done. " + "More. " * 300, tokens_per_s=100)
        asked = editor.start_prompt("Change it")
        number = editor.last_id
        await editor.until(lambda reached=reached: reached(editor))
        if way == "close":
            await editor.request("session/close", {"sessionId": editor.session})
        elif way == "session/cancel":
            editor.cancel()
        else:
            editor.notify(way, {"requestId": number})
        assert await asyncio.wait_for(asked, 90) == {"stopReason": "cancelled"}, name
        if not held.done():
            held.set_result("once")  # an answer that comes too late
        assert (workspace / "a.py").read_text() in ("one = 1\n", "one = 2\n")
        if name in ("text", "asking"):
            assert (workspace / "a.py").read_text() == "one = 1\n"
        simulator.clear()
        if way == "close":
            with pytest.raises(Failed):
                await editor.prompt("Are you there?")
            continue
        script(simulator, "Here.")
        assert await editor.prompt("Are you there?") == {"stopReason": "end_turn"}
        assert editor.text().endswith("Here.")


async def test_two_sessions_at_the_same_time(connect: Connect, simulator: Simulator) -> None:
    editor = await connect()
    sessions = [await editor.new() for _ in range(2)]
    script(simulator, "alpha " * 40, tokens_per_s=200)
    first = editor.start_prompt("One", session=sessions[0])
    await editor.until(lambda: editor.text(session=sessions[0]))
    script(simulator, "beta " * 10)
    assert (await editor.prompt("Two", session=sessions[1]))["stopReason"] == "end_turn"
    assert (await first)["stopReason"] == "end_turn"
    assert set(editor.text(session=sessions[0]).split()) == {"alpha"}
    assert set(editor.text(session=sessions[1]).split()) == {"beta"}


async def test_a_prompt_waits_for_the_one_before(editor: Editor, simulator: Simulator) -> None:
    script(simulator, "first " * 20, tokens_per_s=200)
    script(simulator, "second")
    answers = [editor.start_prompt("One"), editor.start_prompt("Two")]
    assert [(await one)["stopReason"] for one in answers] == ["end_turn", "end_turn"]
    assert editor.text().index("second") > editor.text().rindex("first")


async def test_a_session_is_loaded_by_another_process(
    connect: Connect, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "a.py").write_text("one = 1\n")
    first = await connect()
    await in_mode(first, "edit")
    script(simulator, "I will.", tool_calls=[edit("one = 1", "one = 2")])
    script(simulator, "Done.")
    await first.prompt("Change it")
    script(simulator, "half of it " * 200, tokens_per_s=100)
    cut = first.start_prompt("And more")
    await first.until(lambda: "half of it" in first.text())
    await first.hang_up()
    cut.cancel()
    second = await connect()
    listed = (await second.request("session/list", {"cwd": str(workspace)}))["sessions"]
    assert [row["sessionId"] for row in listed] == [first.session] and listed[0]["cwd"] == str(workspace)
    loaded = await second.request(
        "session/load", {"sessionId": first.session, "cwd": str(workspace), "mcpServers": []}
    )
    assert loaded["modes"]["currentModeId"] == "edit"
    second.session = first.session
    assert second.text("user_message_chunk") == "Change itAnd more"
    assert "I will." in second.text() and "half of it" in second.text()
    (told,) = second.of("tool_call")
    assert told["status"] == "completed" and told["content"][0]["newText"] == "one = 2\n"
    script(simulator, "the rest")
    assert await second.prompt("/continue") == {"stopReason": "end_turn"}
    assert second.text().endswith("the rest")


async def test_sessions_without_a_prompt_leave_nothing(
    connect: Connect, workspace: Path, simulator: Simulator
) -> None:
    editor = await connect()
    await editor.new()
    assert (await editor.request("session/list", {"cwd": str(workspace)}))["sessions"] == []
    await editor.request("session/close", {"sessionId": editor.session})
    again = {"sessionId": editor.session, "cwd": str(workspace)}
    await editor.request("session/resume", again)
    with pytest.raises(Failed):
        await editor.request("session/resume", again | {"cwd": str(workspace.parent)})
    script(simulator, "Hello")
    await editor.prompt("Hello")
    assert len((await editor.request("session/list", {}))["sessions"]) == 1
    await editor.request("session/delete", {"sessionId": editor.session})
    assert (await editor.request("session/list", {}))["sessions"] == []
    with pytest.raises(Failed) as caught:
        await editor.request(
            "session/load", {"sessionId": editor.session, "cwd": str(workspace), "mcpServers": []}
        )
    assert caught.value.code == -32002
