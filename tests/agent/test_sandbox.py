"""Attempts to leave the sandbox, for real: what succeeds without it is refused within, and nothing outlives its chat."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

import pytest
from bubblewrap import bubblewrap as bubblewrap
from harness import Agent, call

from halley.core.agent import Command
from halley.simulator import Simulator
from halley.stores.disk.commands import CommandRuns

PATIENCE_S = 60.0
PYTHON = "/usr/bin/env", "python3"
FIXED = (".git", ".vscode", ".halley.toml", "AGENTS.md")
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
    pytest.mark.usefixtures("bubblewrap"),
]


@dataclass(frozen=True)
class Stage:
    """A workspace, and the facts that a command needs to look beyond it."""

    command: Command
    facts: dict[str, object]

    async def run(self, kind: str, *, sandboxed: bool) -> dict[str, bool]:
        """Which attempts succeeded."""
        argv = (*PYTHON, "leaving.py", json.dumps(self.facts), kind)
        runs = CommandRuns()
        id = await runs.start("chat", replace(self.command, argv=argv, sandboxed=sandboxed), lambda _: None)
        state = await runs.wait(id, PATIENCE_S)
        await runs.aclose()
        assert state.status == 0, state.output
        return json.loads(state.output)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Not below /tmp, which is another one in the sandbox: there everything would hold."""
    with ExitStack() as last:
        base = Path(mkdtemp(prefix="halley-", dir="/var/tmp"))
        last.callback(shutil.rmtree, base)
        home, root, outside = base / "home", base / "project", base / "outside"
        secrets = (".ssh/id_ed25519", ".netrc", ".git-credentials", ".config/gh/hosts.yml")
        for path in (*(home / name for name in secrets), base / "halley/config.toml", outside / "victim"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("secret")
        for path in (root / ".git/hooks/pre-commit", root / ".git/config", root / ".vscode/tasks.json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (root / ".halley.toml").write_text("")
        (root / "AGENTS.md").write_text("")
        (root / "linked").symlink_to(outside)
        shutil.copy(Path(__file__).with_name("leaving.py"), root)
        # A folder of keys that is a link, as dotfile managers make them.
        (home / ".aws").symlink_to(home / "dotfiles")
        (home / "dotfiles").mkdir()
        (home / "dotfiles/credentials").write_text("secret")
        monkeypatch.setenv("HOME", str(home))
        sockets = [str(home / "agent.sock"), str(base / "session.sock")]
        for address in (*sockets, f"\0{base.name}"):
            last.enter_context(_listening(address))
        port = last.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        read = [
            *(str(home / name) for name in secrets),
            str(home / ".aws/credentials"),
            str(base / "halley/config.toml"),
        ]
        facts = {"outside": str(outside), "parent": os.getpid(), "secrets": read, "sockets": sockets}
        command = Command(
            (), root, root, PATIENCE_S, closed=(base / "halley",), fixed=tuple(root / name for name in FIXED)
        )
        yield Stage(command, facts | {"abstract": base.name, "port": port})


def _listening(address: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    return server


async def test_what_succeeds_without_the_sandbox_is_refused_within(stage: Stage) -> None:
    found = await stage.run("all", sandboxed=True)
    assert {name for name, succeeded in found.items() if succeeded} == set() and len(found) > 30
    assert (stage.command.root / "inside").exists(), "it writes in its workspace"
    # The attempts are real ones: without the sandbox each gets there.
    without = await stage.run("harmless", sandboxed=False)
    assert {name for name, succeeded in without.items() if not succeeded} <= {"write by its own link"}
    assert len(without) > 20


DAEMON = """
import os, pathlib, sys, time
if os.fork():
    os.wait()
    while sys.argv[1] == "stays" or not pathlib.Path("ready").exists():
        time.sleep(0.01)
    sys.exit()
os.setsid()
if os.fork():
    os._exit(0)
with open("pipe", "w") as held:
    held.write("up")
    held.flush()
    pathlib.Path("ready").write_text("")
    time.sleep(600)
"""
HALLEY = """
import asyncio, sys
from pathlib import Path
from halley.core.agent import Command
from halley.stores.disk.commands import CommandRuns

async def main():
    root = Path(sys.argv[1])
    command = Command(("/usr/bin/env", "python3", "daemon.py", "stays"), root, root, 600, sandboxed=True)
    runs = CommandRuns()
    await runs.wait(await runs.start("chat", command, lambda _: None), 600)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["it ends", "it is stopped", "halley is killed"])
async def test_nothing_outlives_a_command(stage: Stage, end: str) -> None:
    """A process that left its group and its session holds a pipe open: the pipe's end is its own."""
    root = stage.command.root
    (root / "daemon.py").write_text(DAEMON)
    os.mkfifo(root / "pipe")
    pipe = os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        if end == "halley is killed":
            halley = await asyncio.create_subprocess_exec(sys.executable, "-c", HALLEY, str(root))
            await _until(lambda: _read(pipe) == b"up")
            halley.kill()
            await halley.wait()
        else:
            stays = "ends" if end == "it ends" else "stays"
            runs = CommandRuns()
            command = replace(stage.command, argv=(*PYTHON, "daemon.py", stays), sandboxed=True)
            id = await runs.start("chat", command, lambda _: None)
            await _until(lambda: _read(pipe) == b"up")
            if end == "it is stopped":
                await runs.stop("chat")
            else:
                assert (await runs.wait(id, PATIENCE_S)).status == 0
        await _until(lambda: _read(pipe) == b"")
    finally:
        os.close(pipe)


def _read(pipe: int) -> bytes | None:
    """Nothing where it is open elsewhere, empty where it is not."""
    try:
        return os.read(pipe, 100)
    except BlockingIOError:
        return None


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


async def test_what_takes_effect_by_itself_is_fixed_and_what_is_new_is_reported(
    daemon, simulator: Simulator, workspace: Path
) -> None:
    agent = await Agent.start(daemon, simulator, workspace)
    agent.write(".vscode/tasks.json", "{}")
    line = "mkdir .zed; echo x > .vscode/tasks.json; ls .vscode"
    (use,) = await agent.does(call("run_command", shell_line=line))
    assert "It created .zed, which takes effect by itself" in use["result"] and "Read-only" in use["result"]
    assert agent.read(".vscode/tasks.json") == "{}" and "(no sandbox)" not in agent.asked[0]["command"]
