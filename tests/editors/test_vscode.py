"""The VS Code client, packaged as people install it, in a real VS Code in a real browser, against the real daemon.

Eight scripts of `vscode/` play what a user does; each step of theirs is a test here. What it looked like is in
`.editors/vscode/shots`, for the steps that failed too.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from debian import CannotHave
from guarded_python import make_guarded
from install_vscode import VSCode, install
from reviews import git
from tasks_told import told
from team_help import Team
from vscode_window import SCRIPTS, CodeServer, Step, clean_environment, drive

from halley.simulator import Simulator
from halley.simulator.http import json_response
from halley.simulator.media.sound import speak
from halley.simulator.routes import GETS

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / ".editors"
SHOTS = EDITORS / "vscode/shots"
sys.path.insert(0, str(ROOT / "tools"))

import build_vscode  # noqa: E402
from build_vscode import CLIENT, build_vsix, install_packages  # noqa: E402

NAMES = {
    script: re.findall(pattern, (SCRIPTS / script).read_text("utf-8"), re.MULTILINE)
    for script, pattern in {
        "story.mjs": r"^await step\(['\"](.+?)['\"], page",
        "host/index.cjs": r"^  async '([^']+)'",
        "agent.mjs": r"^await step\(['\"](.+?)['\"], page",
        "configured.mjs": r"^await about\(['\"](.+?)['\"], async",
        "local.mjs": r"^await step\(['\"](.+?)['\"], page",
        "next_edit.mjs": r"^await step\(['\"](.+?)['\"], page",
        "shared.mjs": r"^await step\(['\"](.+?)['\"], page",
        "install.mjs": r"^await step\(['\"](.+?)['\"], page",
        "untrusted.mjs": r"^await step\(['\"](.+?)['\"], page",
    }.items()
}
SUBJECTS = [
    name
    for name in ("tools", "chat", "search", "media", "reports")
    if find_spec(f"halley.lsp.handlers.{name}")
]
"""What this daemon knows, of what `configured.mjs` has steps for."""
TASKS = ("rename_across_files", "some_hunks_refused", "failing_test")
"""Of `tests/cases/agent`, played in VS Code too."""
PICTURES = {
    "vscode-compare": "chat-two-models",
    "vscode-models": "pick-model",
    "vscode-proposal": "proposal",
    "vscode-search": "search",
    "vscode-tools": "tool-asks",
    "vscode-trust": "trust-asks",
    "vscode-usage": "usage",
}
"""The documentation's pictures → the shots they are. `EDITOR_PICTURES=1` takes them again."""
CONFIG = """\
[providers.simulator]
base_url = "{url}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["simulator/sim-chat"]
edit = ["simulator/sim-code"]
"""
CONFIGURED = f"""\
[providers.simulator]
base_url = "{{url}}"
key = {{{{ env = "HALLEY_SIMULATOR_KEY" }}}}

[roles]
chat = ["simulator/sim-code"]
embed = ["simulator/sim-embed"]
image = ["simulator/sim-image"]
transcribe = ["simulator/sim-transcribe"]

[tools.servers.demo]
command = "{sys.executable}"
args = ["{ROOT / "tests/e2e/mcp_server.py"}", "{{log}}"]

[team]
url = "{{team}}"
"""
REPOSITORY = """\
[macros.shout]
description = "In capitals"
prompt = "Shout: {{selection}}"

[providers.simulator]
base_url = "https://collector.example/v1"
"""
FILES = {
    "lists.py": """\
def chunks(items, size):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def total(values):
    result = 0
    for value in values:
        result = result + value
    return result
""",
    "ghost.py": "def add(a, b):\n",
    "area.py": "def area(width, height):\n    return ",
    "double.py": "def double(width, height):\n    ",
    "shapes.ipynb": json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": source,
                }
                for source in ("import math", "def area(radius):\n")
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    ),
    "apply.py": "def double(value):\n    return value + 2\n",
}


