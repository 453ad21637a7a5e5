"""An agent's edits: into open buffers by the editor, into closed files whole; approved by their diff, or not made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Agent, call, of_kind
from window import CAPABILITIES, Json, RequestFailed

from halley.simulator import Simulator

READING = {"read_file", "list_files", "search_workspace", "diagnostics"}
EDITING = {"edit_file", "create_file", "move_file", "delete_file", "task"}
RUNNING = {"run_command", "read_output", "stop_command"}


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path) -> Agent:
    return await Agent.start(daemon, simulator, workspace)


def edit(path: str, old: str, new: str, **more: object) -> Json:
    return call("edit_file", path=path, old_text=old, new_text=new, **more)


@pytest.mark.parametrize(
    ("mode", "tools"),
    [
        (None, READING),
        ("ask", READING),
        ("edit", READING | EDITING),
        ("agent", READING | EDITING | RUNNING),
        ("plan", READING | EDITING | RUNNING | {"write_plan", "mark_step"}),
    ],
)
async def test_a_mode_offers_its_tools(agent: Agent, mode: str | None, tools: set[str]) -> None:
    agent.says("Hello.")
    await agent.task("Hello.", mode=mode)
    assert agent.offered() == tools


async def test_the_mode_is_kept_for_the_chat_and_the_workspace(agent: Agent) -> None:
    agent.says("Hello.")
    first, _ = await agent.task("Hello.", mode="edit")
    shown = await agent.window.request("halley/chat/get", {"chatId": first["chatId"]})
    assert shown["mode"] == "edit"
    agent.chat = None
    agent.says("Hello.")
    await agent.task("Hello.", mode=None)
    assert agent.offered() == READING | EDITING
    agent.says("Hello.")
    await agent.task("Hello.", mode="ask")
    agent.chat = first["chatId"]
    agent.says("Hello.")
    await agent.task("Hello.", mode=None)
    assert agent.offered() == READING | EDITING


async def test_the_mode_is_shown_with_each_turn_and_its_change_is_news(agent: Agent) -> None:
    agent.says("Hello.")
    result, events = await agent.task("Hello.", mode="edit")
    assert result["mode"] == of_kind(events, "start")[0]["mode"] == "edit"
    said, _ = await agent.task("/mode agent", mode=None)
    assert said["mode"] == "agent"
    agent.says("Hello.")
    result, events = await agent.task("Hello.", mode=None)
    assert result["mode"] == of_kind(events, "start")[0]["mode"] == "agent"
    news = [params for method, params in agent.window.heard if method == "halley/changed"]
    assert news.count({"what": "mode"}) == 2
    agent.says("Hello.")
    plain = await agent.window.command("halley.chat", {"prompt": "Hello.", "mode": "edit"})
    assert plain["mode"] == "edit" and agent.offered() == READING | EDITING
    agent.says("Hello.")
    plain = await agent.window.command("halley.chat", {"prompt": "Hello."})
    assert plain["mode"] == "edit", "as the workspace's last chat"


async def test_a_closed_file_is_edited_on_disk_with_its_diff_approved(agent: Agent) -> None:
    path = agent.write("shop.py", "def total(items):\r\n    return sum(items)\r\n".encode("utf-8-sig"))
    path.chmod(0o755)
    agent.says(edit("shop.py", "    return sum(items)", "    return sum(items, 0)"))
    agent.says("Done.")
    result, events = await agent.task(mode="edit")
    assert path.read_bytes() == "def total(items):\r\n    return sum(items, 0)\r\n".encode("utf-8-sig")
    assert path.stat().st_mode & 0o777 == 0o755
    (asked,) = agent.asked
    assert "-    return sum(items)\n+    return sum(items, 0)\n" in asked["diff"] and asked["chat"]
    assert [event["state"] for event in of_kind(events, "toolCall")] == ["asking", "running"]
    (use,) = result["replies"][0]["tools"]
    assert use["state"] == "done" and use["diff"] == asked["diff"] and "Edited shop.py." in use["result"]
    assert not agent.window.edits and not list(agent.folder.glob(".*.new"))


async def test_an_open_file_is_edited_by_the_editor_with_what_was_typed(agent: Agent) -> None:
    path = agent.write("a.py", "one = 1\ntwo = 2\n")
    buffer = await agent.window.open("a.py")
    await agent.window.type(buffer, 0, "# typed, not saved\n")
    (use,) = await agent.does(edit("a.py", "two = 2", "two = 3"), mode="edit")
    assert use["state"] == "done"
    assert buffer.text == "# typed, not saved\none = 1\ntwo = 3\n"
    assert path.read_text() == "one = 1\ntwo = 2\n", "an editor saves what it has open, not Halley"
    assert (
        agent.window.edits[0]["edit"]["documentChanges"][0]["textDocument"]["version"] == buffer.version - 1
    )


async def test_what_is_typed_while_the_user_is_asked_is_kept(agent: Agent) -> None:
    agent.write("a.py", "one = 1\ntwo = 2\n")
    buffer = await agent.window.open("a.py")

    async def types_elsewhere(_asked: Json) -> str:
        await agent.window.type(buffer, 0, "zero = 0\n")
        return "once"

    agent.decide = types_elsewhere
    (use,) = await agent.does(edit("a.py", "two = 2", "two = 3"), mode="edit")
    assert use["state"] == "done" and buffer.text == "zero = 0\none = 1\ntwo = 3\n"

    async def types_there(_asked: Json) -> str:
        await agent.window.type(buffer, buffer.text.index("two = 3"), "ten", instead_of=3)
        return "once"

    agent.decide = types_there
    (use,) = await agent.does(edit("a.py", "two = 3", "two = 4"), mode="edit")
    assert use["state"] == "failed" and "in the same place" in use["result"]
    assert buffer.text == "zero = 0\none = 1\nten = 3\n"


async def test_a_closed_file_that_changes_while_the_user_is_asked(agent: Agent) -> None:
    path = agent.write("a.py", "one = 1\ntwo = 2\n")

    def writes(text: str):
        def decide(_asked: Json) -> str:
            path.write_text(text)
            return "once"

        return decide

    agent.decide = writes("zero = 0\none = 1\ntwo = 2\n")
    (use,) = await agent.does(edit("a.py", "two = 2", "two = 3"), mode="edit")
    assert use["state"] == "done" and path.read_text() == "zero = 0\none = 1\ntwo = 3\n"
    agent.decide = writes("two = 33\n")
    (use,) = await agent.does(edit("a.py", "two = 3", "two = 4"), mode="edit")
    assert use["state"] == "failed" and path.read_text() == "two = 33\n"


async def test_denied_is_not_done_and_not_asked_again(agent: Agent) -> None:
    path = agent.write("a.py", "one = 1\n")
    agent.decide = lambda _: "deny"
    uses = await agent.does(edit("a.py", "1", "2"), edit("a.py", "1", "2"), mode="edit")
    assert [use["state"] for use in uses] == ["denied", "refused"] and len(agent.asked) == 1
    assert path.read_text() == "one = 1\n"


async def test_an_approval_for_the_chat_or_the_workspace(agent: Agent) -> None:
    path = agent.write("a.py", "n = 1\n")
    agent.decide = lambda _: "chat"
    await agent.does(edit("a.py", "1", "2"), mode="edit")
    await agent.does(edit("a.py", "2", "3"), mode="edit")
    assert path.read_text() == "n = 3\n" and len(agent.asked) == 1
    agent.chat = None
    agent.decide = lambda _: "always"
    await agent.does(edit("a.py", "3", "4"), mode="edit")
    agent.chat = None
    await agent.does(edit("a.py", "4", "5"), mode="edit")
    assert path.read_text() == "n = 5\n" and len(agent.asked) == 2
    agent.write("conftest.py", "n = 1\n")
    agent.decide = lambda _: "deny"
    (use,) = await agent.does(edit("conftest.py", "1", "2"), mode="edit")
    assert use["state"] == "denied", "protected files are asked about each time"
    assert not agent.asked[-1]["always"] and "runs when tests" in agent.asked[-1]["why"]


async def test_edits_may_be_free_and_deletions_and_protected_files_are_not(
    daemon, simulator: Simulator, workspace: Path, config: Path
) -> None:
    with config.open("a") as file:
        file.write("\n[agent]\napprove_edits = false\n")
    agent = await Agent.start(daemon, simulator, workspace)
    agent.decide = lambda _: "deny"
    agent.write("a.py", "n = 1\n")
    agent.write(".vscode/tasks.json", "{}\n")
    uses = await agent.does(
        edit("a.py", "1", "2"), call("delete_file", path="a.py"), edit(".vscode/tasks.json", "{}", '{"a": 1}')
    )
    assert [use["state"] for use in uses] == ["done", "denied", "denied"]
    assert agent.read("a.py") == "n = 2\n" and agent.read(".vscode/tasks.json") == "{}\n"


async def test_files_are_made_moved_and_deleted(agent: Agent) -> None:
    agent.write("old.py", "n = 1\n")
    uses = await agent.does(
        call("create_file", path="new/deep/a.py", text="a = 1\n"),
        call("create_file", path="old.py", text="lost\n"),
        call("move_file", path="old.py", to="new/moved.py"),
        call("move_file", path="new/moved.py", to="new/deep/a.py"),
        mode="edit",
    )
    assert [use["state"] for use in uses] == ["done", "failed", "done", "failed"]
    assert agent.read("new/deep/a.py") == "a = 1\n" and agent.read("new/moved.py") == "n = 1\n"
    assert not (agent.folder / "old.py").exists()
    (use,) = await agent.does(call("delete_file", path="new/moved.py"), mode="edit")
    assert use["state"] == "done" and not (agent.folder / "new/moved.py").exists()
    assert "-n = 1" in agent.asked[-1]["diff"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("n = 1", "n = 2", "3 times"),
        ("nowhere", "n", "not there"),
        ("", "n", "empty"),
        ("m = 2", "m = 2", "change nothing"),
    ],
)
async def test_an_edit_that_cannot_be_placed_is_not_asked_about(
    agent: Agent, old: str, new: str, said: str
) -> None:
    text = "n = 1\nm = 2\nn = 1\nn = 1\n"
    path = agent.write("a.py", text)
    (use,) = await agent.does(edit("a.py", old, new), mode="edit")
    assert use["state"] == "failed" and said in use["result"] and not agent.asked
    assert path.read_text() == text


async def test_all_places_and_other_indentation(agent: Agent) -> None:
    agent.write("a.py", "if x:\n    n = 1\n    n = 1\n")
    uses = await agent.does(edit("a.py", "n = 1", "n = 2", all=True), mode="edit")
    assert uses[0]["state"] == "done" and agent.read("a.py") == "if x:\n    n = 2\n    n = 2\n"
    await agent.does(edit("a.py", "if x:\n  n = 2\n  n = 2", "if x:\n  n = 3\n  n = 2"), mode="edit")
    assert agent.read("a.py") == "if x:\n    n = 3\n    n = 2\n"


async def test_the_model_hears_that_a_file_does_not_parse_any_more(agent: Agent) -> None:
    agent.write("a.py", "def f():\n    return (1)\n")
    (use,) = await agent.does(edit("a.py", "(1)", "(1"), mode="edit")
    assert use["state"] == "done" and "does not parse any more:\na.py:" in use["result"]


async def test_a_plan_comes_first_and_is_approved(agent: Agent) -> None:
    path = agent.write("a.py", "n = 1\n")
    agent.says(edit("a.py", "1", "2"))
    agent.says(call("write_plan", steps=["Change n", "Tell"]))
    agent.says(edit("a.py", "1", "2"), call("mark_step", step=1, state="done"))
    agent.says("Done.")
    result, events = await agent.task(mode="plan")
    uses = result["replies"][0]["tools"]
    assert [use["state"] for use in uses] == ["refused", "done", "done", "done"]
    assert "no approved plan" in uses[0]["result"] and path.read_text() == "n = 2\n"
    assert agent.asked[0]["command"] == "1. Change n\n2. Tell" and not agent.asked[0]["always"]
    assert of_kind(events, "plan")[-1]["steps"] == [
        {"text": "Change n", "state": "done"}, {"text": "Tell", "state": "open"}
    ]  # fmt: skip
    shown = await agent.window.request("halley/chat/get", {"chatId": result["chatId"]})
    assert shown["plan"][0]["state"] == "done" and shown["mode"] == "plan"
    (use,) = await agent.does(edit("a.py", "2", "3"), mode=None)
    assert use["state"] == "done", "an approved plan holds for the chat's next turns"


async def test_a_plan_that_is_denied_changes_nothing(agent: Agent) -> None:
    path = agent.write("a.py", "n = 1\n")
    agent.decide = lambda asked: "deny"
    agent.says(call("write_plan", steps=["Change n"]))
    agent.says(edit("a.py", "1", "2"))
    agent.says("Done.")
    result, _ = await agent.task(mode="plan")
    assert [use["state"] for use in result["replies"][0]["tools"]] == ["denied", "refused"]
    assert path.read_text() == "n = 1\n"


async def test_a_plain_editor_is_asked_in_a_box_with_the_diff(
    daemon, simulator: Simulator, workspace: Path
) -> None:
    agent = await Agent.start(daemon, simulator, workspace, capabilities={**CAPABILITIES, "experimental": {}})
    boxes: list[Json] = []

    async def box(params: Json) -> Json:
        boxes.append(params)
        return {"title": "Allow once"}

    agent.window._window_showMessageRequest = box  # type: ignore[attr-defined]
    agent.write("a.py", "n = 1\n")
    agent.says(edit("a.py", "n = 1", "n = 2"))
    agent.says("Done.")
    result = await agent.window.command("halley.chat", {"prompt": "Do it.", "mode": "edit"})
    assert result["text"] == "Done." and agent.read("a.py") == "n = 2\n"
    assert "-n = 1\n+n = 2" in boxes[0]["message"]
    titles = [action["title"] for action in boxes[0]["actions"]]
    assert titles == ["Allow once", "For this chat", "Always in this workspace", "Deny"]
    long = "".join(f"line {n}\n" for n in range(900))
    agent.says(call("create_file", path="long.txt", text=long))
    agent.says("Done.")
    await agent.window.command(
        "halley.chat", {"prompt": "Do it.", "mode": "edit", "chatId": result["chatId"]}
    )
    assert "open beside this message" in boxes[1]["message"] and agent.read("long.txt") == long
    assert agent.window.shown, "a diff too long for a message is a document"


async def test_one_model_at_a_time(agent: Agent) -> None:
    with pytest.raises(Exception, match="one model works at a time"):
        await agent.task("@simulator/sim-chat @simulator/sim-fast Do it.", mode="edit")


async def test_what_the_model_reads_is_the_text_as_it_is_now(agent: Agent) -> None:
    """Unsaved, and edited in the same reply; without a document named in the request."""
    agent.write("a.py", "n = 1\n")
    buffer = await agent.window.open("a.py")
    await agent.window.type(buffer, 0, "# typed\n")
    uses = await agent.does(
        call("read_file", path="a.py"),
        edit("a.py", "n = 1", "n = 2"),
        call("read_file", path="a.py"),
        mode="edit",
    )
    assert "1\t# typed\n2\tn = 1" in uses[0]["result"] and "2\tn = 2" in uses[2]["result"]


async def test_a_mode_is_chosen_without_a_turn(agent: Agent) -> None:
    async def mode(**params: Any) -> str:
        return (await agent.window.request("halley/chat/mode", params))["mode"]

    assert await mode() == "ask"
    assert await mode(mode="plan") == "plan" and await mode() == "plan"
    agent.says("Hello.")
    first, _ = await agent.task("Hello.", mode="edit")
    chat = first["chatId"]
    assert await mode(chatId=chat) == "edit"
    assert await mode(chatId=chat, mode="agent") == "agent"
    agent.says("Hello.")
    await agent.task("Hello.", mode=None)
    assert agent.offered() == READING | EDITING | RUNNING
    with pytest.raises(RequestFailed):
        await mode(mode="wild")
