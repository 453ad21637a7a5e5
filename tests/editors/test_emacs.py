"""Emacs, with the lines of docs/editors/emacs.md and nothing else, in both of its clients: real keys, and its screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pages import block, keep_picture
from shop import BETTER
from terminal import PATIENCE_S, Terminal

from halley.simulator import Simulator

ENTER, TAB, ALL = "\r", "\t", "\x18h"
PLAIN = """\
(setq native-comp-enable-subr-trampolines nil native-comp-jit-compilation nil
      inhibit-startup-screen t make-backup-files nil auto-save-default nil create-lockfiles nil
      python-indent-guess-indent-offset nil lsp-enable-suggest-server-download nil lsp-enabled-clients '(halley)
      jsonrpc-default-request-timeout 60 lsp-auto-guess-root t
      lsp-session-file (expand-file-name "lsp-session" temporary-file-directory)
      temporary-file-directory default-directory)
(menu-bar-mode -1)
(setq frame-background-mode 'dark)
(mapc #'frame-set-background-mode (frame-list))
"""
AUTOLOADS = "(require 'lsp-mode-autoloads)\n"
"""What a package manager would have done for lsp-mode."""

Start = Callable[[str], Terminal]
OnShop = Callable[[list[str | Path]], Terminal]


@pytest.fixture
def start(emacs_binary: Path, on_shop: OnShop, tmp_path: Path) -> Start:
    """Starts Emacs on a file, with `init.el` as given."""

    def started(init: str) -> Terminal:
        (tmp_path / "init.el").write_text(PLAIN + init)
        emacs = on_shop([emacs_binary, "-nw", "-Q", "-l", tmp_path / "init.el"])
        emacs.shows("def total(items)", "shop.py")
        return emacs

    return started


@pytest.fixture
def eglot(start: Start) -> Terminal:
    """A buffer that Halley serves."""
    emacs = start(block("emacs", "elisp") + block("emacs", "elisp", 1))
    command(emacs, "eglot")
    emacs.shows("Connected")
    return emacs


def command(emacs: Terminal, name: str) -> None:
    emacs.type(f"\x1bx{name}{ENTER}")


def pick(emacs: Terminal, title: str, using: str = "eglot-code-actions") -> None:
    """Everything marked, and the action of this title chosen."""
    emacs.type(ALL)
    command(emacs, using)
    emacs.shows("[eglot] Pick an action" if using.startswith("eglot") else "Select code action")
    emacs.type(f"{title}{TAB}{ENTER}")


def test_an_action_is_picked_applied_and_undone_in_one_step(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    pick(eglot, "Improve")
    eglot.shows("return sum(item.price for item in items)")
    eglot.type("\x1f")  # C-/
    eglot.shows("result = result + item.price", "return result")
    assert "sum(" not in eglot.text(), "one undo takes all of it back"


def test_an_instruction_changes_the_region(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    eglot.type(ALL)
    command(eglot, "halley-edit")
    eglot.shows("Instruction:")
    eglot.type(f"Add them by sum{ENTER}")
    eglot.shows("return sum(item.price for item in items)")
    assert "Add them by sum" in simulator.requests[-1].body.decode()


def test_an_explanation_opens_as_markdown(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices** of the items.")
    eglot.type(ALL)
    command(eglot, "eglot-code-actions")
    eglot.shows("Pick an action")
    eglot.type("\t\t")
    eglot.shows("Write tests for the selection")
    keep_picture(eglot, "emacs")
    eglot.type(f"Explain{TAB}{ENTER}")
    eglot.shows("It adds up the **prices** of the items.", ".md")


@pytest.mark.parametrize("language", ["python", "go", "typescript"])
def test_modes_with_tree_sitter_are_served(start: Start, simulator: Simulator, language: str) -> None:
    """The modes are Emacs' own; without a grammar they colour nothing, and say so in a window."""
    setup = block("emacs", "elisp").replace("python", language)  # "Name the modes of your languages."
    emacs = start("(setq warning-minimum-level :emergency)\n" + setup)
    emacs.type("\x1b:")
    emacs.shows("Eval:")
    emacs.type(f'(progn ({language}-ts-mode) (format "in %s" major-mode))' + ENTER)
    emacs.shows(f"in {language}-ts-mode")
    command(emacs, "eglot")
    emacs.shows("Connected")
    simulator.script("It adds up the **prices** of the items.")
    pick(emacs, "Explain")
    emacs.shows("It adds up the **prices** of the items.", "Explanation-of-shop.py.md")
    assert f"```{language}" in simulator.requests[-1].body.decode(), "the mode names the language"


def test_typing_continues_while_a_model_works(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```", hold=5)
    pick(eglot, "Improve")
    eglot.wait(lambda _: simulator.open_streams == 1, "the model writes")
    eglot.type("\x1b<# typed meanwhile\n")  # above what is edited
    eglot.shows("# typed meanwhile")
    assert simulator.open_streams == 1, "it was typed while the model wrote"
    simulator.release()
    # Flymake may give every line a margin.
    improved = r"(?m)^( *)# typed meanwhile\n\1def total\(items\):\n\1    return sum\(item\.price for item in items\)"
    eglot.wait(lambda screen: re.search(improved, screen), "both are there")


def test_a_missing_key_is_reported(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    pick(eglot, "Explain")
    eglot.shows("did not accept the key")


def test_what_runs_is_stopped_from_the_same_menu(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script("It adds up. " * 300, hold=5)
    pick(eglot, "Explain")
    eglot.wait(lambda _: simulator.open_streams == 1, "the model writes")
    pick(eglot, "Stop")
    eglot.wait(lambda _: simulator.open_streams == 0, "the connection is closed")
    eglot.shows("stopped")


def test_another_model_is_chosen_by_command(eglot: Terminal) -> None:
    command(eglot, "halley-model")
    eglot.shows("provider/model:")
    eglot.type(f"simulator/sim-fast{ENTER}")
    eglot.shows("chat asks simulator/sim-fast")


def test_suggestions_are_among_the_completions(eglot: Terminal, simulator: Simulator) -> None:
    simulator.script("item in items)", repeat=-1)
    eglot.type("\x1b>result = sum(item.price for ")
    eglot.type("\x1b\t")  # C-M-i
    eglot.wait(lambda _: bool(simulator.requests) and not simulator.open_streams, "a suggestion was made")
    eglot.type("\x1b\t")
    eglot.shows("sum(item.price for item in items)")


def test_lsp_mode_has_the_same(start: Start, simulator: Simulator) -> None:
    emacs = start(AUTOLOADS + block("emacs", "elisp", 2))
    simulator.script(f"```python\n{BETTER}```")
    command(emacs, "lsp")
    emacs.shows("LSP[halley:", "💡")  # it knows of actions
    pick(emacs, "Improve", "lsp-execute-code-action")
    emacs.shows("return sum(item.price for item in items)")


def test_leaving_ends_the_daemon(eglot: Terminal) -> None:
    import psutil

    daemons = psutil.Process(eglot.process.pid).children(recursive=True)
    assert daemons
    eglot.type("\x18\x03")  # C-x C-c
    eglot.wait(lambda screen: eglot.process.poll() is not None or "active processes" in screen, "it leaves")
    if eglot.process.poll() is None:
        eglot.type(f"yes{ENTER}")
    assert eglot.ended() == 0
    _, alive = psutil.wait_procs(daemons, timeout=PATIENCE_S)
    assert not alive
