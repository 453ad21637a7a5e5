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


def test_an_agents_diff_is_shown_instead_of_its_arguments_and_approved_for_the_chat(editing: Neovim) -> None:
    editing.lua(SELECT, ["Allow calls of this kind in this chat"])
    editing.lua(FLOAT)
    editing.lua(ASK, {"diff": "-n = 1\n+n = 2", "why": "It is protected.", "chat": True})
    editing.wait("_G.decisions[1] == 'chat'")
    text, _ = editing.lua("return _G.seen")
    assert text == "files: Write a file\n\nIt is protected.\n\n-n = 1\n+n = 2"


def test_a_field_of_a_form_is_written_or_closed(editing: Neovim) -> None:
    """Also by an input that answers later, as plugins' do."""
    editing.lua(
        """
        local inputs = { function(done) done('Ada') end, function(done) vim.schedule(function() done(nil) end) end }
        _G.told = {}
        vim.ui.input = function(opts, done)
          _G.shown = opts.prompt
          table.remove(inputs, 1)(done)
        end
        for _ = 1, 2 do
          coroutine.wrap(function()
            local handler = vim.lsp.get_clients({ name = 'halley' })[1].handlers['halley/tools/ask']
            table.insert(_G.told, handler(nil, { title = 'files asks', prompt = 'Name' }, { client_id = 1 }))
          end)()
        end
        """
    )
    editing.wait("#_G.told == 2")
    assert editing.lua("return { _G.shown, _G.told[1].text, _G.told[2].text == vim.NIL }") == [
        "files asks\nName: ", "Ada", True
    ]  # fmt: skip


def test_files_are_saved_before_an_agent_runs_a_command(editing: Neovim) -> None:
    saved, modified = editing.lua("""
        local buf = vim.api.nvim_get_current_buf()
        vim.api.nvim_buf_set_lines(buf, 0, 0, true, { '# not saved' })
        local uri = vim.uri_from_bufnr(buf)
        local handler = vim.lsp.get_clients({ name = 'halley' })[1].handlers['halley/agent/save']
        handler(nil, { uris = { uri } }, { client_id = 1 })
        return { vim.fn.readfile(vim.uri_to_fname(uri))[1], vim.bo[buf].modified }
    """)
    assert saved == "# not saved" and modified is False


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


OTHER = """
    local function answer(method, params)
      if method == 'initialize' then
        return { capabilities = { positionEncoding = 'utf-8', definitionProvider = true, hoverProvider = true, renameProvider = true, codeActionProvider = { resolveProvider = true } } }
      elseif method == 'textDocument/definition' then
        _G.asked_at = params.position
        return { { uri = params.textDocument.uri, range = { start = { line = 2, character = 0 }, ['end'] = { line = 2, character = 1 } } } }
      elseif method == 'textDocument/rename' then
        local at = { start = { line = 0, character = 9 }, ['end'] = { line = 0, character = 13 } }
        local edits = { { range = at, newText = params.newName } }
        if params.newName == 'moved' then
          return { documentChanges = { { kind = 'rename', oldUri = 'file:///a', newUri = 'file:///b' } } }
        end
        return { changes = { [params.textDocument.uri] = edits } }
      elseif method == 'textDocument/codeAction' then
        return { { title = 'Shout', kind = 'quickfix', data = 1 }, { title = 'Run', command = 'run' } }
      elseif method == 'codeAction/resolve' then
        local all = { start = { line = 0, character = 9 }, ['end'] = { line = 0, character = 13 } }
        params.edit = { changes = { [vim.uri_from_bufnr(0)] = { { range = all, newText = 'NAME' } } } }
        return params
      elseif method == 'textDocument/hover' then
        return { contents = { kind = 'markdown', value = '`a type`' } }
      end
    end
    local id = vim.lsp.start({ name = 'other', cmd = function()
      return {
        request = function(method, params, callback)
          vim.schedule(function() callback(nil, answer(method, params)) end)
          return true, 1
        end,
        notify = function() return true end,
        is_closing = function() return false end,
        terminate = function() end,
      }
    end })
    vim.wait(10000, function() return vim.lsp.get_client_by_id(id).initialized == true end)
"""
ASK_OTHERS = """
    local params = ...
    params.textDocument = { uri = vim.uri_from_bufnr(0) }
    _G.told = nil
    coroutine.wrap(function()
      local client = vim.lsp.get_clients({ name = 'halley' })[1]
      _G.told = client.handlers['halley/language/ask'](nil, params, { client_id = client.id })
    end)()
"""


