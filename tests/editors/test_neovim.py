"""Neovim with no plugin at all: three lines of set-up, as docs/editors/neovim.md has them, and everything works."""

from __future__ import annotations

from pathlib import Path

import pytest
from neovim import Neovim, documented_setup
from shop import BETTER, CODE

from halley.simulator import Simulator

PICK = """
    local wanted = ...
    vim.g.offered = {}
    vim.ui.select = function(items, opts, choose)
      local titles, chosen = {}, nil
      for _, item in ipairs(items) do
        local title = opts.format_item and opts.format_item(item) or tostring(item)
        table.insert(titles, title)
        if title:lower():find(wanted:lower(), 1, true) and not chosen then chosen = item end
      end
      vim.g.offered = titles
      choose(chosen)
    end
"""


@pytest.fixture
def editing(neovim: Neovim, workspace: Path) -> Neovim:
    """With a file open that Halley serves."""
    (workspace / "shop.py").write_text(CODE)
    neovim.edit(workspace / "shop.py")
    neovim.attached()
    return neovim


def test_attaches_with_the_documented_lines(editing: Neovim, simulator: Simulator) -> None:
    capabilities = editing.lua("return vim.lsp.get_clients({ name = 'halley' })[1].server_capabilities")
    assert capabilities["inlineCompletionProvider"] is not None
    assert "halley.run" in capabilities["executeCommandProvider"]["commands"]
    assert not simulator.requests


def test_an_action_is_picked_applied_and_undone_in_one_step(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    editing.lua(PICK, "improve")
    editing.type("ggVGgra")
    editing.wait("#vim.g.offered > 0")
    offered = " ".join(editing.api.vars["offered"]).lower()
    assert "explain" in offered
    assert "improve" in offered
    editing.wait("table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n') .. '\\n' == ...", BETTER)
    editing.type("<Esc>u")
    editing.wait("vim.api.nvim_get_mode().mode == 'n'")
    assert editing.text() == CODE, "one undo takes all of it back"


def test_typing_elsewhere_meanwhile_is_kept(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```", hold=8)
    editing.lua(PICK, "improve")
    editing.type("ggVGgra")
    editing.wait("#vim.g.offered > 0")
    editing.wait_outside(lambda: simulator.open_streams == 1)
    editing.type("<Esc>gg")
    editing.lua("vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'import shop', '' })")
    simulator.release()
    editing.wait("vim.api.nvim_buf_line_count(0) == 4")
    assert editing.text() == f"import shop\n\n{BETTER}"


def test_an_explanation_opens_as_markdown(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices**.")
    editing.lua(PICK, "explain")
    editing.type("gggra")
    editing.wait("""(function()
        for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
          if vim.api.nvim_buf_get_name(buffer):match('%.md$') then
            local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\\n')
            return text:find('It adds up the **prices**.', 1, true) ~= nil and vim.bo[buffer].filetype == 'markdown'
          end
        end
    end)()""")
    shown = editing.lua("""
        return vim.tbl_map(function(window)
          return vim.fs.basename(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)))
        end, vim.api.nvim_list_wins())
    """)
    assert len(shown) == 2 and "shop.py" in shown, "next to the file"
    assert editing.api.current.buffer.name.endswith("shop.py"), "where the cursor stays"


GHOST = """(function()
    for name, space in pairs(vim.api.nvim_get_namespaces()) do
      if name:find('inline_completion') then
        for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
          local text = {}
          for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(text, chunk[1]) end
          if #text > 0 then return table.concat(text) end
        end
      end
    end
end)()"""


def test_ghost_text_appears_and_is_accepted(neovim: Neovim, workspace: Path, simulator: Simulator) -> None:
    (workspace / "area.py").write_text("def area(width, height):\n    return")
    neovim.edit(workspace / "area.py")
    neovim.attached()
    simulator.script("width * height", repeat=-1)
    neovim.type("GA ")
    neovim.wait(f"({GHOST}) == ...", "width * height")
    neovim.lua(documented_setup(1))
    neovim.type("<Tab>")
    neovim.wait("vim.api.nvim_get_current_line() == '    return width * height'")


def test_chat_is_a_command(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("Prices are added up.")
    editing.lua(documented_setup(2))
    editing.type(":Ask What does this do?<CR>")
    editing.wait("""(function()
        for _, window in ipairs(vim.api.nvim_list_wins()) do
          local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true)
          if table.concat(lines, ' '):find('Prices are added up.', 1, true) then return true end
        end
    end)()""")
    asked = next(body for one in simulator.requests if "What does this do?" in (body := one.body.decode()))
    assert "result = result + item.price" in asked, "the file at hand"


def test_a_failure_is_reported_in_a_sentence(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    editing.lua(PICK, "explain")
    editing.type("gggra")
    editing.wait("vim.api.nvim_exec2('messages', { output = true }).output:lower():find('key') ~= nil")
    assert "Traceback" not in editing.messages()
    assert editing.text() == CODE


def test_leaving_ends_the_daemon(editing: Neovim) -> None:
    pid = editing.lua("return vim.lsp.get_clients({ name = 'halley' })[1].rpc and vim.fn.getpid()")
    import psutil

    daemons = psutil.Process(pid).children(recursive=True)
    assert daemons
    editing.close()
    _, alive = psutil.wait_procs(daemons, timeout=90)
    assert not alive
