"""What the user sees in Neovim, held against reference screens: text and highlights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from neovim import Neovim
from plugin import BETTER, seen
from screens import check, size

from halley.simulator import Simulator

Check = Callable[[str], None]


@pytest.fixture
def looks_like(editing: Neovim, request: pytest.FixtureRequest) -> Check:
    """Compares the screen with a reference by name."""
    size(editing)
    editing.lua("vim.o.ruler, vim.o.showcmd, vim.o.laststatus = false, false, 2")
    editing.lua("vim.o.statusline = '%=%l,%c'")
    update = bool(request.config.getoption("--update"))

    def compare(name: str) -> None:
        editing.type(":<C-u><Esc>")
        editing.wait("vim.api.nvim_get_mode().mode == 'n'")
        editing.api.command("echo ''")
        check(editing, name, update)

    return compare


def test_a_chat(editing: Neovim, simulator: Simulator, looks_like: Check) -> None:
    simulator.script(
        f"It adds up the **prices**. Shorter:\n\n```python\n{BETTER}```",
        reasoning="What does the person want?\nA shorter sum.",
    )
    simulator.script("Sum of prices", repeat=-1)
    editing.type(":Halley chat What is #file:shop.py about?<CR>")
    seen(editing, "> **Context** 1 excerpt")
    editing.wait("(require('halley.chat').of().title or '') == 'Sum of prices'")
    looks_like("chat")


def test_several_models(editing: Neovim, simulator: Simulator, looks_like: Check) -> None:
    simulator.script("It adds up the prices.", model="sim-chat")
    simulator.script("A sum.", model="sim-fast")
    simulator.script("Sum of prices", repeat=-1)
    editing.type(":Halley chat @simulator/sim-chat @simulator/sim-fast What is it?<CR>")
    editing.wait("(require('halley.chat').of().title or '') == 'Sum of prices'")
    looks_like("columns")


def test_a_proposal(editing: Neovim, simulator: Simulator, looks_like: Check) -> None:
    editing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
        client.settings = { halley = { edits = { apply = 'preview' } } }
        client:notify('workspace/didChangeConfiguration', { settings = client.settings })
    """)
    simulator.script("```python\ndef total(items):\n    return sum(item.price for item in items)\n```")
    editing.type(":%Halley edit use sum<CR>")
    editing.wait(
        "#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('halley.proposals'), 0, -1, {}) > 0"
    )
    looks_like("proposal")


def test_what_is_being_written(editing: Neovim, simulator: Simulator, looks_like: Check) -> None:
    body = ["    return sum(", "        item.price", "        for item", "        in items", "    )"]
    lines = [f"{line}\n" for line in ["```python", "def total(items):", *body, "", "", "```"]]
    simulator.script(chunks=lines, fault="stall_mid_stream")
    editing.type(":%Halley edit use sum<CR>")
    editing.wait("""(function()
        local space = vim.api.nvim_create_namespace('halley.preview')
        local mark = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })[1]
        return mark and #(mark[4].virt_lines or {}) > 2
    end)()""")
    looks_like("preview")
    editing.type(":Halley stop<CR>")


def test_ghost_text(
    editing: Neovim, workspace: Path, simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    size(editing, 80, 10)
    editing.lua("vim.o.showmode, vim.o.ruler, vim.o.laststatus = false, false, 0")
    (workspace / "area.py").write_text("def area(width, height):\n    return\n")
    editing.edit(workspace / "area.py")
    editing.attached()
    simulator.script("width * height", repeat=-1)
    editing.type("2ggA ")
    editing.wait("""(function()
        local space = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
        return space and #vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {}) > 0
    end)()""")
    editing.api.command("echo ''")
    check(editing, "ghost", bool(request.config.getoption("--update")))
