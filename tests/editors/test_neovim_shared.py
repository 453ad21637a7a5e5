"""Two real Neovims: one daemon, and each has only the keys that it brought."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from neovim import Neovim
from plugin import CODE, LOAD, PLUGIN

from halley.simulator import Simulator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the daemon is found by its unix socket")

CONFIG = """\
[providers.away]
kind = "openai"
base_url = "{url}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["away/sim-chat"]
"""
KEY = {"HALLEY_SIMULATOR_KEY": "sk-sim-neovim"}
DAEMON = re.compile(r"process (\d+), sessions: 2")


@pytest.fixture
def start(
    neovim_binary: Path, halley_home: Path, simulator: Simulator, workspace: Path, tmp_path: Path
) -> Iterator[Any]:
    """Starts a Neovim with a file open that Halley serves. All are closed after the test."""
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    same = {"XDG_RUNTIME_DIR": "", "XDG_STATE_HOME": str(tmp_path / "state")}  # part of which daemon it is

    def started(name: str, env: dict[str, str]) -> Neovim:
        (tmp_path / name).mkdir()
        editor = Neovim(neovim_binary, tmp_path / name, same | env)
        stack.callback(editor.close)
        editor.lua(LOAD, str(PLUGIN))
        (workspace / f"{name}.py").write_text(CODE)
        editor.edit(workspace / f"{name}.py")
        editor.attached()
        return editor

    with ExitStack() as stack:
        yield started


def test_two_neovims_share_a_daemon_and_no_key(start: Any) -> None:
    one, two = start("one", KEY), start("two", {})
    found = request(one, "halley/doctor", {})["sharedDaemon"]
    daemon = DAEMON.search(found)
    assert daemon, found
    assert request(two, "halley/doctor", {})["sharedDaemon"] == found
    asked = {"prompt": "Say a word."}
    assert request(one, "halley/chat/send", asked)["replies"][0]["status"] == "complete"
    refused = answer(two, "halley/chat/send", asked)
    assert "There is no key for away" in str(refused), refused


def test_a_neovim_that_restarts_gets_a_new_daemon_and_the_other_keeps_its_own(start: Any) -> None:
    one, two = start("one", KEY), start("two", KEY)
    before = DAEMON.search(request(one, "halley/doctor", {})["sharedDaemon"])
    client = one.lua("return vim.lsp.get_clients({ name = 'halley' })[1].id")
    one.type(":Halley restart<CR>")
    one.wait("(vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1] or { id = ... }).id ~= ...", client)
    one.attached()
    after = re.search(r"process (\d+), sessions: 1", request(one, "halley/doctor", {})["sharedDaemon"])
    assert before and after and before[1] != after[1]
    assert psutil.pid_exists(int(before[1]))
    assert request(two, "halley/doctor", {})["version"]


@pytest.mark.parametrize(
    ("options", "cmd"),
    [
        ({}, ["halley", "serve", "--shared"]),
        ({"shared": False}, ["halley", "serve"]),
        ({"cmd": ["halley", "serve", "--log-file", "x"]}, ["halley", "serve", "--log-file", "x", "--shared"]),
        ({"cmd": ["halley", "serve", "--shared"]}, ["halley", "serve", "--shared"]),
        ({"cmd": ["halley", "serve", "--pipe=/x"]}, ["halley", "serve", "--pipe=/x"]),
        ({"cmd": ["my-halley"]}, ["my-halley"]),
    ],
)
def test_a_command_of_the_users_own_is_not_broken(fresh: Neovim, options: Any, cmd: list[str]) -> None:
    fresh.lua("vim.opt.runtimepath:prepend(...)", str(PLUGIN))
    fresh.lua("vim.g.halley = ...", options)
    assert fresh.lua("return require('halley.lsp').config().cmd") == cmd


def request(editor: Neovim, method: str, params: dict[str, Any]) -> Any:
    """Its result."""
    said = answer(editor, method, params)
    assert said.get("result"), said
    return said["result"]


def answer(editor: Neovim, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """`result` or `err`. Neovim cannot tell an empty object from a list, so an empty one is made there."""
    code = "return vim.lsp.get_clients({ name = 'halley' })[1]:request_sync(%r, %s, 90000)"
    made = "..." if params else "vim.empty_dict()"
    return editor.lua(code % (method, made), params) or {}
