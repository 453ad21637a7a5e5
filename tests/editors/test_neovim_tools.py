"""The question before a tool is called, in a real Neovim: all of the call is shown, and only an explicit yes approves it."""

from __future__ import annotations

import pytest
from neovim import Neovim
from plugin import SELECT

ASK = """
    local params = vim.tbl_extend('force', {
      chatId = 'c', turnId = 't', replyId = 'r', callId = 'x', server = 'files', tool = 'write', title = 'Write a file',
      arguments = { path = 'a.txt' }, argumentsText = '{\\n  "path": "a.txt"\\n}', readOnly = false, always = true,
    }, ...)
    _G.decisions = _G.decisions or {}
    coroutine.wrap(function()
      local handler = vim.lsp.get_clients({ name = 'halley' })[1].handlers['halley/tools/approve']
      table.insert(_G.decisions, handler(nil, params, { client_id = 1 }).decision)
    end)()
"""
FLOAT = """
    _G.seen = {}
    local choose = vim.ui.select
    vim.ui.select = function(items, opts, done)
      for _, win in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(win).relative ~= '' then
          local buf = vim.api.nvim_win_get_buf(win)
          table.insert(_G.seen, table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\\n'))
          table.insert(_G.seen, vim.bo[buf].filetype)
        end
      end
      choose(items, opts, done)
    end
"""


@pytest.mark.parametrize(
    ("chosen", "decision"),
    [("Allow this call", "once"), ("Always allow", "always"), ("Do not", "deny"), ("(nothing)", "deny")],
)
def test_the_call_is_shown_as_plain_text_and_answered(editing: Neovim, chosen: str, decision: str) -> None:
    editing.lua(SELECT, [chosen])
    editing.lua(FLOAT)
    editing.lua(ASK, {"changed": "It asks for more than before."})
    editing.wait("_G.decisions[1] == ...", decision)
    text, filetype = editing.lua("return _G.seen")
    assert text == 'files: Write a file\n\nIt asks for more than before.\n\n{\n  "path": "a.txt"\n}'
    assert filetype == ""
    assert editing.lua("return #vim.api.nvim_list_wins()") == 1, "the float is gone"


def test_always_is_not_offered_where_it_cannot_hold(editing: Neovim) -> None:
    editing.lua(SELECT, ["Always allow"])
    editing.lua(ASK, {"always": False})
    editing.wait("_G.decisions[1] == 'deny'")


def test_questions_come_one_after_the_other(editing: Neovim) -> None:
    editing.lua("""
        _G.asked = {}
        vim.ui.select = function(items, opts, done) table.insert(_G.asked, { opts.prompt, done, items }) end
    """)
    editing.lua(ASK, {"tool": "first"})
    editing.lua(ASK, {"tool": "second"})
    editing.wait("#_G.asked == 1")
    editing.lua("_G.asked[1][2](_G.asked[1][3][1])")
    editing.wait("#_G.asked == 2")
    assert editing.lua("return { _G.asked[1][1], _G.asked[2][1] }") == [
        "files wants to call first", "files wants to call second",
    ]  # fmt: skip
    editing.lua("_G.asked[2][2](nil)")
    editing.wait("#_G.decisions == 2")
    assert editing.lua("return _G.decisions") == ["once", "deny"]


def test_what_does_not_fit_is_read_first(editing: Neovim) -> None:
    editing.lua(SELECT, ["Look at all of it first", "Allow this call"])
    editing.lua(ASK, {"argumentsText": "\n".join(f"line {n}" for n in range(60))})
    editing.wait("#vim.api.nvim_list_tabpages() == 2 and vim.fn.search('line 59', 'nw') > 0")
    assert editing.lua("return _G.decisions") in ({}, [])
    editing.type("q")
    editing.wait("_G.decisions[1] == 'once'")
