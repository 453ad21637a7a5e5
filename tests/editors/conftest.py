"""Real editors. What is not available on this machine is skipped, with the reason."""

from __future__ import annotations

import asyncio
import fcntl
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from daemons import daemons_below, end_daemons
from debian import CannotHave
from install_neovim import install_oldest
from neovim import Neovim, documented_setup
from plugin import editing as editing
from plugin import fresh as fresh
from shop import CODE
from team_help import Team
from team_postgres import next_number
from team_postgres import postgres as postgres
from terminal import Terminal

from halley.simulator import Simulator

EDITORS = Path(__file__).parents[2] / ".editors"
CONFIG = """\
[providers.simulator]
base_url = "{url}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["simulator/sim-chat"]
edit = ["simulator/sim-code"]
complete = ["simulator/sim-fim"]

[completion]
timeout_ms = 60000
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.editor)


@pytest.fixture(autouse=True)
def no_daemon_outlives_its_test(halley_home: Path) -> Iterator[None]:
    """Editors share a daemon, which stays for a while when they have gone."""
    yield
    end_daemons(halley_home)


@pytest.fixture(scope="session", autouse=True)
def no_daemon_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of whatever home."""
    yield
    assert not daemons_below(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def neovim_binary() -> Path:
    """Neovim ≥ 0.12, put into `.editors/` the first time."""
    return installed("neovim", "Neovim", "0.12")


@pytest.fixture(scope="session")
def helix_binary() -> Path:
    """Helix ≥ 25, put into `.editors/` the first time."""
    return installed("helix", "Helix", "25")


@pytest.fixture(scope="session")
def emacs_binary() -> Path:
    """Emacs ≥ 29 with eglot and lsp-mode, put into `.editors/` the first time."""
    return installed("emacs", "Emacs", "29")


@pytest.fixture(scope="session")
def vim_binary() -> Path:
    """Vim ≥ 9 with ALE beside it, put into `.editors/` the first time."""
    return installed("vim", "Vim with ALE", "9")


def installed(name: str, title: str, minimum: str) -> Path:
    """What `install_<name>.py` finds or puts there; the test is skipped, loudly, where that is nothing."""
    EDITORS.mkdir(exist_ok=True)
    with (EDITORS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return import_module(f"install_{name}").install(EDITORS / name)
        except CannotHave as error:
            none = f"none of version {minimum} or newer is available here"
            pytest.skip(f"{title.upper()} IS NOT TESTED: {none} ({error})")


@pytest.fixture
def on_shop(
    configured: dict[str, str], workspace: Path, tmp_path: Path
) -> Iterator[Callable[[list[str | Path]], Terminal]]:
    """Starts an editor in a terminal, on `shop.py` in the workspace. It is closed after the test."""
    terminals: list[Terminal] = []

    def started(command: list[str | Path]) -> Terminal:
        (workspace / "shop.py").write_text(CODE)
        env = configured | {"HOME": str(tmp_path)}
        terminals.append(Terminal([*command, "shop.py"], env, workspace))
        return terminals[-1]

    yield started
    for terminal in terminals:
        terminal.close()


@pytest.fixture(scope="session")
def oldest_binary() -> Path:
    """Neovim 0.11, put into `.editors/` the first time."""
    EDITORS.mkdir(exist_ok=True)
    with (EDITORS / "neovim-oldest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return install_oldest(EDITORS / "neovim-oldest")
        except CannotHave as error:
            pytest.skip(f"NEOVIM 0.11 IS NOT TESTED: it is not available here ({error})")


@pytest.fixture(scope="module")
def office(postgres: Any) -> Iterator[Team]:
    """A team in which ann and bob have made calls."""
    team = Team.create(postgres.get_uri(), next_number())
    team.count_calls(
        "ann", ("gpt-5-mini", "github.com/acme/shop", "chat", 2.5, 0), ("gpt-5", "", "ghost", 0.75, 2)
    )
    team.count_calls("bob", ("gpt-5-mini", "github.com/acme/till", "edit", 1.25, 1))
    yield team
    team.drop()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """In a thread of its own, since the tests here wait for their editor."""
    running, ready = Simulator(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        await running.start()
        ready.set()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop)
    assert ready.wait(90)
    yield running
    asyncio.run_coroutine_threadsafe(running.stop(), loop).result(90)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(90)
    loop.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def configured(halley_home: Path, simulator: Simulator) -> dict[str, str]:
    """The simulator in every role; the environment that has its key."""
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    return {"HALLEY_SIMULATOR_KEY": "sk-sim-editor"}


@pytest.fixture
def neovim(neovim_binary: Path, configured: dict[str, str], tmp_path: Path) -> Iterator[Neovim]:
    """A Neovim that knows nothing but what the page on Neovim says to put into `init.lua`."""
    editor = Neovim(neovim_binary, tmp_path, configured)
    editor.lua(documented_setup())
    yield editor
    editor.close()
