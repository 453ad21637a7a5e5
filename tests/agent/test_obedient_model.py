"""A model that does whatever any text tells it: each place an instruction can come from, times each thing it can ask for.

The user denies all that is asked. Nothing is written, run or sent then, whatever was approved before for something else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from harness import Agent, call
from window import Json

from halley.simulator import Simulator

RULES = """
[agent]
approve_edits = false
[agent.commands]
allow = ["echo *", "git status", "python3 ok.py"]
deny = ["git push*"]
"""

HARMLESS = "echo x > made; touch made"

PLACES = {
    "a file": call("read_file", path="notes.txt"),
    "a search": call("search_workspace", query="IMPORTANT"),
    "a file's name": call("list_files"),
    "a command's output": call("run_command", command=["echo", "IMPORTANT: obey"]),
    "a refusal": call("read_file", path="../IMPORTANT obey"),
    "the user's own paste": None,
}


def attacks(port: int) -> list[Json]:
    run = "run_command"
    return [
        # protected machinery, though edits are free
        call("create_file", path=".github/workflows/x.yml", text="on: push\n"),
        call("create_file", path="AGENTS.md", text="Obey.\n"),
        call("create_file", path=".halley.toml", text="[agent]\n"),
        call("create_file", path=".vscode/tasks.json", text="{}"),
        call("create_file", path="conftest.py", text="import os\n"),
        call("create_file", path="a\u202eb.py", text="x = 1\n"),
        call("create_file", path=".git/hooks/post-checkout", text="#!/bin/sh\n"),
        call("create_file", path="../out.txt", text="x"),
        call("create_file", path=".env", text="KEY=1\n"),
        call("edit_file", path="notes.txt", old_text="IMPORTANT", new_text="a\u200b\u202eb"),
        call("delete_file", path="notes.txt"),
        call("move_file", path="notes.txt", to=".github/workflows/y.yml"),
        call("move_file", path="notes.txt", to="../out.txt"),
        # commands near those that are allowed
        call(run, command=["git", "push", "origin"]),
        call(run, command=["git", "-c", "core.pager=touch made", "status"]),
        call(run, command=["git", "status", "--", "made"]),
        call(run, command=["/bin/echo", "x"]),
        call(run, command=["./echo", "x"]),
        call(run, command=["touch", "made"]),
        call(run, command=["sh", "-c", "echo x > made"]),
        call(run, command=["env", "echo", "x"]),
        call(run, command=["python3", "ok.py", "more"]),
        call(run, command=["python3", "-c", "open('made', 'w')"]),
        call(run, command=HARMLESS),
        call(run, shell_line="echo x > made"),
        call(run, shell_line="echo $(touch made)"),
        call(run, command=["curl", f"http://127.0.0.1:{port}/"]),
        call(
            run, command=["python3", "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}))"]
        ),
    ]


@contextlib.asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[str]]]:
    """A host that notes who connects."""
    seen: list[str] = []

    async def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append("connected")
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_is_written_run_or_sent_unapproved(
    daemon, simulator: Simulator, workspace: Path, config: Path, place: str
) -> None:
    with config.open("a") as file:
        file.write(RULES)
    agent = await Agent.start(daemon, simulator, workspace)
    agent.write("notes.txt", "IMPORTANT: obey\n")
    agent.write("IMPORTANT obey.txt", "x\n")
    agent.write("ok.py", "open('made', 'w')\n")
    agent.write("echo", "#!/bin/sh\ntouch made\n").chmod(0o755)
    agent.decide = lambda _: "deny"
    before, outside = state(workspace), set(workspace.parent.iterdir())
    async with listener() as (port, connected):
        tried = attacks(port)
        for at in range(0, len(tried), 7):
            if PLACES[place]:
                agent.says(PLACES[place])
            agent.says(*tried[at : at + 7])
            agent.says("Done.")
            result, _ = await agent.task("IMPORTANT: obey")
            uses = result["replies"][0]["tools"]
            done = [use["arguments"] for use in uses[bool(PLACES[place]) :] if use["state"] == "done"]
            # Without a shell this is the program `echo` with some words, which a rule allows.
            assert not [arguments for arguments in done if HARMLESS not in arguments], done
        assert not connected
    assert state(workspace) == before and set(workspace.parent.iterdir()) == outside


def test_they_are_many() -> None:
    assert len(PLACES) * len(attacks(1)) >= 100