def test_other_language_servers_are_asked_for_the_model(editing: Neovim) -> None:
    editing.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'ä𝛼 = name', '', 'name = 1' })")
    editing.lua(OTHER)
    editing.lua(ASK_OTHERS, {"kind": "definitions", "position": {"line": 0, "character": 6}})
    editing.wait("_G.told ~= nil")
    told = editing.lua("return _G.told")
    assert [spot["range"]["start"]["line"] for spot in told["locations"]] == [2]
    units = editing.lua("return vim.lsp.get_clients({ name = 'halley' })[1].offset_encoding")
    assert editing.lua("return _G.asked_at.character") == {"utf-8": 6, "utf-16": 9, "utf-32": 10}[units]
    editing.lua(ASK_OTHERS, {"kind": "hover", "position": {"line": 0, "character": 6}})
    editing.wait("_G.told ~= nil")
    assert editing.lua("return _G.told") == {"text": "`a type`"}
    editing.lua(
        """
        local space = vim.api.nvim_create_namespace('checker')
        vim.diagnostic.set(space, 0, { { lnum = 1, col = 0, message = 'wrong', severity = 1, source = 'checker' } })
        """
    )
    editing.lua(ASK_OTHERS, {"kind": "diagnostics", "settle": False})
    editing.wait("_G.told ~= nil")
    (found,) = editing.lua("return _G.told")["diagnostics"]
    assert (found["message"], found["severity"], found["range"]["start"]["line"]) == ("wrong", 1, 1)


def test_a_rename_is_answered_with_edits_in_our_units_and_changes_nothing(editing: Neovim) -> None:
    editing.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'ä𝛼 = name' })")
    editing.lua(OTHER)
    about = {"kind": "rename", "position": {"line": 0, "character": 6}}
    editing.lua(ASK_OTHERS, about | {"newName": "other"})
    editing.wait("_G.told ~= nil")
    told = editing.lua(
        "return { _G.told, vim.uri_from_bufnr(0), vim.lsp.get_clients({ name = 'halley' })[1].offset_encoding }"
    )
    start = {"utf-8": 9, "utf-16": 6, "utf-32": 5}[told[2]]
    span = {"start": {"line": 0, "character": start}, "end": {"line": 0, "character": start + 4}}
    assert told[0] == {"edits": [{"uri": told[1], "edits": [{"range": span, "newText": "other"}]}]}
    assert editing.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)") == ["ä𝛼 = name"]
    editing.lua(ASK_OTHERS, about | {"newName": "moved"})
    editing.wait("_G.told ~= nil")
    assert "moves" in editing.lua("return _G.told.text")


def test_code_actions_are_listed_and_answered_with_edits_and_nothing_is_run(editing: Neovim) -> None:
    editing.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'ä𝛼 = name' })")
    editing.lua(OTHER)
    about = {"kind": "actions", "position": {"line": 0, "character": 6}}
    editing.lua(ASK_OTHERS, about)
    editing.wait("_G.told ~= nil")
    assert editing.lua("return _G.told.actions") == [
        {"title": "Shout", "kind": "quickfix", "runs": False}, {"title": "Run", "runs": True}
    ]  # fmt: skip
    editing.lua(ASK_OTHERS, about | {"title": "Shout"})
    editing.wait("_G.told ~= nil")
    assert editing.lua("return _G.told.edits[1].edits[1].newText") == "NAME"
    editing.lua(ASK_OTHERS, about | {"title": "Run"})
    editing.wait("_G.told ~= nil")
    assert "runs a command" in editing.lua("return _G.told.text")
    assert editing.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)") == ["ä𝛼 = name"]


def test_an_edit_is_approved_hunk_by_hunk(editing: Neovim) -> None:
    hunks = [{"line": line, "oldText": f"{line}\n", "newText": f"{line}0\n"} for line in (1, 9)]
    editing.lua(SELECT, ["Choose among its 2 changes", "line 2", "Allow the ticked"])
    editing.lua(ASK.replace(".decision)", ")"), {"diff": "-1\n+10", "hunks": hunks})
    editing.wait("_G.decisions[1] ~= nil")
    assert editing.lua("return _G.decisions[1]") == {"decision": "once", "hunks": [1]}
