"""An agent's steps in Neovim's chat: what each does, its state, the question before it, and the keys that answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from neovim import Neovim
from plugin import SAID, seen
from test_neovim_agent import WAITS, answer, ask, call, idle

from halley.simulator import Simulator

__all__ = ["ask"]

CLOSED = """(function(wanted)
    local line = vim.fn.search(wanted, 'nw')
    return line > 0 and vim.fn.foldclosed(line) == line and vim.fn.foldclosedend(line) > line
end)(...)"""
TWO = "first = 1\n\n\n\n\n\n\n\n\nsecond = 2\n"
BOTH = "first = 10\n\n\n\n\n\n\n\n\nsecond = 20\n"


@pytest.fixture(autouse=True)
def no_sandbox(fresh: Neovim, halley_home: Path) -> None:
    """The interpreter of the tests may be where a sandbox does not see it."""
    with (halley_home / "config.toml").open("a") as file:
        file.write('\n[agent]\nsandbox = "off"\n')


@pytest.fixture
def two(workspace: Path) -> Path:
    path = workspace / "two.py"
    path.write_text(TWO)
    return path


def edit_two() -> dict:
    return call("edit_file", path="two.py", old_text=TWO.strip(), new_text=BOTH.strip())


def test_steps_stand_in_their_places_with_their_states(editing: Neovim, simulator: Simulator, ask) -> None:
    simulator.script(
        "I look.", tool_calls=[call("read_file", path="shop.py")], contains="Look", model="sim-chat"
    )
    slow = 'print("begun", flush=True)\nprint("ended")'
    ask("Look", call("run_command", command=[sys.executable, "-c", slow]), "All seen.")
    before = answer(editing, "gy", "Run a command")
    assert 'print("begun", flush=True)\n>     print("ended")' in before, "the command is shown whole"
    seen(editing, "All seen.")
    text = idle(editing)
    at = [text.index(part) for part in ("I look.", "> ✓ **Read a file** shop.py · done\n", "> ✓ **Run a command**", "All seen.")]  # fmt: skip
    assert at == sorted(at) and ">     begun\n>     ended\n" in text
    assert text.count("All seen.") == 1 and text.count("**Read a file**") == 1
    editing.wait(CLOSED, "Read a file")
    editing.wait(CLOSED, "Run a command")
    editing.type(":edit!<CR>")
    editing.wait("vim.fn.search('All seen', 'nw') > 0")
    assert editing.text() == text, "as the daemon has saved it"
    editing.lua("vim.fn.search('Run a command', 'w')")
    editing.type("K")
    assert "\nbegun\nended\n" in seen(editing, "# Run a command"), "all of it, in a window of its own"


def test_what_a_command_writes_is_seen_while_it_runs(editing: Neovim, ask, workspace: Path) -> None:
    waits = (
        "import pathlib, time\nfor n in range(20): print('line', n, flush=True)\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.01)"
    )
    ask("Run it", call("run_command", command=[sys.executable, "-c", waits]), "It ran.")
    answer(editing, "gy", "Run a command")
    editing.wait("vim.fn.search('^> … .*Run a command.* · running$', 'nw') > 0")
    text = seen(editing, ">     … 10 lines before these; K shows all\n>     line 10\n")
    assert ">     line 19\n" in text and ">     line 9\n" not in text
    assert editing.lua("return vim.fn.foldclosed(vim.fn.search('line 19', 'nw'))") == -1
    (workspace / "go").touch()
    seen(editing, "It ran.")


def test_an_edit_is_approved_by_hunk_with_keys(editing: Neovim, ask, two: Path) -> None:
    ask("Raise both", edit_two(), "Raised.")
    editing.wait(WAITS)
    assert two.read_text() == TWO
    editing.type("Ggh")
    editing.wait(SAID, "put the cursor on one of the changes first")
    editing.lua("vim.fn.search('first = 10', 'w')")
    editing.type("gh")
    editing.wait(
        "vim.fn.search('- \\\\[ \\\\] line 1$', 'nw') > 0 and vim.fn.search('allow the ticked', 'nw') > 0"
    )
    editing.type("gA")
    editing.wait(SAID, "some of an edit are approved only this once")
    answer(editing, "gy", "two.py")
    seen(editing, "Raised.")
    text = idle(editing)
    assert two.read_text() == TWO.replace("second = 2", "second = 20")
    assert "> ✓ **Edit a file** two.py · +1 −1 · done\n" in text


def test_an_edit_without_a_ticked_hunk_is_no_approval(editing: Neovim, ask, two: Path) -> None:
    ask("Raise both", edit_two(), "Not raised.")
    editing.wait(WAITS)
    for at in ("first = 10", "second = 20"):
        editing.lua("vim.fn.search(..., 'w')", at)
        editing.type("gh")
        editing.wait("vim.fn.search('^> - \\\\[ \\\\]', 'nw') > 0")
    editing.type("gy")
    editing.wait(SAID, "no change is ticked")
    answer(editing, "gn", "two.py")
    seen(editing, "Not raised.")
    assert "> ✗ **Edit a file** two.py · +2 −2 · denied by you\n" in idle(editing) and two.read_text() == TWO


def test_the_keys_are_there_only_while_something_waits(editing: Neovim, ask, two: Path) -> None:
    mapped = "vim.fn.maparg('gy', 'n') ~= ''"
    assert not editing.lua(f"return {mapped}")
    ask("Raise both", edit_two(), "Raised.")
    editing.wait(f"{WAITS} and {mapped}")
    editing.type("Goigygygy")
    editing.wait("vim.api.nvim_get_current_line() == 'igygygy'")
    assert editing.lua(f"return {WAITS}"), "what is typed is no approval"
    editing.type("<Esc>:wincmd p<CR>:Halley approve<CR>")
    editing.wait_outside(lambda: two.read_text() == BOTH)
    seen(editing, "igygygy")
    editing.type(":wincmd p<CR>")
    editing.wait("require('halley.chat').of() ~= nil and vim.fn.maparg('gy', 'n') == ''")


def test_what_is_agreed_for_the_chat_is_not_asked_again(editing: Neovim, ask, workspace: Path) -> None:
    ask(
        "One",
        call("create_file", path="a.txt", text="a\n"),
        call("create_file", path="b.txt", text="b\n"),
        "Made.",
    )
    answer(editing, "gc", "a.txt")
    seen(editing, "Made.")
    idle(editing)
    assert (workspace / "a.txt").read_text() == "a\n" and (workspace / "b.txt").read_text() == "b\n"


def test_a_question_ends_with_its_reply(editing: Neovim, ask, two: Path) -> None:
    ask("Raise both", edit_two(), "Raised.")
    editing.wait(WAITS)
    editing.type(":Halley stop<CR>")
    text = idle(editing)
    editing.wait(f"not {WAITS}")
    editing.wait("vim.fn.search('Edit a file.* · not answered, so not run$', 'nw') > 0")
    assert "> ? " not in editing.text(), text
    editing.type(":Halley approve<CR>")
    editing.wait(SAID, "no call waits for approval here")
    assert two.read_text() == TWO


def test_a_step_that_the_user_has_removed_stays_removed(editing: Neovim, ask, two: Path) -> None:
    ask("Raise both", edit_two(), "Raised.")
    editing.wait(WAITS)
    editing.lua("""
        local first, last = vim.fn.search('^> ? ', 'nw'), vim.fn.search('^> `gy`', 'nw')
        vim.api.nvim_buf_set_lines(0, first - 1, last, true, {})
    """)
    editing.type(":Halley approve<CR>")
    seen(editing, "Raised.")
    text = idle(editing)
    assert "Edit a file" not in text and text.count("## ") == 3 and two.read_text() == BOTH
