"""Commands of an agent: as a list, in the workspace, bounded, without keys, and never without leave."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from harness import NO_SANDBOX, PLUGIN, Agent, call, of_kind

from halley.simulator import Simulator

PYTHON = sys.executable


@pytest.fixture
async def agent(daemon, simulator: Simulator, workspace: Path, config: Path) -> Agent:
    with config.open("a") as file:
        file.write(NO_SANDBOX)
    return await Agent.start(daemon, simulator, workspace, env={"HALLEY_TEST_TOKEN": "a-secret"})


def python(source: str, **more: object) -> dict:
    return call("run_command", command=[PYTHON, "-c", source], **more)


async def test_a_command_is_shown_and_run_as_a_list(agent: Agent) -> None:
    agent.write("sub/a.txt", "x")
    agent.says(python("import os, sys; print(os.getcwd()); print('&& echo;'); sys.exit(3)", cwd="sub"))
    agent.says("Done.")
    result, events = await agent.task()
    (use,) = result["replies"][0]["tools"]
    assert use["state"] == "done" and "exit status 3" in use["result"]
    assert str((agent.folder / "sub").resolve()) in use["result"] and "&& echo;" in use["result"]
    (asked,) = agent.asked
    assert asked["command"] == use["command"] and "(in sub) (no sandbox)" in asked["command"]
    assert "".join(event["delta"] for event in of_kind(events, "terminal")) in use["result"]


async def test_no_key_reaches_a_command_and_no_folder_of_the_workspace_is_on_its_path(agent: Agent) -> None:
    (use,) = await agent.does(python("import json, os; print(json.dumps(dict(os.environ)))"))
    env = json.loads(use["result"].partition("\n\n")[2])
    assert "HALLEY_TEST_TOKEN" not in env and "HALLEY_SIMULATOR_KEY" not in env and "HALLEY_HOME" not in env
    assert all(os.path.isabs(folder) for folder in env["PATH"].split(os.pathsep))  # noqa: PTH117


async def test_a_program_of_the_workspace_needs_its_path(agent: Agent) -> None:
    path = agent.write("tool-of-the-repository", "#!/bin/sh\necho ran\n")
    path.chmod(0o755)
    uses = await agent.does(
        call("run_command", command=["tool-of-the-repository"]),
        call("run_command", command=["./tool-of-the-repository"]),
    )
    assert uses[0]["state"] == "failed" and "outside the workspace" in uses[0]["result"]
    assert uses[1]["state"] == "done" and "ran" in uses[1]["result"] and len(agent.asked) == 1


async def test_an_approval_holds_for_exactly_this_command(agent: Agent) -> None:
    agent.decide = lambda _: "always"
    await agent.does(python("print(1)"))
    await agent.does(python("print(1)"))
    assert len(agent.asked) == 1
    await agent.does(python("print(2)"))
    assert len(agent.asked) == 2


async def test_rules_allow_ask_and_deny(daemon, simulator: Simulator, workspace: Path, config: Path) -> None:
    with config.open("a") as file:
        file.write(
            f'{NO_SANDBOX}[agent.commands]\nallow = ["echo *", "git status"]\nask = ["echo risky *"]\n'
            'deny = ["git push"]\n'
        )
    agent = await Agent.start(daemon, simulator, workspace)
    agent.decide = lambda _: "deny"
    uses = await agent.does(
        call("run_command", command=["echo", "hello"]),
        call("run_command", command=["echo", "risky", "1"]),
        call("run_command", shell_line="echo hello; echo more"),
        call("run_command", command=["git", "-C", ".", "push"]),
        call("run_command", shell_line="echo a && git push --force"),
        call("run_command", command=["env", "A=1", "git", "push"]),
    )
    assert [use["state"] for use in uses] == ["done", "denied", "denied", "refused", "refused", "refused"]
    assert len(agent.asked) == 2


async def test_a_command_is_ended_with_all_it_started(agent: Agent) -> None:
    source = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([{PYTHON!r}, '-c', 'import time; time.sleep(600)'])\n"
        "print(os.getpid(), child.pid, flush=True); time.sleep(600)"
    )
    (use,) = await agent.does(python(source, timeout_s=2))
    assert "took too long" in use["result"]
    for pid in use["result"].split("\n\n")[1].split():
        assert not _is_alive(int(pid))


async def test_a_command_in_the_background_is_read_stopped_and_ends_with_its_chat(agent: Agent) -> None:
    source = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    (use,) = await agent.does(python(source, background=True))
    id = use["result"].split("Its ID is ")[1].split(":")[0]
    pid = int(use["result"].split("\n\n")[1])
    assert _is_alive(pid)
    agent_chat, agent.chat = agent.chat, None
    (use,) = await agent.does(call("read_output", id=id))
    assert use["state"] == "failed", "another chat's commands are none of its business"
    agent.chat = agent_chat
    (use,) = await agent.does(call("read_output", id=id))
    assert "It is running" in use["result"] and len(agent.asked) == 1
    await agent.window.request("halley/chat/delete", {"chatId": agent.chat})
    assert not _is_alive(pid)


async def test_a_reply_that_is_stopped_ends_its_command(agent: Agent) -> None:
    agent.says(python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"))
    agent.says("Done.")
    params = {"prompt": "Run.", "mode": "agent", "partialResultToken": "run"}
    running = agent.window.start("halley/chat/send", params)
    shown = await agent.window.until(lambda: of_kind(agent.window.events("run"), "terminal"), "it ran")
    running.cancel()
    pid = int(shown[0]["delta"])
    chat = of_kind(agent.window.events("run"), "start")[0]["chatId"]
    while (await agent.window.request("halley/chat/get", {"chatId": chat}))["turns"][0]["replies"][0][
        "status"
    ] != "interrupted":
        pass
    await agent.window.until(lambda: not _is_alive(pid), "the command has ended")


async def test_endless_output_is_bounded(agent: Agent) -> None:
    (use,) = await agent.does(python("import sys\nwhile True: sys.stdout.write('y' * 100000)"))
    assert "wrote too much" in use["result"] and "left out" in use["result"] and len(use["result"]) < 200_000


async def test_the_workspace_is_left_by_no_command(agent: Agent, tmp_path: Path) -> None:
    (agent.folder / "out").symlink_to(tmp_path)
    uses = await agent.does(*(python("print(1)", cwd=cwd) for cwd in ("..", "/", "out", "nowhere")))
    assert [use["state"] for use in uses] == ["refused", "refused", "refused", "failed"] and not agent.asked


async def test_a_command_hears_of_unsaved_changes(agent: Agent) -> None:
    agent.write("a.py", "n = 1\n")
    buffer = await agent.window.open("a.py")
    await agent.window.type(buffer, 0, "# new\n")
    (use,) = await agent.does(python("print(open('a.py').read())"))
    assert "did not see unsaved changes in a.py" in use["result"]


async def test_an_editor_saves_what_only_the_agent_changed_before_a_command(
    daemon, simulator: Simulator, workspace: Path, config: Path
) -> None:
    with config.open("a") as file:
        file.write(NO_SANDBOX)
    saves = {"experimental": {"halley": {"chat": True, "tools": True, "saves": True}}}
    agent = await Agent.start(daemon, simulator, workspace, capabilities=PLUGIN | saves)
    agent.write("a.py", "n = 1\n")
    agent.write("b.py", "n = 1\n")
    mine, theirs = await agent.window.open("a.py"), await agent.window.open("b.py")
    await agent.window.type(theirs, 0, "# new\n")

    async def save(params: dict) -> dict:
        assert params == {"uris": [mine.uri]}
        agent.write("a.py", mine.text)
        return {}

    agent.window._halley_agent_save = save  # type: ignore[attr-defined]
    uses = await agent.does(
        call("edit_file", path="a.py", old_text="n = 1", new_text="n = 2"),
        call("edit_file", path="b.py", old_text="n = 1", new_text="n = 2"),
        python("print(open('a.py').read(), open('b.py').read())"),
    )
    assert "n = 2\n n = 1" in uses[2]["result"] and "unsaved changes in b.py:" in uses[2]["result"]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        not Path(f"/proc/{pid}/stat").exists()
        or Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    )
