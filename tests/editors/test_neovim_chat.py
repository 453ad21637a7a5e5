"""Chats in the Neovim plugin, in a real Neovim against the real daemon, as a user types them."""

from __future__ import annotations

from pathlib import Path

import psutil
from neovim import Neovim
from plugin import BETTER, CODE, LOAD, PLUGIN, SAID, SELECT, TEXT_IS, request_about, seen

from halley.simulator import Simulator

TEXT = "table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n')"


def test_a_chat_streams_while_the_user_types(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("One two three four five six seven eight nine ten.", hold=5)
    editing.type(":Halley chat What is this?<CR>")
    seen(editing, "One two")
    editing.type("iand then")
    editing.wait("vim.api.nvim_get_current_line() == 'and then'")
    simulator.release()
    text = seen(editing, "ten.")
    assert text.endswith("and then"), "what is typed stays below, in one piece"
    assert "## You\n\nWhat is this?\n\n## simulator/sim-chat\n\nOne two three" in text
    assert editing.lua("return vim.api.nvim_get_current_line()") == "and then"
    editing.type("<Esc>")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type("<CR>")
    seen(editing, "You asked: “and then”")
    assert any(
        "One two three" in r.body.decode() and "and then" in r.body.decode() for r in simulator.requests
    ), "it is the same chat"


def test_a_chat_is_stopped_and_retried(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("Slow words. " * 60, hold=10)
    editing.type(":Halley chat Tell me<CR>")
    seen(editing, "Slow words.")
    editing.type(":Halley stop<CR>")
    seen(editing, "> Stopped. `:Halley continue` resumes it.")
    editing.type(":edit!<CR>")
    seen(editing, "> Stopped. `:Halley continue` resumes it.")  # as the daemon has it
    assert "interrupted" not in editing.text()
    editing.wait("vim.tbl_get(require('halley.status').of(1) or {}, 'kind') == 'normal'")
    simulator.script("Quick.", repeat=-1)
    editing.type(":Halley retry<CR>")
    seen(editing, "Quick.")


def test_a_chat_completes_commands_and_models(editing: Neovim) -> None:
    editing.type(":Halley chat<CR>")
    editing.wait(
        "vim.list_contains(vim.fn.getcompletion('Halley model chat ', 'cmdline'), 'simulator/sim-fast')"
    )
    editing.type("i@simulator/sim-f<C-x><C-o>")
    editing.wait("vim.api.nvim_get_current_line():find('@simulator/sim-fast', 1, true) ~= nil")
    editing.type("<C-e><Esc>ddO/ex<C-x><C-o>")
    editing.wait("vim.api.nvim_get_current_line() == '/explain'")
    editing.type(" it with #fi<C-x><C-o>")
    editing.wait("vim.api.nvim_get_current_line() == '/explain it with #file'")


def test_a_reply_is_one_undo_step_and_the_cursor_stays(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("One two three. " * 12, hold=20)
    editing.type(":Halley chat What is this?<CR>")
    seen(editing, "One two three. One")
    editing.type("gg")
    editing.wait("vim.api.nvim_win_get_cursor(0)[1] == 1")
    simulator.release()
    editing.wait("not require('halley.chat').busy(0 + vim.api.nvim_get_current_buf())")
    assert editing.api.current.window.cursor == (1, 0), "where the user went, while the reply continued"
    whole = editing.text()
    assert whole.count("One two three.") == 12
    editing.type("u")
    editing.wait("not table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)):find('One')")
    assert "What is this?" in editing.text(), "only the reply"
    editing.type("<C-r>")
    editing.wait(TEXT_IS, whole)


def test_what_was_thought_and_brought_along_is_folded(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up.", reasoning="The user asks.\nIt is a sum.")
    editing.type(":Halley chat What is #file:shop.py about?<CR>")
    text = seen(editing, "It adds up.")
    assert "> **Context** 1 excerpt" in text
    assert "> **Reasoning**\n> The user asks.\n> It is a sum.\n\nIt adds up." in text
    assert "> - shop.py" in text
    closed = editing.lua("""
        return vim.iter(vim.fn.range(1, vim.fn.line('$'))):filter(function(lnum)
          return vim.fn.foldclosed(lnum) == lnum
        end):map(function(lnum) return (vim.fn.getline(lnum):match('%*%*(.-)%*%*')) end):totable()
    """)
    assert closed == ["Context", "Reasoning"]


def test_turns_are_gone_through_and_forked(editing: Neovim, simulator: Simulator) -> None:
    for prompt in ("First", "Second"):
        simulator.script(f"{prompt} reply.", contains=prompt, model="sim-chat")
        editing.type(f":Halley chat {prompt}<CR>")
        seen(editing, f"{prompt} reply.")
        editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type("3[[")
    editing.wait("vim.api.nvim_win_get_cursor(0)[1] == 1")
    editing.type("]]")
    editing.wait("vim.fn.getline(vim.fn.line('.') + 2) == 'Second'")
    before = editing.lua("return vim.api.nvim_buf_get_name(0)")
    editing.type("gg:Halley fork<CR>")
    editing.wait("vim.api.nvim_buf_get_name(0) ~= ... and vim.fn.search('First reply', 'nw') > 0", before)
    assert "Second" not in editing.text()
    simulator.script("Third reply.")
    editing.type(":Halley chat Third<CR>")
    seen(editing, "Third reply.")
    body = request_about(simulator, "Third")
    assert "First reply." in body
    assert "Second" not in body


def test_a_block_is_taken_and_applied(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"Shorter:\n\n```python\n{BETTER}```\n\nThat is all.")
    editing.type(":Halley chat Make it shorter<CR>")
    seen(editing, "That is all.")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type(":Halley yank<CR>")
    editing.wait(SAID, "there is no code block at the cursor")
    editing.type("/return sum<CR>:Halley yank<CR>")
    editing.wait("vim.fn.getreg('\"') == ...", BETTER)
    editing.type(":Halley apply<CR>")
    editing.type("<C-w>p")
    editing.wait(TEXT_IS, BETTER)
    editing.type("u")
    editing.wait(TEXT_IS, CODE)


def test_several_models_answer_in_columns_and_one_is_chosen(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up the prices.", model="sim-chat")
    simulator.script("A sum.", model="sim-fast")
    editing.type(":Halley chat @simulator/sim-chat @simulator/sim-fast What is it?<CR>")
    columns = """(function()
        local found = {}
        for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
          local buf = vim.api.nvim_win_get_buf(win)
          if vim.b[buf].halley_reply then
            table.insert(found, { vim.api.nvim_win_get_position(win)[1], vim.wo[win].winbar,
              table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\\n') })
          end
        end
        return #found == 2 and found[1][2]:find('chooses') and found[2][2]:find('chooses') and found
    end)()"""
    left, right = editing.wait(columns)
    assert left[0] == right[0], "side by side"
    assert "sim-chat" in left[1]
    assert [left[2], right[2]] == ["It adds up the prices.", "A sum."]
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type("<C-w>j<C-w>l<CR>")
    text = seen(editing, "> **Not chosen** simulator/sim-chat\n> It adds up the prices.")
    assert "## simulator/sim-fast\n\nA sum." in text
    assert editing.lua("return #vim.api.nvim_tabpage_list_wins(0)") == 2, "the columns are gone"
    simulator.script("Yes.")
    editing.type(":Halley chat Sure?<CR>")
    seen(editing, "Yes.")
    body = request_about(simulator, "Sure?")
    assert "A sum." in body
    assert "It adds up" not in body


def test_a_saved_chat_is_opened_named_and_exported(
    editing: Neovim, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.script("Prices.")
    editing.type(":Halley chat What is this?<CR>")
    seen(editing, "Prices.")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.wait("(require('halley.chat').of().title or '') ~= ''")
    editing.type(":Halley rename About prices<CR>")
    editing.wait("require('halley.chat').of().title == 'About prices'")
    editing.type(f":Halley export {tmp_path}/chat.md<CR>")
    editing.wait(SAID, "written to")
    assert "Prices." in (tmp_path / "chat.md").read_text()
    simulator.script("Two words.")
    editing.type(":Halley chat And?<CR>")
    seen(editing, "Two words.")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type("/Two words<CR>:.Halley yank<CR>")
    editing.wait("vim.fn.getreg():find('Two words', 1, true)")
    taken = editing.lua("return vim.fn.getreg()")
    assert "And?" in taken and "Prices." not in taken
    editing.type(":%Halley yank<CR>")
    editing.wait("vim.fn.getreg():find('Prices', 1, true)")
    editing.type(":%Halley record again<CR>")
    editing.wait(SAID, "asks this again")
    editing.type(":bwipeout!<CR>")
    editing.lua(SELECT, ["About prices"])
    editing.type(":Halley sessions<CR>")
    text = seen(editing, "Prices.")
    assert "## You\n\nWhat is this?" in text
    editing.lua(SELECT, ["Delete it"])
    editing.type(":Halley delete<CR>")
    editing.wait("require('halley.chat').of() == nil")
    editing.type(":Halley sessions<CR>")
    editing.wait(SAID, "there is no such chat here")


def test_a_chat_survives_a_session(
    editing: Neovim, neovim_binary: Path, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.script("Prices.")
    editing.type(":Halley chat What is this?<CR>")
    seen(editing, "Prices.")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    editing.type(f":mksession {tmp_path}/Session.vim<CR>")
    editing.wait("vim.v.this_session ~= ''")
    editing.close()
    (tmp_path / "again").mkdir()
    again = Neovim(neovim_binary, tmp_path / "again", {"HALLEY_SIMULATOR_KEY": "sk-sim-neovim"})
    try:
        again.lua(LOAD, str(PLUGIN))
        again.type(f":source {tmp_path}/Session.vim<CR>")
        text = seen(again, "## simulator/sim-chat\n\nPrices.")
        assert text.startswith("halley-chat:/")
        seen(again, "result += item.price")
        simulator.script("The same.", contains="And now?")
        again.type(":Halley chat And now?<CR>")
        seen(again, "The same.")
        assert "Prices." in request_about(simulator, "And now?"), "it is the same chat"
    finally:
        again.close()


def test_a_daemon_killed_in_mid_stream_is_restarted_and_the_reply_resumes(
    editing: Neovim, simulator: Simulator, halley_home: Path
) -> None:
    simulator.script("One two three four five six seven eight nine ten. " * 20, hold=80)
    editing.type(":Halley chat Count<CR>")
    seen(editing, "ten. One two three four five six seven eight nine ten. One")
    editing.wait("vim.fn.system({ 'grep', '-rl', 'One two three', ... }) ~= ''", str(halley_home / "data"))
    pid = editing.lua("return vim.fn.getpid()")
    daemons = psutil.Process(pid).children(recursive=True)
    assert daemons
    for daemon in daemons:
        daemon.kill()
    text = seen(editing, "The daemon stopped.")
    assert "One two three" in text, "what had arrived is kept"
    editing.wait("#vim.lsp.get_clients({ name = 'halley', bufnr = vim.fn.bufnr('shop.py') }) > 0")
    simulator.script(" And on it went.")
    editing.type(":Halley continue<CR>")
    text = seen(editing, "And on it went.")
    assert "The daemon stopped." not in text
    assert text.count("## simulator/sim-chat") == 1
    assert request_about(simulator, "One two three")


def test_text_that_was_thinking_is_no_longer_shown_as_the_reply(
    editing: Neovim, simulator: Simulator
) -> None:
    """The mark that says so comes last, when the thinking was shown as text; a second reply is read as thinking first."""
    simulator.script("Two and two are four.\n</think>\n\nIt is **4**.", tokens_per_s=30, repeat=-1)
    for number in (1, 2):
        editing.type(":Halley chat How much is it?<CR>" if number == 1 else "GiHow much is it?<Esc><CR>")
        editing.wait(f"select(2, {TEXT}:gsub('It is %*%*4%*%*', '')) == {number}")
        editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
        reply = editing.text().split("## simulator/sim-chat\n")[number].split("## You")[0]
        assert reply.strip() == "> **Reasoning**\n> Two and two are four.\n> \n\nIt is **4**.", reply


def test_a_question_that_was_not_taken_can_be_mended(editing: Neovim) -> None:
    """Nothing was asked of anyone, so it is what is being written again."""
    editing.type(":Halley chat @nowhere/m How much is it?<CR>")
    text = seen(editing, "nowhere")
    editing.wait("not require('halley.chat').busy(vim.api.nvim_get_current_buf())")
    text = seen(editing, "> ")
    assert text.count("How much is it?") == 1, text
    assert text.split("## You")[-1].strip() == "@nowhere/m How much is it?"


def test_the_mode_is_chosen_and_shown_above_the_chat(editing: Neovim) -> None:
    editing.lua("vim.cmd(...)", "Halley chat")
    bar = "require('halley.chat.window').winbar():find(..., 1, true)"
    editing.wait(bar, "ask")
    editing.lua("vim.cmd(...)", "Halley mode plan")
    editing.wait(bar, "plan")
    editing.lua("vim.cmd(...)", "Halley! chat")
    editing.wait(bar, "plan")
