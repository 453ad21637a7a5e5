"""What a prompt may hold, what a session can be set to, and who is asked for a key."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from acp_editor import Connect, Editor, Failed
from demo_tools import call, last_request, script
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.acp.calls import hunks_of
from halley.features.agent.diffs import diff_of
from halley.simulator import Simulator

Json = dict[str, Any]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def said_to_model(simulator: Simulator) -> str:
    return str(last_request(simulator).json["messages"])


async def test_links_and_embedded_texts_reach_the_model(
    editor: Editor, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "my file.py").write_text("in_the_file = 1\n")
    script(simulator, "Fine.")
    await editor.prompt(
        "Look at ",
        {"type": "resource_link", "uri": (workspace / "my file.py").as_uri(), "name": "my file.py"},
        " and at this, and ",
        {"type": "resource_link", "uri": "https://example.org/page", "name": "a page"},
        {
            "type": "resource",
            "resource": {
                "uri": (workspace / "b.py").as_uri(),
                "text": "embedded = '#file:x @sim/none /clear'\n",
            },
        },
    )
    told = said_to_model(simulator)
    assert "in_the_file = 1" in told and "embedded = " in told and "https://example.org/page" in told


async def test_a_picture_is_shown_to_the_model(editor: Editor, simulator: Simulator) -> None:
    script(simulator, "A dot.")
    image = {"type": "image", "mimeType": "image/png", "data": base64.b64encode(PNG).decode()}
    assert await editor.prompt("What is it?", image) == {"stopReason": "end_turn"}
    assert base64.b64encode(PNG).decode() in said_to_model(simulator)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "audio", "mimeType": "audio/wav", "data": ""},
        {"type": "hologram"},
        {"type": "image", "mimeType": "image/png", "data": "bm90IGE="},
        {"type": "resource", "resource": {"uri": "file:///w/.env", "text": "KEY=1"}},
        {"type": "resource", "resource": {"uri": "file:///w/a.bin", "blob": "/w=="}},
        17,
    ],
)
async def test_what_cannot_be_shown_is_refused_by_name(
    editor: Editor, simulator: Simulator, block: Any
) -> None:
    with pytest.raises(Failed) as caught:
        await editor.prompt("Look", block)
    assert caught.value.message and not [seen for seen in simulator.requests if seen.method == "POST"]


async def test_models_effort_and_modes_are_options(editor: Editor, simulator: Simulator) -> None:
    options = {option["id"]: option for option in editor.options}
    assert options["model"]["category"] == "model" and options["model"]["currentValue"]
    assert [row["value"] for row in options["mode"]["options"]] == ["ask", "edit", "agent", "plan"]
    other = next(
        row["value"]
        for row in options["model"]["options"]
        if row["value"] != options["model"]["currentValue"]
    )

    async def choose(id: str, value: Any) -> dict[str, Json]:
        answer = await editor.request(
            "session/set_config_option", {"sessionId": editor.session, "configId": id, "value": value}
        )
        return {option["id"]: option for option in answer["configOptions"]}

    assert (await choose("model", other))["model"]["currentValue"] == other
    simulator.script("Here.", model=other.split("/", 1)[1])
    await editor.prompt("Who are you?")
    assert editor.text() == "Here."
    assert (await choose("mode", "edit"))["mode"]["currentValue"] == "edit"
    assert editor.of("current_mode_update")[-1]["currentModeId"] == "edit"
    for id, value in (
        ("model", "no/such"),
        ("mode", "fly"),
        ("thought_level", "vast"),
        ("colour", "red"),
        ("model", True),
    ):
        with pytest.raises(Failed):
            await choose(id, value)


async def test_a_command_that_changes_the_mode_tells_the_client(editor: Editor) -> None:
    await editor.prompt("/mode plan")
    assert "The mode is plan" in editor.text()
    assert editor.of("current_mode_update")[-1]["currentModeId"] == "plan"
    options = {option["id"]: option for option in editor.of("config_option_update")[-1]["configOptions"]}
    assert options["mode"]["currentValue"] == "plan"


async def test_usage_is_shown(editor: Editor, simulator: Simulator) -> None:
    script(simulator, "Hello")
    await editor.prompt("Hello")
    for usage in editor.of("usage_update"):
        assert 0 < usage["used"] <= usage["size"]


async def test_a_host_that_fails_is_an_error_with_help(editor: Editor, simulator: Simulator) -> None:
    simulator.script("", model="sim-chat", fault="auth_wrong")
    with pytest.raises(Failed) as caught:
        await editor.prompt("Hello")
    assert caught.value.data["code"] and caught.value.data["help"] in caught.value.message


async def test_without_a_model_the_client_is_sent_to_log_in(
    connect: Connect, config: Path, workspace: Path
) -> None:
    config.write_text("")
    editor = await connect({"auth": {"terminal": True}})
    told = await editor.initialize()
    assert [method["id"] for method in told["authMethods"]] == ["halley-configured", "halley-key"]
    for method, params in (
        ("session/new", {"cwd": str(workspace), "mcpServers": []}),
        ("authenticate", {"methodId": "halley-configured"}),
    ):
        with pytest.raises(Failed) as caught:
            await editor.request(method, params)
        assert caught.value.code == -32000 and caught.value.message


async def test_a_servers_tools_are_asked_about_and_never_stored(
    connect: Connect, simulator: Simulator, halley_home: Path, workspace: Path
) -> None:
    server = Path(__file__).parent.parent / "e2e" / "mcp_server.py"
    log = workspace.parent / "ran.jsonl"
    row = {
        "name": "My Server",
        "command": sys.executable,
        "args": [str(server), str(log)],
        "env": [{"name": "A_KEY", "value": "sk-of-the-client"}],
    }
    editor = await connect()
    await editor.new(mcpServers=[row])
    await editor.until(lambda: len(editor.of("available_commands_update")) == 2)  # it has started
    script(simulator, "Hello")
    await editor.prompt("Hello")
    tools = [tool["function"]["name"] for tool in last_request(simulator).json["tools"]]
    (name,) = [name for name in tools if "write_note" in name]
    script(simulator, tool_calls=[call(name, name="n", text="t")])
    script(simulator, "Done.")
    await editor.prompt("Note it")
    (asked,) = editor.asked
    assert asked["params"]["toolCall"]["kind"] == "other" and log.exists()
    for path in halley_home.rglob("*"):
        if path.is_file():
            assert b"sk-of-the-client" not in path.read_bytes()
    for wrong in ({"name": "x", "type": "sse", "url": "http://127.0.0.1:1", "headers": []}, {"name": "x"}, 3):
        with pytest.raises(Failed) as caught:
            await editor.new(mcpServers=[wrong])
        assert caught.value.code == -32602


@pytest.mark.parametrize("cwd", ["relative", "/no/such/folder", ""])
async def test_a_folder_that_is_none_is_refused(editor: Editor, cwd: str) -> None:
    with pytest.raises(Failed):
        await editor.new(cwd=cwd)


LINES = st.lists(st.sampled_from(["", "a", "b", " x", "-minus", "+plus", "@@ -1 +1 @@"]), max_size=12)


@given(LINES, LINES)
def test_hunks_are_the_diff(old: list[str], new: list[str]) -> None:
    """Each hunk's lines stand in the texts it was made of, at the line it names."""
    before, after = "".join(f"{row}\n" for row in old), "".join(f"{row}\n" for row in new)
    for first, was, now in hunks_of(diff_of("a.py", before, after)):
        assert was in before and now in after
        count = was.count("\n")
        assert was == "".join(f"{row}\n" for row in old[first - 1 : first - 1 + count])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40).filter(lambda line: b"\n" not in line),
            st.sampled_from(
                [b"[]", b"{}", b'{"id":1}', b'{"id":[],"method":"initialize"}', b'{"id":1,"method":7}']
            ),
        ),
        max_size=6,
    )
)
async def test_no_line_ends_the_connection(editor: Editor, lines: list[bytes]) -> None:
    for line in lines:
        editor.write(line + b"\n")
    assert (await editor.initialize())["protocolVersion"] == 1
