"""Vim with ALE, set up by docs/editors/vim.md and nothing else: real keys, and what its screen shows.

No package registry has vim-lsp: the page's function for it runs in a real Vim against what vim-lsp would
hand it, and `tests/e2e/test_plain_clients.py` plays a client with its capabilities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from install_vim import ALE
from pages import block
from shop import BETTER
from terminal import Terminal

from halley.simulator import Simulator

PLAIN = "set nocompatible viminfo= noswapfile\nfiletype plugin on\n"

Start = Callable[[str], Terminal]
OnShop = Callable[[list[str | Path]], Terminal]


@pytest.fixture
def start(vim_binary: Path, on_shop: OnShop, tmp_path: Path) -> Start:
    """Starts Vim on a file, with a `.vimrc` as given."""

    def started(vimrc: str) -> Terminal:
        (tmp_path / "vimrc").write_text(PLAIN + vimrc)
        vim = on_shop([vim_binary, "-u", tmp_path / "vimrc"])
        vim.shows("def total(items)")
        return vim

    return started


@pytest.fixture
def ale(start: Start, vim_binary: Path) -> Terminal:
    """With ALE loaded first, as a plugin manager does."""
    loaded = (
        f"let &runtimepath .= ',{vim_binary.parent / ALE}'\nruntime plugin/ale.vim\n"  # blanks may be in it
    )
    only = "let g:ale_linters_explicit = 1\n"  # none of ALE's own: the page's lines add Halley
    return start(loaded + only + block("vim", "vim"))


def pick(ale: Terminal, title: str) -> None:
    """Everything selected, the actions listed, and the one of this title chosen."""
    ale.type("ggVG:ALECodeAction\r")
    listed = ale.shows(title, "Type number")
    number = re.search(rf"(\d+)\) {re.escape(title)}", listed)
    assert number
    ale.type(f"{number[1]}\r")


def test_an_edit_is_made_and_undone_in_one_step(ale: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    pick(ale, "Improve the selection")
    ale.shows("return sum(item.price for item in items)")
    ale.type("u")
    ale.wait(
        lambda screen: "return result" in screen and "sum(" not in screen, "one undo takes all of it back"
    )


def test_an_instruction_changes_the_selected_lines(ale: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    ale.type("ggVG:HalleyEdit Add them by sum\r")
    ale.shows("return sum(item.price for item in items)")
    assert "Add them by sum" in simulator.requests[-1].body.decode()


def test_typing_continues_while_a_model_works(ale: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```", hold=5)
    pick(ale, "Improve the selection")
    ale.wait(lambda _: simulator.open_streams == 1, "the model writes")
    ale.type("\x1bggO# typed meanwhile\x1b")  # above what is edited
    ale.shows("# typed meanwhile")
    ale.hides("-- INSERT --")
    simulator.release()
    ale.shows("# typed meanwhile\ndef total(items):\n    return sum(item.price for item in items)")


def test_an_answer_is_in_the_preview_window(ale: Terminal, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices**.\n\nOf each item.")
    pick(ale, "Explain the selection")
    ale.shows("Explanation of shop.py", "It adds up the **prices**.", "Of each item.", "def total(items)")


def test_a_missing_key_is_reported(ale: Terminal, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    pick(ale, "Explain the selection")
    ale.shows("did not accept the key", "def total(items)")


def test_vim_lsps_answer_opens_in_the_preview_window(start: Start, tmp_path: Path) -> None:
    """The page's lines with functions of these names that keep what they are given."""
    (tmp_path / "autoload/lsp").mkdir(parents=True)
    (tmp_path / "autoload/lsp.vim").write_text(VIM_LSP)
    answer = tmp_path / "an answer.md"
    answer.write_text("# Explanation of shop.py\n\nIt adds up the **prices**.\n")
    vim = start(f"let &runtimepath .= ',{tmp_path}'\n" + block("vim", "vim", 1))
    vim.type(":doautocmd User lsp_setup\r")
    vim.type(":echo g:server.name g:server.cmd({})\r")
    vim.shows("halley ['halley', 'serve']")
    vim.type(
        ":echo 'changes held back:' g:lsp_use_event_queue\r"
    )  # a second otherwise, and edits have no version there
    vim.shows("changes held back: 0")
    vim.type(f":call Told('another', 'Explanation of shop.py: see {answer}')\r")
    vim.type(":call Told('halley', 'Halley: explain …') | echo 'nothing' 'yet'\r")
    assert "It adds up" not in vim.shows("nothing yet")
    vim.type(f":call Told('halley', 'Explanation of shop.py: see {answer}')\r")
    vim.shows("It adds up the **prices**.", "def total(items)")


VIM_LSP = """\
function! lsp#register_server(info) abort
  let g:server = a:info
endfunction
function! lsp#register_notifications(name, callback) abort
  let g:Notified = a:callback
endfunction
function! Told(server, message) abort
  call g:Notified(a:server, {'response': {'method': 'window/showMessage', 'params': {'type': 2, 'message': a:message}}})
endfunction
"""