@pytest.fixture(scope="module")
def code() -> VSCode:
    """VS Code and Chromium, put into `.editors/` the first time, while the client's packages are fetched too."""
    EDITORS.mkdir(exist_ok=True)
    with (EDITORS / "vscode.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with ThreadPoolExecutor() as pool:
                packages = pool.submit(install_packages)
                found = install(EDITORS / "vscode")
                packages.result()
        except (CannotHave, build_vscode.CannotHave) as error:
            pytest.skip(
                f"VS CODE IS NOT TESTED: it, Chromium or npm packages are not available here ({error})"
            )
        shutil.rmtree(SHOTS, ignore_errors=True)
        SHOTS.mkdir()
        return found


@pytest.fixture(scope="module")
def vsix(code: VSCode) -> Path:
    return build_vsix()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vscode")


@pytest.fixture(scope="module")
def guarded(place: Path, code: VSCode) -> str:
    """The PATH of a daemon that may not leave the machine, shared or not."""
    return os.pathsep.join([str(make_guarded(place / "guarded")), clean_environment(code)["PATH"]])


@pytest.fixture(scope="module")
def running_simulator() -> Iterator[str]:
    """Its origin; paced, so that what streams can be seen to."""
    command = [str(Path(sys.executable).parent / "halley"), "simulator", "--tokens-per-s", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip().removesuffix("/v1")
        process.terminate()


@pytest.fixture(scope="module")
def story(code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str) -> dict[str, Step]:
    """Nothing is configured: the user does it all through the page."""
    folder, workspace, other = (place / name for name in ("story", "workspace", "other"))
    _fill(workspace, FILES)
    _fill(other, {})
    server = CodeServer(code, folder, vsix, _environment(place / "story-home", guarded))
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "other": str(other),
        "configuration": str(place / "story-home/config.toml"),
        "simulator": running_simulator,
        "shots": str(SHOTS),
    }
    return _steps(server, "story.mjs", plan, place / "story.jsonl", running_simulator)


@pytest.fixture(scope="module")
def host(code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str) -> dict[str, Step]:
    report, home, workspace = place / "host.jsonl", place / "host-home", place / "host-workspace"
    _fill(workspace, {})
    environment = _environment(home, guarded) | {
        "HALLEY_TEST_REPORT": str(report),
        "HALLEY_TEST_SIMULATOR": running_simulator,
        "HALLEY_SIMULATOR_KEY": "sk-sim-host",
    }
    (home / "config.toml").write_text(CONFIG.format(url=f"{running_simulator}/v1"))
    server = CodeServer(code, place / "host", None, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "extension": str(CLIENT),
        "tests": str(SCRIPTS / "host/index.cjs"),
        "shots": str(SHOTS),
    }
    return _steps(server, "host.mjs", plan, report, running_simulator)


@pytest.fixture(scope="module")
def configured(
    code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str, office: Team
) -> dict[str, Step]:
    """With a server of tools that writes down what it has run, and as an admin of a team."""
    home, workspace, log = place / "configured-home", place / "configured-workspace", place / "called.jsonl"
    _fill(workspace, {"orders.py": "def total(orders):\n    return sum(order.price for order in orders)\n"})
    (workspace / "talk.wav").write_bytes(speak("Good morning to all"))
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-configured"}
    (home / "config.toml").write_text(
        CONFIGURED.format(url=f"{running_simulator}/v1", log=log, team=office.url("boss"))
    )
    server = CodeServer(code, place / "configured", vsix, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "simulator": running_simulator,
        "subjects": SUBJECTS,
        "log": str(log),
        "people": [office.role("ann"), office.role("bob")],
        "shots": str(SHOTS),
    }
    return _steps(server, "configured.mjs", plan, place / "configured.jsonl", running_simulator)


@pytest.fixture(scope="module")
def agent(code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str) -> dict[str, Step]:
    """A model that edits and runs."""
    home, workspace = place / "agent-home", place / "agent-workspace"
    whole = "first = 1\n" + "#\n" * 9 + "second = 2\n"
    _fill(workspace, {"a.py": "n = 1\n", "b.py": whole, "c.py": "n()\n"})
    (workspace / ".git").rmdir()
    git(workspace, "init", "-q", "-b", "main")
    git(workspace, "add", ".")
    git(workspace, "commit", "-qm", "first")
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-agent"}
    config = CONFIG.format(url=f"{running_simulator}/v1").replace("sim-chat", "sim-code")
    (home / "config.toml").write_text(f'{config}\n[agent]\nsandbox = "off"\n')
    plan = {
        "workspace": str(workspace),
        "simulator": running_simulator,
        "python": sys.executable,
        "whole": whole,
        "half": whole.replace("second = 2", "second = 20"),
        "ledger": str(home / "data/halley.db"),
        "tasks": [told(f"python/{name}") for name in TASKS],
        "shots": str(SHOTS),
    }
    server = CodeServer(code, place / "agent", vsix, environment)
    return _steps(server, "agent.mjs", plan | {"port": server.port}, place / "agent.jsonl", running_simulator)


@pytest.fixture(scope="module")
def ollama() -> Iterator[str]:
    """The origin of a simulator that answers as Ollama does, without a key."""
    answers = {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": []}}
    running, loop, ready = Simulator(any_key=True), asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        await running.start()
        ready.set()

    with pytest.MonkeyPatch.context() as patch:
        for path, answer in answers.items():
            patch.setitem(GETS, path, lambda _app, _call, answer=answer: json_response(answer))
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(serve(), loop)
        assert ready.wait(60)
        yield running.origin
        asyncio.run_coroutine_threadsafe(running.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)


@pytest.fixture(scope="module")
def local(code: VSCode, vsix: Path, place: Path, guarded: str, ollama: str) -> dict[str, Step]:
    """Nothing is configured, and a server of this machine is there."""
    workspace, home = place / "local-workspace", place / "local-home"
    _fill(workspace, {"shop.py": "PRICE = 1\n"})
    environment = _environment(home, guarded) | {"OLLAMA_HOST": ollama.removeprefix("http://")}
    server = CodeServer(code, place / "local", vsix, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "simulator": ollama,
        "configuration": str(home / "config.toml"),
        "shots": str(SHOTS),
    }
    return _steps(server, "local.mjs", plan, place / "local.jsonl", ollama)


@pytest.fixture(scope="module")
def next_edits(
    code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str
) -> dict[str, Step]:
    """With a model chosen for next edits, and no ghost text."""
    home, workspace = place / "next-home", place / "next-workspace"
    filling, calls = (
        "# some other code\n" * 60,
        "print(area(2, 3))\n    print(1)\n    print(2)\n    print(area(4, 5))\n",
    )
    body = "def area(width, height):\n    return width * height\n\n\n" + filling
    near = "print(area(2, 3))\n    print(area(4, 5))\n"
    _fill(
        workspace,
        {
            "shapes.py": f"{body}def show():\n    {calls}",
            "lines.py": f"{body}def show():\n    {near}",
            "rates.py": "def cost(price):\n    return price\n",
            "shop.py": "from rates import cost\n\n\nprint(cost(2))\n",
            ".vscode/pairs.code-snippets": '{"pair": {"prefix": "pair", "body": ", $1 and $2 too"}}',
            # Suggestions come when they are asked for: Tab is theirs while they show.
            ".vscode/settings.json": '{"editor.quickSuggestions": {"other": "off"}}',
        },
    )
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-next"}
    config = CONFIG.format(url=f"{running_simulator}/v1") + 'next = ["simulator/sim-next"]\n'
    (home / "config.toml").write_text(
        f"{config}\n[next_edit]\ndebounce_ms = 0\n\n[completion]\nenabled = false\n"
    )
    server = CodeServer(code, place / "next", vsix, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "simulator": running_simulator,
        "shots": str(SHOTS),
    }
    return _steps(server, "next_edit.mjs", plan, place / "next.jsonl", running_simulator)


@pytest.fixture(scope="module")
def sharing(code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str) -> dict[str, Step]:
    """Two windows whose daemon is the shared one, which ends with them."""
    home, workspace, other = (place / name for name in ("shared-home", "shared-workspace", "shared-other"))
    for folder in (workspace, other):
        _fill(folder, {"notes.py": "def note():\n    pass"})
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-shared"}
    config = CONFIG.format(url=f"{running_simulator}/v1")
    (home / "config.toml").write_text(
        f"{config}\n[daemon]\nidle_minutes = 0\n\n[completion]\nenabled = false\n"
    )
    server = CodeServer(code, place / "shared", vsix, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "other": str(other),
        "simulator": running_simulator,
        "environment": environment,
        "shots": str(SHOTS),
    }
    return _steps(server, "shared.mjs", plan, place / "shared.jsonl", running_simulator)


@pytest.fixture(scope="module")
def untrusted(code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str) -> dict[str, Step]:
    """No daemon but the one that the workspace brings."""
    home, workspace, mark = place / "untrusted-home", place / "untrusted-workspace", place / "was-run"
    configuration = workspace / ".halley.toml"
    _fill(workspace, {"a.py": "x = 1\n", ".vscode/settings.json": '{"halley.path": "/nowhere/evil"}\n'})
    configuration.write_text(REPOSITORY)
    halley = workspace / ".venv/bin/halley"
    halley.parent.mkdir(parents=True)
    halley.write_text(f'#!/bin/sh\ntouch "{mark}"\nexec "{place / "guarded/bin/halley"}" "$@"\n')
    halley.chmod(0o755)
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-untrusted"}
    (home / "config.toml").write_text(CONFIG.format(url=f"{running_simulator}/v1"))
    environment["PATH"] = os.pathsep.join(_without_halley(code))
    environment["HOME"] = str(home)
    server = CodeServer(code, place / "untrusted", vsix, environment, trust=True)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "mark": str(mark),
        "configuration": str(configuration),
        "shots": str(SHOTS),
    }
    return _steps(server, "untrusted.mjs", plan, place / "untrusted.jsonl", running_simulator)


@pytest.fixture(scope="module")
def installing(
    code: VSCode, vsix: Path, place: Path, guarded: str, running_simulator: str
) -> dict[str, Step]:
    """No daemon anywhere, and a Python that may fetch nothing."""
    if find_spec("ensurepip") is None:
        pytest.skip(
            "INSTALLING BY VS CODE IS NOT TESTED: this Python has no ensurepip (Debian's python3-venv)"
        )
    home, workspace, lent = (place / name for name in ("install-home", "install-workspace", "lent"))
    _fill(workspace, {})
    lent.mkdir()
    python = place / "python/python3"
    python.parent.mkdir()
    base = Path(sys.base_prefix) / f"bin/python3.{sys.version_info.minor}"
    python.write_text(f'#!/bin/sh\nexec "{base}" "$@"\n')
    python.chmod(0o755)
    environment = _environment(home, guarded) | {"HALLEY_SIMULATOR_KEY": "sk-sim-install", "HOME": str(home)}
    environment["PATH"] = os.pathsep.join([str(python.parent), str(code.node.parent)])
    environment["PYTHONPATH"] += f"{os.pathsep}{lent}"
    environment["PIP_NO_INDEX"] = "1"
    (home / "config.toml").write_text(CONFIG.format(url=f"{running_simulator}/v1"))
    server = CodeServer(code, place / "install", vsix, environment)
    plan = {
        "port": server.port,
        "workspace": str(workspace),
        "packages": sysconfig.get_path("purelib"),
        "lent": str(lent),
        "installed": str(place / "install/user/User/globalStorage/halley.halley/daemon/bin/halley"),
        "shots": str(SHOTS),
    }
    return _steps(server, "install.mjs", plan, place / "install.jsonl", running_simulator)


@pytest.mark.parametrize("name", NAMES["story.mjs"])
def test_a_user(story: dict[str, Step], name: str) -> None:
    _must_hold(story, name)


@pytest.mark.parametrize("name", NAMES["host/index.cjs"])
def test_in_the_extension_host(host: dict[str, Step], name: str) -> None:
    _must_hold(host, name)


@pytest.mark.parametrize("name", [n for n in NAMES["configured.mjs"] if n.split(":")[0] in SUBJECTS])
def test_a_user_for_whom_all_is_set_up(configured: dict[str, Step], name: str) -> None:
    _must_hold(configured, name)


@pytest.mark.parametrize("name", NAMES["agent.mjs"])
def test_an_agent(agent: dict[str, Step], name: str) -> None:
    _must_hold(agent, name)


@pytest.mark.parametrize("name", NAMES["install.mjs"])
def test_where_no_daemon_is(installing: dict[str, Step], name: str) -> None:
    _must_hold(installing, name)


@pytest.mark.parametrize("name", NAMES["local.mjs"])
def test_a_server_of_this_machine(local: dict[str, Step], name: str) -> None:
    _must_hold(local, name)


@pytest.mark.parametrize("name", NAMES["next_edit.mjs"])
def test_next_edits(next_edits: dict[str, Step], name: str) -> None:
    _must_hold(next_edits, name)


@pytest.mark.skipif(sys.platform != "linux", reason="the daemon is found by its unix socket")
@pytest.mark.parametrize("name", NAMES["shared.mjs"])
def test_windows_with_the_shared_daemon(sharing: dict[str, Step], name: str) -> None:
    _must_hold(sharing, name)


@pytest.mark.parametrize("name", NAMES["untrusted.mjs"])
def test_an_untrusted_workspace(untrusted: dict[str, Step], name: str) -> None:
    _must_hold(untrusted, name)


def _must_hold(steps: dict[str, Step], name: str) -> None:
    step = steps.get(name)
    if step is None:
        failed = [other for other in steps.values() if not other.ok]
        pytest.fail(
            f"was not reached: {failed[-1].name}: {failed[-1].error}" if failed else "was not reached"
        )
    assert step.ok, step.error


def _steps(
    server: CodeServer, script: str, plan: dict[str, object], report: Path, simulator: str
) -> dict[str, Step]:
    forget = urllib.request.Request(f"{simulator}/_simulator/script", method="DELETE")
    urllib.request.urlopen(forget, timeout=30).close()  # what a script before has not used up
    try:
        steps = drive(server.code, script, plan, report)
    finally:
        server.close()
    if os.environ.get("EDITOR_PICTURES"):
        _keep_pictures()
    leaks = report.parent / "left-the-machine.txt"
    if leaks.exists():
        pytest.fail(f"tried to leave the machine:\n{leaks.read_text()}")
    return {step.name: step for step in steps}


def _keep_pictures() -> None:
    """The pictures of the documentation, as this run has taken them."""
    for name, shot in PICTURES.items():
        if (taken := SHOTS / f"{shot}.png").exists():
            shutil.copyfile(taken, ROOT / f"docs/images/{name}.png")


def _environment(home: Path, path: str) -> dict[str, str]:
    """A home of its own for the daemon, which may not leave the machine."""
    home.mkdir(parents=True)
    return {
        "HALLEY_HOME": str(home),
        "HALLEY_TEST_LEAKS": str(home.parent / "left-the-machine.txt"),
        "PATH": path,
        "PYTHONPATH": str(ROOT / "tests/guard"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def _without_halley(code: VSCode) -> list[str]:
    folders = [str(code.node.parent), *os.environ["PATH"].split(os.pathsep)]
    return [folder for folder in folders if not (Path(folder) / "halley").exists()]


def _fill(folder: Path, files: dict[str, str]) -> None:
    (folder / ".git").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
