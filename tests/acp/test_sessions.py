"""Sessions: opening, asking, stopping, loading."""

from __future__ import annotations

import pytest
from acp_editor import Connect, Editor, Failed
from demo_tools import script

from halley.simulator import Simulator


async def test_a_question_streams_its_answer(editor: Editor, simulator: Simulator) -> None:
    script(simulator, "Hello from the model.")
    result = await editor.prompt("Say hello")
    assert result == {"stopReason": "end_turn"}
    assert editor.text() == "Hello from the model."
    await editor.until(lambda: editor.of("available_commands_update"))
    names = {row["name"] for row in editor.of("available_commands_update")[0]["availableCommands"]}
    assert {"explain", "model", "retry"} <= names


async def test_capabilities_are_honest(connect: Connect) -> None:
    editor = await connect()
    told = await editor.initialize(version=7)
    assert told["protocolVersion"] == 1
    assert told["agentCapabilities"]["loadSession"] is True
    for name in ("fs/read_text_file", "session/fork", "nes/start"):
        with pytest.raises(Failed) as caught:
            await editor.request(name, {"sessionId": "x", "cwd": "/"})
        assert caught.value.code == -32601


async def test_a_cancelled_prompt_says_so(editor: Editor, simulator: Simulator) -> None:
    script(simulator, "one two three " * 400, tokens_per_s=50)
    asked = editor.start_prompt("Count")
    await editor.until(editor.text)
    editor.cancel()
    assert await asked == {"stopReason": "cancelled"}
