"""The oldest Neovim that is supported, 0.11: the plugin whole, and a list where there is no ghost text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neovim import Neovim
from plugin import BETTER, CODE, CONFIG, LOAD, PLUGIN, SAID, TEXT_IS, seen

from halley.simulator import Simulator


@pytest.fixture
def old(
    oldest_binary: Path, halley_home: Path, simulator: Simulator, tmp_path: Path, workspace: Path
) -> Iterator[Neovim]:
    """With the plugin, and a file open that Halley serves."""
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    editor = Neovim(oldest_binary, tmp_path, {"HALLEY_SIMULATOR_KEY": "sk-sim-neovim"})
    editor.lua(LOAD, str(PLUGIN))
    (workspace / "shop.py").write_text(CODE)
    editor.edit(workspace / "shop.py")
    editor.attached()
    yield editor
    editor.close()


def test_it_is_the_oldest(old: Neovim) -> None:
    assert old.lua("return vim.fn.has('nvim-0.11') == 1 and vim.fn.has('nvim-0.12') == 0")


def test_an_edit_is_applied_and_undone(old: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    old.type(":%Halley edit use sum<CR>")
    old.wait(TEXT_IS, BETTER)
    old.type("u")
    old.wait(TEXT_IS, CODE)


def test_an_explanation_opens_beside(old: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices**.")
    old.type(":%Halley explain<CR>")
    seen(old, "It adds up the **prices**.")


def test_a_chat_streams_folds_and_continues(old: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up.", reasoning="It is a sum.")
    old.type(":Halley chat What is #file:shop.py about?<CR>")
    text = seen(old, "It adds up.")
    assert "> **Context** 1 excerpt" in text
    assert "> **Reasoning**\n> It is a sum.\n\nIt adds up." in text
    old.wait("vim.fn.foldclosed(vim.fn.search('Reasoning', 'nw')) > 0")
    simulator.script("Yes.", contains="Sure?")
    old.type("GASure?<Esc><CR>")
    seen(old, "Yes.")


def test_what_a_model_would_write_is_in_the_menu(old: Neovim, simulator: Simulator) -> None:
    old.lua("vim.o.completeopt = 'menuone,noinsert'")
    simulator.script("width * height", repeat=-1)
    old.type(":%delete<CR>idef area(width, height):<CR>return ")
    old.wait("vim.fn.pumvisible() == 1 and vim.fn.complete_info({ 'items' }).items[1].abbr:find('width')")
    old.type("<C-y>")
    old.wait("vim.api.nvim_get_current_line():match('return width %* height$') ~= nil")


def test_the_menu_does_not_open_where_it_would_insert(old: Neovim, simulator: Simulator) -> None:
    simulator.script("width * height", repeat=-1)
    old.lua("vim.o.completeopt = 'menu,popup'")
    old.type(":%delete<CR>idef area(width, height):<CR>return ")
    old.wait("""vim.lsp.get_clients({ name = 'halley' })[1]:request_sync('textDocument/completion',
        vim.lsp.util.make_position_params(0, 'utf-8'), 20000).result.items[1]""")
    assert old.lua("return vim.fn.pumvisible()") == 0
    old.type("<C-x><C-o>")
    old.wait("vim.api.nvim_get_current_line():match('return width %* height$') ~= nil")


def test_health_knows(old: Neovim) -> None:
    old.type(":checkhealth halley<CR>")
    report = seen(old, "simulator: key present")
    assert "Suggestions while typing need Neovim 0.12" in report


def test_a_failure_is_reported(old: Neovim, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    old.type(":%Halley explain<CR>")
    old.wait(SAID, "Halley:")
    assert "Traceback" not in old.messages()
