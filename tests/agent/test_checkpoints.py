"""What an agent did is taken back exactly, with what was not saved; what the user changed since is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Agent, call, of_kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from window import Json, RequestFailed

from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, WorkspaceChange
from halley.engine.edits.build import build_edits
from halley.features.agent.checkpoints import Keeper, restore
from halley.features.agent.on_disk import DiskBench
from halley.simulator import Simulator
from halley.stores.checkpoints import CheckpointStore
from halley.stores.sqlite.database import Database


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path) -> Agent:
    return await Agent.start(daemon, simulator, workspace)


def edit(path: str, old: str, new: str) -> Json:
    return call("edit_file", path=path, old_text=old, new_text=new)


async def restored(agent: Agent, id: str, **more: Any) -> Json:
    return await agent.window.request("halley/checkpoints/restore", {"id": id, **more})


async def checkpoints(agent: Agent) -> list[Json]:
    found = await agent.window.request("halley/checkpoints/list", {"chatId": agent.chat})
    return found["checkpoints"]


async def test_a_turn_is_taken_back_and_the_restore_too(agent: Agent) -> None:
    agent.write("a.py", "n = 1\n")
    agent.write("gone.py", "gone\n")
    agent.write("old.py", "moved\n")
    open_path = agent.write("open.py", "n = 1\n")
    buffer = await agent.window.open("open.py")
    await agent.window.type(buffer, 0, "# not saved\n")
    agent.says(
        edit("a.py", "1", "2"), edit("open.py", "n = 1", "n = 2"), call("create_file", path="new/b.py", text="b\n"),
        call("delete_file", path="gone.py"), call("move_file", path="old.py", to="other.py"),
    )  # fmt: skip
    agent.says("Done.")
    _, events = await agent.task(mode="edit")
    (made,) = of_kind(events, "checkpoint")
    (one,) = await checkpoints(agent)
    assert one["id"] == made["checkpoint"]
    assert one["files"] == ["a.py", "gone.py", "new/b.py", "old.py", "open.py", "other.py"]
    diff = await agent.window.request("halley/checkpoints/diff", {"id": one["id"]})
    rows = {file["path"]: file for file in diff["files"]}
    assert rows["a.py"]["hunks"] == [{"line": 0, "oldText": "n = 1\n", "newText": "n = 2\n"}]
    assert (rows["new/b.py"]["kind"], rows["gone.py"]["kind"]) == ("create", "delete")

    result = await restored(agent, one["id"])
    assert result["restored"] == one["files"] and not result["changed"] and not result["failed"]
    assert (
        agent.read("a.py") == "n = 1\n"
        and agent.read("gone.py") == "gone\n"
        and agent.read("old.py") == "moved\n"
    )
    assert not (agent.folder / "new/b.py").exists() and not (agent.folder / "other.py").exists()
    assert buffer.text == "# not saved\nn = 1\n" and open_path.read_text() == "n = 1\n"

    await restored(agent, result["undo"])
    assert (
        agent.read("a.py") == "n = 2\n"
        and agent.read("new/b.py") == "b\n"
        and agent.read("other.py") == "moved\n"
    )
    assert not (agent.folder / "gone.py").exists() and buffer.text == "# not saved\nn = 2\n"


async def test_later_turns_go_too_and_one_file_can_be_named(agent: Agent) -> None:
    agent.write("a.py", "n = 1\n")
    agent.write("b.py", "m = 1\n")
    await agent.does(edit("a.py", "1", "2"), edit("b.py", "1", "2"), mode="edit")
    await agent.does(edit("a.py", "2", "3"), mode="edit")
    first, second = await checkpoints(agent)
    result = await restored(agent, first["id"], files=["a.py"])
    assert (
        result["restored"] == ["a.py"] and agent.read("a.py") == "n = 1\n" and agent.read("b.py") == "m = 2\n"
    )
    await restored(agent, result["undo"])
    assert agent.read("a.py") == "n = 3\n"
    await restored(agent, second["id"])
    assert agent.read("a.py") == "n = 2\n"


async def test_what_the_user_changed_since_is_asked_about_first(agent: Agent) -> None:
    agent.write("a.py", "one = 1\ntwo = 2\nthree = 3\n")
    agent.write("b.py", "n = 1\n")
    buffer = await agent.window.open("a.py")
    await agent.does(edit("a.py", "three = 3", "three = 4"), edit("b.py", "n = 1", "n = 2"), mode="edit")
    await agent.window.type(buffer, 0, "zero = 0\n")
    agent.write("b.py", "n = 22\n")
    (one,) = await checkpoints(agent)
    result = await restored(agent, one["id"])
    assert result["changed"] == ["a.py", "b.py"] and not result["restored"] and result["undo"] is None
    assert buffer.text == "zero = 0\none = 1\ntwo = 2\nthree = 4\n"
    result = await restored(agent, one["id"], force=True)
    assert result["restored"] == ["a.py"] and len(result["failed"]) == 1 and agent.read("b.py") == "n = 22\n"
    assert buffer.text == "zero = 0\none = 1\ntwo = 2\nthree = 3\n"


async def test_what_the_user_typed_between_two_turns_is_asked_about_too(agent: Agent) -> None:
    buffer = await agent.window.open("a.py", "one = 1\ntwo = 2\nthree = 3\n")
    await agent.does(edit("a.py", "one = 1", "one = 2"), mode="edit")
    await agent.window.type(buffer, len(buffer.text), "four = 4\n")
    await agent.does(edit("a.py", "two = 2", "two = 3"), mode="edit")
    first, _ = await checkpoints(agent)
    result = await restored(agent, first["id"])
    assert result["changed"] == ["a.py"] and buffer.text == "one = 2\ntwo = 3\nthree = 3\nfour = 4\n"
    result = await restored(agent, first["id"], force=True)
    assert result["restored"] == ["a.py"] and buffer.text == "one = 1\ntwo = 2\nthree = 3\nfour = 4\n"
    await restored(agent, result["undo"])
    assert buffer.text == "one = 2\ntwo = 3\nthree = 3\nfour = 4\n"


async def test_a_file_is_not_deleted_with_what_was_typed_since_it_was_shown(agent: Agent) -> None:
    buffer = await agent.window.open("a.py", "one = 1\n")

    async def types(_asked: Json) -> str:
        await agent.window.type(buffer, 0, "typed = 1\n")
        return "once"

    agent.decide = types
    (use,) = await agent.does(call("delete_file", path="a.py"))
    assert use["state"] == "failed" and agent.read("a.py") == "one = 1\n"
    assert buffer.text == "typed = 1\none = 1\n"


async def test_a_command_of_the_chat_restores_in_every_editor(agent: Agent) -> None:
    agent.write("a.py", "n = 1\n")
    await agent.does(edit("a.py", "1", "2"), mode="edit")
    result, _ = await agent.task("/restore", mode=None)
    assert result["said"] == "Restored: a.py." and agent.read("a.py") == "n = 1\n"
    agent.chat = agent.chat or result["chatId"]
    await agent.task("/restore undo", mode=None)
    assert agent.read("a.py") == "n = 2\n"
    agent.write("a.py", "n = 22\n")
    result, _ = await agent.task("/restore", mode=None)
    assert "left alone: a.py" in result["said"] and agent.read("a.py") == "n = 22\n"


async def test_a_chat_that_is_deleted_leaves_no_text(agent: Agent, halley_home: Path) -> None:
    agent.write("a.py", "n = 1\n")
    await agent.does(edit("a.py", "1", "2"), mode="edit")
    (one,) = await checkpoints(agent)
    assert [path for path in (halley_home / "data/checkpoints").rglob("*") if path.is_file()]
    await agent.window.request("halley/chat/delete", {"chatId": agent.chat})
    assert not [path for path in (halley_home / "data/checkpoints").rglob("*") if path.is_file()]
    with pytest.raises(RequestFailed):
        await restored(agent, one["id"])


TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "no end"]), max_size=5).map("".join)
STEPS = st.lists(
    st.tuples(st.sampled_from(["agent", "user", "restore"]), st.integers(0, 9), TEXTS), max_size=14
)


@given(first=TEXTS, steps=STEPS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_interleaving_of_edits_and_restores_is_exact(
    tmp_path_factory: pytest.TempPathFactory, first: str, steps: list[tuple[str, int, str]]
) -> None:
    """Against a model of it: a restore gives the text before a turn, or says that the user changed it since."""
    folder = tmp_path_factory.mktemp("restores")
    root, path = folder / "w", folder / "w/a.txt"
    root.mkdir()
    path.write_bytes(first.encode())
    database = Database(folder / "halley.db")
    store, bench = CheckpointStore(database, folder / "blobs"), DiskBench(root)
    made: list[tuple[str, str, int]] = []
    changes = 0
    """Of the user."""
    try:
        for what, number, text in steps:
            now = path.read_bytes().decode()
            if what == "user":
                path.write_bytes(text.encode())
                changes += text != now
            elif what == "agent" and text != now:  # an edit that changes nothing is no step
                keeper = Keeper(store, "chat", f"t{number}", "turn")
                await keeper.before("a.txt", now, text)
                await _write(bench, path, text)
                await keeper.after("a.txt", made=True, now=text)
                made.append((keeper.id, now, changes))
            elif what == "restore" and made:
                id, before, then = made[number % len(made)]
                result = await restore(store, bench, root, id)
                if changes == then or not result.changed:
                    assert path.read_bytes().decode() == before or not result.files
                if changes == then:
                    assert path.read_bytes().decode() == before and not result.changed
                elif not result.files:
                    assert path.read_bytes().decode() == now
                if result.undo:
                    made.append((result.undo, now, changes))
    finally:
        await database.aclose()


async def _write(bench: DiskBench, path: Path, text: str) -> None:
    was = await bench.read(path)
    assert isinstance(was, Document)
    change = DocumentEdit(was.uri, None, build_edits(was.text, text))
    await bench.apply(WorkspaceChange((change,)), {was.uri: was})


async def test_a_turn_is_reviewed_hunk_by_hunk(agent: Agent) -> None:
    """A restore as a proposal: what is accepted is taken back, what was changed since stays."""
    buffer = await agent.window.open("a.py", "one = 1\n\n\n\n\n\n\n\ntwo = 2\n")
    agent.write("b.py", "n = 1\n")
    await agent.does(
        edit("a.py", "one = 1", "one = 10"), edit("a.py", "two = 2", "two = 20"), edit("b.py", "1", "2"), mode="edit"
    )  # fmt: skip
    await agent.window.type(buffer, len(buffer.text), "# mine\n")
    (one,) = await checkpoints(agent)
    made = await agent.window.request("halley/checkpoints/review", {"id": one["id"], "files": ["a.py"]})
    (proposal,) = (await agent.window.request("halley/proposals/list", {}))["proposals"]
    assert proposal["id"] == made["proposal"] and [hunk["kind"] for hunk in proposal["hunks"]] == ["edit"] * 2
    assert buffer.text.startswith("one = 10"), "nothing is taken back before it is accepted"
    await agent.window.request("halley/proposals/accept", {"id": proposal["id"], "hunks": [1]})
    assert buffer.text == "one = 10\n\n\n\n\n\n\n\ntwo = 2\n# mine\n" and agent.read("b.py") == "n = 2\n"
    (left,) = (await agent.window.request("halley/proposals/list", {}))["proposals"]
    await agent.window.request("halley/proposals/accept", {"id": left["id"]})
    assert buffer.text == "one = 1\n\n\n\n\n\n\n\ntwo = 2\n# mine\n"
    await restored(agent, one["id"], files=["b.py"])
    assert not (await agent.window.request("halley/checkpoints/review", {"id": one["id"]})).get("proposal")
