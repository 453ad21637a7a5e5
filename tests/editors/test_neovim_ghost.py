"""Ghost text by the plugin: accepted whole, by word and by line, never twice, never under a menu, never for a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from neovim import Neovim
from plugin import LOAD, PLUGIN

from halley.simulator import Simulator

GHOST = """(function()
    local space = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
    for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}) do
      local text = {}
      for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(text, chunk[1]) end
      for _, line in ipairs(mark[4].virt_lines or {}) do
        table.insert(text, '\\n')
        for _, chunk in ipairs(line) do table.insert(text, chunk[1]) end
      end
      if #text > 0 then return table.concat(text) end
    end
end)()"""
GHOST_IS = f"({GHOST}) == ..."
LINE_IS = "vim.api.nvim_get_current_line() == ..."
MAPS = """
    vim.keymap.set('i', '<Tab>', function()
      if not require('halley.ghost').accept() then return '<Tab>' end
    end, { expr = true })
    vim.keymap.set('i', '<M-w>', '<Plug>(halley-ghost-word)')
    vim.keymap.set('i', '<M-l>', '<Plug>(halley-ghost-line)')
    vim.keymap.set('i', '<M-n>', '<Plug>(halley-ghost-next)')
    vim.keymap.set('i', '<M-d>', '<Plug>(halley-ghost-dismiss)')
"""


@pytest.fixture
def typing(fresh: Neovim, workspace: Path) -> Neovim:
    """In Normal mode at the end of `def area(width, height):⏎    return`."""
    fresh.lua(LOAD, str(PLUGIN))
    fresh.lua(MAPS)
    (workspace / "area.py").write_text("def area(width, height):\n    return\n\n\nprint(area(1, 2))\n")
    fresh.edit(workspace / "area.py")
    fresh.attached()
    fresh.type("2gg")
    return fresh


def test_by_word_and_what_is_left_stays(typing: Neovim, simulator: Simulator) -> None:
    simulator.script("width * height")
    typing.type("A ")
    typing.wait(GHOST_IS, "width * height")
    typing.type("<M-w>")
    typing.wait(LINE_IS, "    return width")
    typing.wait(GHOST_IS, " * height")
    typing.type("<M-w>")
    typing.wait(LINE_IS, "    return width *")
    typing.wait(GHOST_IS, " height")
    typing.type("<Tab>")
    typing.wait(LINE_IS, "    return width * height")
    assert len(simulator.requests) == 1, "what is left was not asked again"
    typing.type("<Esc>u")
    typing.wait(LINE_IS, "    return width *")


def test_by_line(typing: Neovim, simulator: Simulator) -> None:
    simulator.script("width * height\n    print(result)\n    return result")
    typing.type("ccresult = ")
    typing.wait(GHOST_IS, "width * height\n    print(result)\n    return result")
    typing.type("<M-l>")
    typing.wait(LINE_IS, "    result = width * height")
    typing.wait(GHOST_IS, "\n    print(result)\n    return result")
    typing.type("<M-l>")
    typing.wait(LINE_IS, "    print(result)")
    typing.type("<Tab>")
    typing.wait(LINE_IS, "    return result")
    assert typing.text() == (
        "def area(width, height):\n    result = width * height\n    print(result)\n    return result\n"
        "\n\nprint(area(1, 2))\n"
    )


def test_typing_on_and_accepting_immediately_inserts_nothing_twice(
    typing: Neovim, simulator: Simulator
) -> None:
    simulator.script("width * height", repeat=-1)
    typing.type("A ")
    typing.wait(GHOST_IS, "width * height")
    typing.type("wid<Tab>")
    typing.wait(LINE_IS, "    return width * height")


def test_what_the_keys_contradict_is_neither_shown_nor_accepted(typing: Neovim, simulator: Simulator) -> None:
    simulator.script("width * height", repeat=1)
    simulator.script("", repeat=-1)
    typing.type("A ")
    typing.wait(GHOST_IS, "width * height")
    typing.type("x")
    typing.wait(LINE_IS, "    return x")
    assert typing.lua(f"return {GHOST}") is None
    typing.type("<Tab>")
    typing.wait(
        "vim.api.nvim_get_current_line():match('^    return x%s*$') and #vim.api.nvim_get_current_line() > 12"
    )


def test_it_is_hidden_while_a_menu_is_open(typing: Neovim, simulator: Simulator) -> None:
    simulator.script("width * height", repeat=-1)
    typing.lua("vim.o.completeopt = 'menu,noinsert'")
    typing.type("A ")
    typing.wait(GHOST_IS, "width * height")
    typing.type("<C-x><C-n>")
    typing.wait("vim.fn.pumvisible() == 1")
    typing.wait(f"({GHOST}) == nil")
    typing.type("w")
    typing.wait(LINE_IS, "    return w")
    typing.wait(f"vim.fn.pumvisible() == 1 and ({GHOST}) == nil")
    typing.type("<C-e>")
    typing.wait("vim.fn.pumvisible() == 0")
    typing.wait(GHOST_IS, "idth * height")


def test_the_next_of_several(typing: Neovim, simulator: Simulator) -> None:
    for text in ("width * height", "height * width", "width"):
        simulator.script(text)
    typing.type("A ")
    typing.wait(GHOST_IS, "width * height")
    typing.type("<M-n>")
    typing.wait(
        "vim.tbl_get(require('vim.lsp._capability').all.inline_completion.active, 1):count_items() > 1"
    )
    before = typing.wait(GHOST)
    typing.type("<M-n>")
    typing.wait(f"({GHOST} or ''):gsub(' %(%d/%d%)$', '') ~= ...", before)
    typing.type("<M-d>")
    typing.wait(f"({GHOST}) == nil")


@pytest.mark.parametrize("name", [".env", "id_rsa", "server.pem"])
def test_a_secret_is_never_asked_about(
    typing: Neovim, workspace: Path, simulator: Simulator, name: str
) -> None:
    simulator.script("hunter2", repeat=-1)
    (workspace / name).write_text("PASSWORD=\n")
    typing.edit(workspace / name)
    typing.lua("vim.bo.filetype = 'conf'")
    typing.attached()
    typing.lua("""
        vim.g.answered = false
        vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
          local request = event.data.request
          if request.method == 'textDocument/inlineCompletion' and request.type == 'complete' then
            vim.g.answered = true
          end
        end })
    """)
    typing.type("A ")
    typing.wait("vim.g.answered")
    assert typing.lua(f"return {GHOST}") is None
    assert not simulator.requests


def test_it_is_asked_for_immediately(typing: Neovim, simulator: Simulator) -> None:
    """Where it does not come by itself, too."""
    typing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley' })[1]
        client.settings = { halley = { completion = { debounceMs = 60000 } } }
        client:notify('workspace/didChangeConfiguration', { settings = client.settings })
    """)
    simulator.script("width * height", repeat=-1)
    typing.type("A <Cmd>Halley suggest<CR>")
    typing.wait(f"(({GHOST}) or ''):find('width * height', 1, true) ~= nil")
