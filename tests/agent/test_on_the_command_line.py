"""`halley ask --agent` and `halley chat --mode`: without a terminal nothing is approved; rules may allow."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from demo_tools import call, script
from setting import guarded

from halley.simulator import Simulator


async def halley(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", *arguments, cwd=folder, env=os.environ | guarded(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("command", [("ask", "--agent"), ("chat", "--mode", "agent", "--plain")])
async def test_an_agent_on_the_command_line(
    simulator: Simulator, config: Path, workspace: Path, command: tuple[str, ...]
) -> None:
    with config.open("a") as file:
        file.write(
            '\n[agent]\nsandbox = "off"\napprove_edits = false\n[agent.commands]\nallow = ["echo *"]\n'
        )
    (workspace / "a.py").write_text("n = 1\n")
    edit = call("edit_file", path="a.py", old_text="n = 1", new_text="n = 2")
    run, denied = (
        call("run_command", command=["echo", "it ran"]),
        call("run_command", command=["touch", "made"]),
    )
    script(simulator, tool_calls=[edit, run, denied])
    script(simulator, "Done.")
    code, out, err = await halley(workspace, *command, "Do it.")
    assert code == 0 and "Done." in out, err
    assert (workspace / "a.py").read_text() == "n = 2\n" and not (workspace / "made").exists()
    assert "it ran" in err and "needs approval" in err
