"""An agent in the Neovim plugin: its plan in the chat, messages that wait, stopping, taking back and sending again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neovim import Neovim
from plugin import SAID, SELECT, seen

from halley.simulator import Simulator

BUSY = "require('halley.chat').busy(vim.api.nvim_get_current_buf())"
WAITS = "require('halley.chat.approving').waits(vim.api.nvim_get_current_buf())"
HOLD = """
    vim.ui.select = function(items, opts, choose)
      local titles = vim.tbl_map(opts.format_item or tostring, items)
      _G.question = { titles = titles, answer = function(index)
        _G.question = nil
        choose(items[index], index)
      end }
    end
"""
"""Questions wait until `_G.question.answer(index)`."""


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@pytest.fixture
def ask(editing: Neovim, simulator: Simulator) -> Callable[..., None]:
    """Sends a message in a new chat. `rounds` are what the model says to it: calls, or text."""
    editing.type(":Halley! chat<CR>")
    editing.wait("require('halley.chat').of() ~= nil and require('halley.chat').of().mode ~= nil")
    editing.lua("vim.cmd('Halley mode agent')")
    editing.wait("require('halley.chat').of().mode == 'agent'")

    def send(prompt: str, *rounds: dict[str, Any] | str) -> None:
        for one in rounds:
            if isinstance(one, str):
                simulator.script(one, contains=prompt, model="sim-chat")
            else:
                simulator.script(tool_calls=[one], contains=prompt, model="sim-chat")
        editing.type(f":Halley chat {prompt}<CR>")

    return send


def answer(editing: Neovim, keys: str, about: str) -> str:
    """Types the keys that answer the question about a file or a command; the chat as it was before."""
    editing.wait(f"{WAITS} and vim.fn.search('^> ? .*' .. ..., 'nw') > 0", about)
    text = editing.text()
    editing.type(keys)
    editing.wait("vim.fn.search('^> ? .*' .. ..., 'nw') == 0", about)
    return text


def idle(editing: Neovim) -> str:
    editing.wait(f"not {BUSY}")
    return editing.text()


def test_the_plan_is_a_list_of_tasks_that_are_ticked(
    editing: Neovim, simulator: Simulator, ask: Callable[..., None]
) -> None:
    editing.lua("vim.cmd('Halley mode plan')")
    editing.wait("require('halley.chat').of().mode == 'plan'")
    ask(
        "Do it",
        call("write_plan", steps=["Read it", "Change it", "Test it"]),
        call("mark_step", step=1, state="done"),
        call("create_file", path="new.py", text="n = 1\n"),
        call("mark_step", step=2, state="dropped"),
        "All done.",
    )
    before = answer(editing, "gy", "plan")
    assert "**Plan**" not in before and ">     1. Read it\n>     2. Change it\n>     3. Test it\n" in before
    before = answer(editing, "gy", "new.py")
    assert "**Plan** 1/3\n\n- [x] Read it\n- [ ] Change it\n- [ ] Test it\n\n## You" in before
    text = seen(editing, "All done.")
    idle(editing)
    expected = "**Plan** 2/3\n\n- [x] Read it\n- [x] Change it · dropped\n- [ ] Test it\n\n## You"
    assert expected in editing.text() and editing.text().count("**Plan**") == 1, text
    simulator.script("More.", contains="And now?", model="sim-chat")
    editing.type(":Halley chat And now?<CR>")
    seen(editing, "More.")
    idle(editing)
    assert editing.text().index("Test it") < editing.text().index("And now?"), (
        "it stays where it was agreed to"
    )
    editing.type(":edit!<CR>")
    editing.wait("vim.fn.search('More', 'nw') > 0 and vim.fn.search('Plan', 'nw') > 0")
    assert expected in editing.text(), "as the daemon has it"


def test_messages_wait_and_are_taken_back(
    editing: Neovim, simulator: Simulator, ask: Callable[..., None], workspace: Path
) -> None:
    ask("Make a", call("create_file", path="a.txt", text="a\n"))
    editing.wait(WAITS)
    ask("Then this", "Yes, then.")
    seen(editing, "Then this\n\n> Queued until this step is done.")
    ask("Never mind")
    seen(editing, "Never mind\n\n> Queued")
    editing.wait("require('halley.chat.window').winbar():find('2 queued', 1, true) ~= nil")
    editing.type(":Halley withdraw<CR>")
    editing.wait("#require('halley.chat').of().queued == 1")
    assert editing.text().endswith("## You\n\nNever mind\n"), "it can be written again"
    answer(editing, "gy", "a.txt")
    seen(editing, "Yes, then.")
    text = idle(editing)
    assert "> Queued" not in text
    assert (
        text.index("Make a") < text.index("Then this") < text.index("Yes, then.") < text.index("Never mind")
    )
    assert (workspace / "a.txt").read_text() == "a\n"


def test_stopping_ends_what_waits_too_and_keeps_what_was_done(
    editing: Neovim, ask: Callable[..., None], workspace: Path
) -> None:
    ask(
        "Make two",
        call("create_file", path="a.txt", text="a\n"),
        call("create_file", path="b.txt", text="b\n"),
    )
    answer(editing, "gy", "a.txt")
    editing.wait(WAITS)
    ask("First")
    ask("Second")
    editing.wait("#require('halley.chat').of().queued == 2")
    editing.type(":Halley stop<CR>")
    idle(editing)
    assert editing.text().endswith("## You\n\nFirst\n\nSecond\n") and "> Stopped." in editing.text()
    assert (workspace / "a.txt").read_text() == "a\n" and not (workspace / "b.txt").exists()


@pytest.fixture
def two_turns(editing: Neovim, ask: Callable[..., None], workspace: Path) -> Path:
    """A turn that makes a.txt and b.txt, and one that changes a.txt."""
    ask(
        "Make two",
        call("create_file", path="a.txt", text="a\n"),
        call("create_file", path="b.txt", text="b\n"),
        "Made.",
    )
    answer(editing, "gy", "a.txt")
    answer(editing, "gy", "b.txt")
    seen(editing, "Made.")
    idle(editing)
    ask("Change it", call("edit_file", path="a.txt", old_text="a", new_text="A"), "Changed.")
    answer(editing, "gy", "a.txt")
    seen(editing, "Changed.")
    idle(editing)
    assert (workspace / "a.txt").read_text() == "A\n"
    return workspace


def test_turns_and_single_files_are_restored(editing: Neovim, two_turns: Path) -> None:
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert editing.lua(complete, "Halley restore ") == ["undo", "1", "2", "a.txt", "force"]
    assert editing.lua(complete, "Halley restore 1 ") == ["a.txt", "b.txt", "force"]
    assert editing.lua(complete, "Halley restore 1 a.txt ") == ["b.txt", "force"]
    editing.type(":Halley restore 1 b.txt<CR>")
    editing.wait(SAID, "restored: b.txt.")
    assert not (two_turns / "b.txt").exists() and (two_turns / "a.txt").read_text() == "A\n"
    editing.type(":Halley restore undo<CR>")
    editing.wait_outside((two_turns / "b.txt").exists)
    editing.type(":Halley restore a.txt<CR>")
    editing.wait(SAID, "restored: a.txt.")
    assert (two_turns / "a.txt").read_text() == "a\n"
    editing.type(":Halley restore 3<CR>")
    editing.wait(SAID, "nothing to restore in this turn")


def test_a_turn_is_sent_again_with_its_files_as_they_were(
    editing: Neovim, two_turns: Path, simulator: Simulator
) -> None:
    (two_turns / "a.txt").write_text("A\nmine\n")
    editing.lua(SELECT, ["Restore the files", "Keep them"])
    editing.type("gg:Halley resend<CR>")
    editing.wait("require('halley.chat.window').winbar():find('replaces a turn', 1, true) ~= nil")
    assert editing.text().endswith("## You\n\nMake two\n")
    simulator.script("Otherwise made.", contains="Make one", model="sim-chat")
    editing.type("ccMake one<Esc><CR>")
    seen(editing, "Otherwise made.")
    text = idle(editing)
    assert "Make two" not in text and "Change it" not in text and text.count("Make one") == 1
    assert (two_turns / "a.txt").read_text() == "A\nmine\n" and not (two_turns / "b.txt").exists()
    assert editing.lua("return _G.offered")[-1] == ["Keep them", "Restore them anyway"]


def test_what_is_not_sent_again_after_all_loses_nothing(editing: Neovim, two_turns: Path) -> None:
    (two_turns / "a.txt").write_text("A\nmine\n")
    before = editing.text()
    editing.lua(SELECT, ["Restore the files", "(nothing)"])
    editing.type("gg:Halley resend Make one<CR>")
    editing.wait("#_G.offered == 2 and require('halley.chat').of().again ~= nil")
    assert editing.text() == before.rstrip() + "\n\nMake one\n", "the chat as it was, and what was written"
    assert (two_turns / "b.txt").exists()
    editing.type(":Halley withdraw<CR>")
    editing.wait("require('halley.chat').of().again == nil")


def test_a_chat_that_is_not_seen_says_that_it_waits_and_is_shown(
    editing: Neovim, ask: Callable[..., None]
) -> None:
    editing.lua(HOLD)
    ask(
        "Make two",
        call("create_file", path="a.txt", text="a\n"),
        call("create_file", path="b.txt", text="b\n"),
        "Made.",
    )
    editing.wait(WAITS)
    assert not editing.lua("return _G.question ~= nil"), "it is asked in the chat that is seen"
    chat = editing.lua("return vim.api.nvim_get_current_buf()")
    editing.type(":close<CR>")
    editing.wait("vim.fn.bufwinid(...) == -1", chat)
    editing.wait("require('halley.status').line():find('1 chat waits for approval', 1, true) ~= nil")
    editing.wait("_G.question ~= nil and _G.question.titles[1] == 'Show its chat first'")
    seen(editing, "In a chat that you do not see now")
    editing.lua("_G.question.answer(2)")
    editing.wait("_G.question ~= nil and _G.question.titles[1] == 'Show its chat first'")
    editing.lua("_G.question.answer(1)")
    editing.wait("vim.api.nvim_get_current_buf() == ...", chat)
    answer(editing, "gy", "b.txt")
    seen(editing, "Made.")
    editing.type(":close<CR>")
    editing.wait("vim.fn.bufwinid(...) == -1", chat)
    editing.wait("require('halley.status').line():find('waits', 1, true) == nil")


def test_the_list_of_chats_has_those_first_that_wait(editing: Neovim, ask: Callable[..., None]) -> None:
    editing.lua(HOLD)
    ask("Make a", call("create_file", path="a.txt", text="a\n"), "Made.")
    editing.wait(WAITS)
    editing.type(":Halley! chat Hello<CR>")
    seen(editing, "You asked")
    idle(editing)
    editing.type(":Halley sessions<CR>")
    editing.wait("_G.question ~= nil")
    titles = editing.lua("return _G.question.titles")
    assert len(titles) == 2 and "waits for your approval" in titles[0] and "waits" not in titles[1]
    editing.lua("_G.question.answer(1)")
    seen(editing, "Make a")
    editing.wait("vim.fn.search('Make a', 'nw') > 0")
    answer(editing, "gy", "a.txt")
    seen(editing, "Made.")
