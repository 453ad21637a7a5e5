"""Tasks of an agent on small repositories, told as cases: the workspace and every buffer is exactly what was agreed.

    ## workspace    files by path
    ## story        what the user, and the model, do (`stories.py`)
    ## result       what is other than it was (`Player.changed`), to the byte

One daemon serves them all, a window for each.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from harness import NO_SANDBOX, PLUGIN, Agent
from lspclient import Client
from playing import Player
from setting import CONFIG, guarded
from stories import read_story
from window import Window
from windows import listening

from casefile import Case, cases
from halley.simulator import Simulator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def model() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def socket(model: Simulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """That of the daemon."""
    home = tmp_path_factory.mktemp("home")
    (home / "config.toml").write_text(CONFIG.format(url=model.base_url) + NO_SANDBOX)
    path, leaks = home / "halley.sock", home / "left-the-machine.txt"
    env = os.environ | guarded() | {"HALLEY_HOME": str(home), "HALLEY_TEST_LEAKS": str(leaks)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "serve", "--pipe", str(path), env=env
    )
    await listening(path, process)
    yield path
    process.terminate()
    async with asyncio.timeout(90):
        await process.wait()
    assert not leaks.exists(), leaks.read_text()


@pytest_asyncio.fixture(loop_scope="module")
async def agent(socket: Path, model: Simulator, tmp_path: Path) -> AsyncIterator[Agent]:
    client, folder = Client(), tmp_path / "workspace"
    folder.mkdir()
    model.clear()

    async def connect(folder: Path, capabilities: dict) -> Window:
        await client.connect(socket)
        window = Window(client, folder)
        await window.initialize(capabilities)
        return window

    yield await Agent.start(connect, model, folder, capabilities=PLUGIN)
    await client.kill()


@cases("agent")
async def test_a_task_ends_as_it_was_agreed(case: Case, agent: Agent) -> None:
    player, files = Player(agent), case.texts("workspace")
    await player.play(files, read_story(case.text("story")))
    case.check("result", player.changed(files))
