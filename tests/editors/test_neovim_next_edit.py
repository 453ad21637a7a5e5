"""Next edits by the plugin: drawn, reached and made with one key, rejected, and never in the way of what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from neovim import Neovim, documented_setup
from plugin import CONFIG, LOAD, PLUGIN, TEXT_IS
from screens import check, size

from halley.simulator import Simulator

CODE = (
    "def area(width, height):\n    return width * height\n\n\n"
    + "# some other code\n" * 30
    + "def show():\n    print(area(2, 3))\n    print(1)\n    print(2)\n    print(area(4, 5))\n"
)
ROLE = 'complete = ["simulator/sim-fim"]\nnext = ["simulator/sim-next"]'
MARKS = """(function(buf)
    local space, found = vim.api.nvim_get_namespaces()['halley.next_edit'], {}
    for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(buf or 0, space, 0, -1, { details = true }) or {}) do
      local text = {}
      for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(text, chunk[1]) end
      for _, line in ipairs(mark[4].virt_lines or {}) do
        for _, chunk in ipairs(line) do table.insert(text, '+' .. chunk[1]) end
      end
      table.insert(found, mark[2] + 1 .. ':' .. (#text > 0 and table.concat(text, '\\n') or 'struck'))
    end
    table.sort(found)
    return table.concat(found, '\\n')
end)()"""
IS = f"({MARKS}) == ..."
GOES = "vim.api.nvim_win_get_cursor(0)[1] == ..."
LINE = "require('halley').next_edit() == ..."


@pytest.fixture
def typing(fresh: Neovim, halley_home: Path, workspace: Path) -> Neovim:
    """In `shapes.py`, with the keys of the page."""
    path = halley_home / "config.toml"
    config = path.read_text().replace(CONFIG.splitlines()[7], ROLE)
    path.write_text(
        config + "\n[next_edit]\ndebounce_ms = 0\ntimeout_ms = 60000\n\n[completion]\nenabled = false\n"
    )
    fresh.lua(LOAD, str(PLUGIN))
    fresh.lua(documented_setup(KEYS))
    size(fresh, 60, 14)
    (workspace / "shapes.py").write_text(CODE)
    fresh.edit(workspace / "shapes.py")
    fresh.attached()
    fresh.wait("vim.g.halley_status ~= nil")
    return fresh


KEYS = 8
"""The block of the page that maps the keys."""


def renamed(editor: Neovim) -> None:
    editor.type("gg04lcwsurface<Esc>")
    editor.wait(LINE, "→ line 36")


def test_one_key_jumps_to_the_next_edit_and_makes_it(
    typing: Neovim, simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    update = bool(request.config.getoption("--update"))
    renamed(typing)
    typing.wait(IS, "1:  → line 36\n36:struck\n36:surface")
    typing.lua("vim.o.ruler, vim.o.showcmd, vim.o.laststatus = false, false, 2")
    typing.lua("""vim.o.statusline = "%t %{%v:lua.require'halley'.next_edit()%}%=%l,%c" """)
    typing.api.command("echo ''")
    check(typing, "next-edit-hint", update)
    typing.type("<Tab>")
    typing.wait(GOES, 36)
    typing.wait(IS, "36:struck\n36:surface")
    check(typing, "next-edit", update)
    typing.type("<Tab>")
    typing.wait("vim.api.nvim_get_current_line() == ...", "    print(surface(2, 3))")
    typing.wait(LINE, "→ line 39")
    typing.type("<Tab>")
    typing.wait(GOES, 39)
    typing.type("<Tab>")
    typing.wait(TEXT_IS, CODE.replace("area", "surface"))
    typing.wait(IS, "")
    assert len(simulator.requests) == 1, "the second was of the same answer"
    typing.type("u")
    typing.wait("vim.api.nvim_get_current_line() == ...", "    print(area(4, 5))")


SHOP = "from shapes import area\n\n\ndef show():\n    print(area(2, 3))\n"


@pytest.fixture
def shop(workspace: Path) -> Path:
    """A file that uses what is renamed; there before the editor starts."""
    path = workspace / "shop.py"
    path.write_text(SHOP)
    return path


def in_another_file(editor: Neovim) -> None:
    """A rename whose next use is in a file that is not open; where it is, is shown."""
    editor.lua("vim.api.nvim_buf_set_lines(0, 2, -1, true, {})")
    editor.type("gg04lcwsurface<Esc>")
    editor.wait(LINE, "→ shop.py:1")
    editor.wait(IS, "1:  → shop.py:1")
    assert editor.lua("return vim.fn.bufloaded('shop.py')") == 0, "not opened before the user goes there"


def test_one_key_goes_to_another_file_that_was_not_open(shop: Path, typing: Neovim) -> None:
    in_another_file(typing)
    typing.type("<Tab>")
    typing.wait("vim.fn.expand('%:t') == ...", shop.name)
    typing.wait(IS, "1:struck\n1:surface")
    typing.type("<Tab>")
    typing.wait("vim.api.nvim_get_current_line() == ...", "from shapes import surface")
    typing.wait(LINE, "→ line 5")
    typing.type("<Tab><Tab>")
    typing.wait(TEXT_IS, SHOP.replace("area", "surface"))


def test_a_file_that_has_changed_since_is_left_as_it_is(shop: Path, typing: Neovim) -> None:
    in_another_file(typing)
    shop.write_text("import shapes\n")
    typing.type("<Tab>")
    typing.wait("vim.api.nvim_exec2('messages', { output = true }).output:find('no longer fits', 1, true)")
    typing.wait(LINE, "")
    assert typing.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)") == ["import shapes"]


def test_lines_that_come_stand_below_those_that_go(typing: Neovim) -> None:
    typing.lua("vim.api.nvim_buf_set_lines(0, 36, 38, true, {})")
    renamed(typing)
    lines = "+    print(surface(2, 3))\n+    print(surface(4, 5))"
    typing.wait(IS, f"1:  → line 36\n36:struck\n37:{lines}\n37:struck")
    typing.lua("vim.keymap.set('n', 'gz', '<Plug>(halley-next)')")
    typing.type("gzgz")
    typing.wait(TEXT_IS, CODE.replace("area", "surface").replace("    print(1)\n    print(2)\n", ""))


def test_what_is_dismissed_is_gone_and_counted(typing: Neovim) -> None:
    renamed(typing)
    typing.type("<Esc>")
    typing.wait(IS, "")
    typing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley' })[1]
        client:request('halley/usage', vim.empty_dict(), function(_, result) _G.usage = result end)
    """)
    typing.wait("_G.usage")
    (row,) = typing.lua("return _G.usage.nextEdits")
    assert (row["shown"], row["rejected"], row["language"]) == (1, 1, "python")


