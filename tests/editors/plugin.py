"""What tests of the Neovim plugin share: a Neovim with the plugin on its runtimepath, and how to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neovim import Neovim

from halley.simulator import Simulator

PLUGIN = Path(__file__).parents[2] / "clients/neovim"
CONFIG = """\
[providers.simulator]
base_url = "{url}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["simulator/sim-chat"]
edit = ["simulator/sim-code"]
complete = ["simulator/sim-fim"]

[macros.shout]
description = "In capitals"
prompt = "Shout: {{{{selection}}}}"
"""
CODE = "def total(items):\n    result = 0\n    for item in items:\n        result += item.price\n    return result\n"
BETTER = "def total(items):\n    return sum(item.price for item in items)\n"
LOAD = """
    vim.opt.runtimepath:prepend(...)
    vim.cmd.runtime('plugin/halley.lua')
    vim.lsp.enable('halley')
"""
SELECT = """
    local wanted = ...
    _G.offered = {}
    vim.ui.select = function(items, opts, choose)
      local format = opts.format_item or tostring
      local titles = vim.tbl_map(format, items)
      table.insert(_G.offered, titles)
      local want = table.remove(wanted, 1)
      for index, title in ipairs(titles) do
        if want and title:find(want, 1, true) then return choose(items[index], index) end
      end
      choose(nil)
    end
"""
SEEN = """(function(wanted)
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local buffer = vim.api.nvim_win_get_buf(window)
      local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\\n')
      if text:find(wanted, 1, true) then return vim.api.nvim_buf_get_name(buffer) .. '\\n' .. text end
    end
end)(...)"""
SAID = "vim.api.nvim_exec2('messages', { output = true }).output:find(..., 1, true) ~= nil"
TEXT_IS = "table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n') .. '\\n' == ..."


@pytest.fixture
def fresh(neovim_binary: Path, halley_home: Path, simulator: Simulator, tmp_path: Path) -> Iterator[Neovim]:
    """A Neovim whose whole configuration is the plugin on the runtimepath, not enabled yet."""
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    editor = Neovim(neovim_binary, tmp_path, {"HALLEY_SIMULATOR_KEY": "sk-sim-neovim"})
    yield editor
    editor.close()


@pytest.fixture
def editing(fresh: Neovim, workspace: Path) -> Neovim:
    """With a file open that Halley serves."""
    fresh.lua(LOAD, str(PLUGIN))
    (workspace / "shop.py").write_text(CODE)
    fresh.edit(workspace / "shop.py")
    fresh.attached()
    return fresh


def seen(editor: Neovim, text: str) -> str:
    """Waits until a window shows the text; the buffer's name and all of it."""
    return editor.wait(SEEN, text)


def request_about(simulator: Simulator, words: str) -> str:
    """The body of the latest request that holds the words: a chat's title may be asked for at any time after it."""
    return [body for request in simulator.requests if words in (body := request.body.decode())][-1]