def test_a_key_keeps_its_meaning_where_there_is_none(typing: Neovim) -> None:
    typing.type("ggO<Tab>x<Esc>")
    typing.wait("vim.api.nvim_buf_get_lines(0, 0, 1, true)[1]:match('^%s+x$')")


def test_typing_takes_it_away_and_a_menu_hides_it(typing: Neovim) -> None:
    renamed(typing)
    typing.lua("vim.o.completeopt = 'menu,noinsert'")
    typing.type("jA <C-x><C-n>")
    typing.wait("vim.fn.pumvisible() == 1")
    typing.wait(IS, "")
    assert typing.lua("return require('halley.next_edit').step()") is False
    typing.type("<C-e>")
    typing.wait("vim.fn.pumvisible() == 0")
    typing.wait(f"({MARKS}):find('36:surface', 1, true)")


def test_a_snippet_keeps_the_key(typing: Neovim) -> None:
    renamed(typing)
    typing.type("o")
    typing.lua("vim.snippet.expand('for $1 in $2')")
    typing.wait("vim.snippet.active() and require('halley').next_edit() ~= ''")
    typing.wait(IS, "")
    assert typing.lua("return require('halley.next_edit').step()") is False


def test_nothing_is_sent_without_a_model_for_it(fresh: Neovim, workspace: Path) -> None:
    fresh.lua(LOAD, str(PLUGIN))
    (workspace / "shapes.py").write_text(CODE)
    fresh.edit(workspace / "shapes.py")
    fresh.attached()
    fresh.wait("vim.g.halley_status ~= nil")
    fresh.lua("""
        _G.asked = {}
        vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
          table.insert(_G.asked, event.data.request.method)
        end })
    """)
    fresh.type("gg04lcwsurface<Esc>")
    fresh.lua(
        "require('halley.client').request('halley/usage', vim.empty_dict(), function() _G.after = true end)"
    )
    fresh.wait("_G.after")
    fresh.lua("vim.wait(60)")  # longer than a question is held back
    assert "halley/nextEdit" not in fresh.lua("return _G.asked")
    fresh.type(":Halley next<CR>")
    fresh.wait("vim.api.nvim_exec2('messages', { output = true }).output:find('next', 1, true)")


COPILOT = """
    vim.lsp.config('copilot_ls', {
      cmd = { 'halley', 'serve' }, root_markers = { '.git' }, flags = { debounce_text_changes = 0 },
    })
    vim.lsp.enable('copilot_ls')
"""
ASK = """
    local client = vim.lsp.get_clients({ name = 'copilot_ls', bufnr = 0 })[1]
    local version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    params.textDocument.version, params.context = version, { triggerKind = 2 }
    client:request('textDocument/copilotInlineEdit', params, function(err, result)
      assert(not err, vim.inspect(err))
      _G.edits = vim.tbl_filter(function(edit) return edit.textDocument.version == version end, result.edits)
    end)
"""
APPLY = """
    local edit, client = _G.edits[1], vim.lsp.get_clients({ name = 'copilot_ls', bufnr = 0 })[1]
    client:notify('textDocument/didShowInlineEdit', { item = { command = edit.command } })
    local change = { range = edit.range, newText = edit.text }
    vim.lsp.util.apply_text_edits({ change }, vim.uri_to_bufnr(edit.textDocument.uri), client.offset_encoding)
    client:exec_cmd(edit.command, { bufnr = 0 })
    client:request('halley/usage', vim.empty_dict(), function(_, result) _G.usage = result end)
"""


def test_a_client_of_copilots_method_is_served(fresh: Neovim, halley_home: Path, workspace: Path) -> None:
    path = halley_home / "config.toml"
    path.write_text(
        f"{path.read_text().replace(CONFIG.splitlines()[7], ROLE)}\n[next_edit]\ndebounce_ms = 0\ntimeout_ms = 60000\n"
    )
    fresh.lua(COPILOT)
    (workspace / "shapes.py").write_text(CODE)
    fresh.edit(workspace / "shapes.py")
    fresh.wait("(vim.lsp.get_clients({ name = 'copilot_ls', bufnr = 0 })[1] or {}).initialized")
    fresh.type("gg04lcwsurface<Esc>")
    fresh.wait("vim.api.nvim_get_current_line():find('surface', 1, true)")
    fresh.lua(ASK)
    fresh.wait("_G.edits")
    fresh.lua(APPLY)
    fresh.wait(TEXT_IS, CODE.replace("def area", "def surface").replace("area(2, 3)", "surface(2, 3)"))
    fresh.wait("_G.usage")
    (row,) = fresh.lua("return _G.usage.nextEdits")
    assert (row["shown"], row["accepted"]) == (1, 1)
