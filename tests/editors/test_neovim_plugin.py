"""The Neovim plugin in a real Neovim, against the real daemon: `vim.lsp.enable('halley')` and commands, as typed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import get_args

import pytest
from neovim import Neovim
from plugin import BETTER, CODE, LOAD, PLUGIN, SAID, SELECT, TEXT_IS, seen
from screens import size

from halley.core.models import Role
from halley.simulator import Simulator


def test_nothing_is_loaded_before_it_is_needed(fresh: Neovim) -> None:
    fresh.lua("vim.opt.runtimepath:prepend(...) vim.cmd.runtime('plugin/halley.lua')", str(PLUGIN))
    loaded = fresh.lua(
        "return vim.tbl_filter(function(name) return name:find('^halley') end, vim.tbl_keys(package.loaded))"
    )
    assert loaded == []
    assert (
        fresh.lua("""
        return vim.iter({ 'n', 'i', 'x' }):any(function(mode)
          return vim.iter(vim.api.nvim_get_keymap(mode)):any(function(map)
            return (map.rhs or ''):find('Halley') and not map.lhs:find('<Plug>', 1, true)
          end)
        end)
    """)
        is False
    ), "no key is taken"
    assert fresh.lua("return vim.fn.maparg('<Plug>(halley-explain)', 'x')") == ":Halley explain<CR>"


def test_enabling_is_enough(editing: Neovim) -> None:
    told = editing.lua("return vim.lsp.get_clients({ name = 'halley' })[1].capabilities.experimental.halley")
    assert told == {
        "proposals": True,
        "chat": True,
        "secrets": False,
        "tools": True,
        "media": True,
        "batchedProgress": True,
        "inputs": True,
        "saves": True,
        "languageTools": True,
    }


def test_ghost_text_appears(editing: Neovim, workspace: Path, simulator: Simulator) -> None:
    (workspace / "area.py").write_text("def area(width, height):\n    return")
    editing.edit(workspace / "area.py")
    editing.attached()
    simulator.script("width * height", repeat=-1)
    editing.type("GA ")
    editing.wait("""(function()
        for name, space in pairs(vim.api.nvim_get_namespaces()) do
          if name:find('inline_completion') then
            for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
              for _, chunk in ipairs(mark[4].virt_text or {}) do
                if chunk[1]:find('width * height', 1, true) then return true end
              end
            end
          end
        end
    end)()""")


def test_wrong_options_are_named_and_the_others_hold(fresh: Neovim) -> None:
    fresh.lua("vim.opt.runtimepath:prepend(...)", str(PLUGIN))
    fresh.lua("vim.g.halley = { answers = 'moon', ghost_tekst = true, cmd = 'halley', ghost_text = false }")
    options = fresh.lua("return require('halley.options').get()")
    assert options["answers"] == "vsplit"
    assert options["cmd"] == ["halley", "serve"]
    assert options["ghost_text"] is False
    said = fresh.messages()
    assert "`answers` must be one of split, vsplit, float." in said
    assert "there is no option `ghost_tekst`" in said
    assert "`cmd` must be a table, not a string." in said


def test_options_are_shown_with_their_meaning(editing: Neovim) -> None:
    editing.lua("vim.g.halley = { answers = 'split', ghost_tekst = true }")
    assert editing.lua("return require('halley').options()")["answers"] == "split"
    editing.type(":Halley options<CR>")
    shown = seen(editing, "# Halley options")
    assert "**Wrong:** there is no option `ghost_tekst`" in shown
    assert '`"split"` (default: `"vsplit"`)' in shown
    assert "`true` (the default); takes `boolean`" in shown
    assert "How the daemon is started" in shown
    named = set(editing.lua("return vim.tbl_keys(require('halley').options())"))
    assert named == {line[3:] for line in shown.splitlines() if line.startswith("## ")}


def test_the_command_completes_and_names_what_there_is(editing: Neovim) -> None:
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert editing.lua(complete, "Halley expl") == ["explain"]
    every = (
        "chat ask explain edit generate fix format tests doc model provider verify usage macro commit accept discard stop "
        "retry log doctor search index image video speak transcribe media tools"
    )
    assert set(every.split()) <= set(editing.lua(complete, "Halley "))
    assert editing.lua(complete, "Halley model ed") == ["edit"]
    assert set(editing.lua(complete, "Halley model ")) == set(get_args(Role))
    editing.wait(
        "vim.list_contains(vim.fn.getcompletion('Halley model edit ', 'cmdline'), ...)", "simulator/sim-code"
    )
    assert editing.lua(complete, "Halley macro ") == ["shout"]
    assert editing.lua(complete, "Halley verify ") == ["simulator"]
    editing.type(":Halley dance<CR>")
    editing.wait(SAID, "there is no `:Halley dance`; there are")


def test_an_explanation_opens_beside_and_the_file_keeps_its_window(
    editing: Neovim, simulator: Simulator
) -> None:
    simulator.script("It adds up the **prices**.")
    editing.type(":%Halley explain<CR>")
    shown = seen(editing, "It adds up the **prices**.")
    assert shown.startswith("halley:/answers/")
    seen(editing, "result += item.price")
    assert editing.lua("return vim.bo.filetype") == "markdown"
    editing.type("q")
    editing.wait("#vim.api.nvim_list_wins() == 1")


def test_without_lines_the_definition_at_the_cursor_is_explained(
    editing: Neovim, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "two.py").write_text(f"{CODE}\n\ndef unrelated():\n    return 1\n")
    editing.edit(workspace / "two.py")
    editing.attached()
    simulator.script("It adds up.")
    editing.type("3G:Halley explain<CR>")
    seen(editing, "It adds up.")
    about = simulator.requests[-1].body.decode().rpartition("Explain ")[2]
    assert about.startswith("this part of") and "def total" in about and "unrelated" not in about


def test_tests_are_written_and_opened(editing: Neovim, simulator: Simulator, workspace: Path) -> None:
    simulator.script("```python\ndef test_total():\n    assert total([]) == 0\n```")
    editing.type(":2Halley tests<CR>")
    shown = seen(editing, "def test_total():")
    assert shown.startswith(str(workspace / "tests" / "test_shop.py"))


@pytest.mark.parametrize("action", ["improve", "format", "edit shorter"])
def test_an_edit_of_a_range_is_one_undo_step(editing: Neovim, simulator: Simulator, action: str) -> None:
    simulator.script(f"```python\n{BETTER}```")
    editing.type(f":%Halley {action}<CR>")
    if action == "format":  # its meaning would change: it waits for confirmation, and the text stays
        editing.wait("#vim.api.nvim_exec2('messages', { output = true }).output > 0")
        assert editing.text() == CODE
        return
    editing.wait(TEXT_IS, BETTER)
    editing.type("u")
    editing.wait(TEXT_IS, CODE)


def test_the_edit_is_seen_while_it_is_written(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```", hold=16)
    editing.type(":%Halley edit use sum<CR>")
    preview = """(function()
        local space = vim.api.nvim_get_namespaces()['halley.preview']
        for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}) do
          for _, line in ipairs(mark[4].virt_lines or {}) do
            if line[1][1]:find('return', 1, true) then return true end
          end
        end
    end)()"""
    editing.wait(preview)
    assert editing.text() == CODE
    simulator.release()
    editing.wait(TEXT_IS, BETTER)
    editing.wait(f"not {preview}")
    assert "use sum" in simulator.requests[-1].body.decode()


def test_stopping_leaves_the_text_alone(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER * 40}```", hold=5)
    editing.type(":%Halley edit longer<CR>")
    editing.wait("vim.tbl_get(require('halley.status').of(1) or {}, 'kind') == 'busy'")
    editing.wait_outside(lambda: simulator.open_streams == 1)
    editing.type(":Halley stop<CR>")
    editing.wait("vim.tbl_get(require('halley.status').of(1) or {}, 'kind') == 'normal'")
    assert editing.text() == CODE
    editing.type(":Halley stop<CR>")
    editing.wait(SAID, "nothing is running")


def test_fixing_sends_the_diagnostics_of_the_lines(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(f"```python\n{CODE.replace('= 0', '= 0.0')}```")
    editing.lua("""
        vim.diagnostic.set(vim.api.nvim_create_namespace('test'), 0, {
          { lnum = 1, col = 4, message = 'result should be a float', severity = 1 } })
    """)
    editing.type(":2Halley fix<CR>")
    editing.wait(TEXT_IS, CODE.replace("= 0", "= 0.0"))
    assert "result should be a float" in simulator.requests[-1].body.decode()


@pytest.mark.parametrize(
    ("action", "reply", "expected"),
    [
        ("document", '```python\ndef total(items):\n    """Adds up prices."""\n```', "Adds up prices."),
        ("generate", "```python\nrate = 3\n```", "rate = 3"),
        ("improve", f"```python\n{BETTER}```", "return sum("),
        (
            "format",
            CODE.replace("    result = 0", "    result  =  0").join(["```python\n", "```"]),
            "result  =  0",
        ),
        ("doc", '```python\ndef total(items):\n    """Sums."""\n```', "Sums."),
        ("tests", "```python\ndef test_total():\n    assert total([]) == 0\n```", "def test_total"),
    ],
)
def test_the_other_actions_ask_about_the_range(
    editing: Neovim, simulator: Simulator, action: str, reply: str, expected: str
) -> None:
    simulator.script(reply)
    editing.type(f":1,5Halley {action}<CR>")
    editing.wait(
        """(function(wanted)
        for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
          local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\\n')
          if text:find(wanted, 1, true) then return true end
        end
    end)(...)""",
        expected,
    )
    assert "item.price" in simulator.requests[-1].body.decode()


@pytest.mark.parametrize(("answers", "relative"), [("float", "editor"), ("split", ""), ("vsplit", "")])
def test_answers_open_where_the_user_likes(
    editing: Neovim, simulator: Simulator, answers: str, relative: str
) -> None:
    editing.lua("vim.g.halley = ...", {"answers": answers})
    simulator.script("Prices.")
    editing.type(":%Halley explain<CR>")
    seen(editing, "Prices.")
    where = editing.lua("""
        local win = vim.iter(vim.api.nvim_list_wins()):find(function(one) return vim.w[one].halley_answers end)
        return { vim.api.nvim_win_get_config(win).relative, vim.api.nvim_win_get_position(win) }
    """)
    row, column = where[1]
    assert where[0] == relative
    assert {"split": row > 0 and column == 0, "vsplit": column > 0}.get(answers, True)


FLOAT = """(function()
    local win = vim.iter(vim.api.nvim_list_wins()):find(function(one) return vim.w[one].halley_answers end)
    local config = win and vim.api.nvim_win_get_config(win)
    return config and config.relative == 'editor' and { config.width, config.height } or nil
end)()"""


def test_a_float_is_as_large_as_its_text(editing: Neovim, simulator: Simulator) -> None:
    size(editing, 120, 40)
    editing.lua("vim.g.halley = { answers = 'float' } vim.o.number = true")
    simulator.script("A sum of the prices of all the items.")
    editing.type(":%Halley explain<CR>")
    seen(editing, "A sum of")
    width = len("A sum of the prices of all the items.")
    editing.wait(f"vim.deep_equal({FLOAT}, ...)", [width, 3])
    simulator.script("word " * 60 + "\n\nEnd.")
    editing.type("<C-w>p:%Halley explain<CR>")
    seen(editing, "End.")
    editing.wait(f"vim.deep_equal({FLOAT}, ...)", [100, 7])
    size(editing, 60, 12)
    editing.wait(f"vim.deep_equal({FLOAT}, ...)", [56, 6])


def test_a_model_is_picked_in_steps(editing: Neovim) -> None:
    editing.lua(SELECT, ["edit", "simulator/sim-chat", "this workspace"])
    editing.type(":Halley model<CR>")
    editing.wait(SAID, "edit asks simulator/sim-chat (workspace)")
    roles, models, scopes = editing.lua("return _G.offered")
    assert any(row.startswith("edit") and "simulator/sim-code" in row for row in roles)
    assert any("context" in row for row in models)
    assert scopes == ["this workspace", "everywhere", "until Neovim ends"]


def test_each_root_has_its_own_choice(editing: Neovim, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / "a.py").write_text("x = 1\n")
    editing.type(":Halley model edit simulator/sim-chat workspace<CR>")
    editing.wait(SAID, "edit asks simulator/sim-chat")
    editing.edit(other / "a.py")
    editing.attached()
    editing.wait("vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1].initialized")
    chosen = editing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
        return client:request_sync('halley/models/selection', { uri = vim.uri_from_bufnr(0) }, 30000).result.roles
    """)
    assert chosen["edit"]["route"] == ["simulator/sim-code"]
    assert len(editing.lua("return vim.tbl_map(function(c) return c.id end, vim.lsp.get_clients())")) == 2


def test_reports_are_documents(editing: Neovim, simulator: Simulator) -> None:
    editing.type(":Halley verify<CR>")
    assert "simulator: works" in seen(editing, "# Halley verify")
    simulator.script("Prices.")
    editing.type(":bfirst | %Halley explain<CR>")
    seen(editing, "Prices.")
    editing.type(":Halley usage<CR>")
    rows = [row for row in seen(editing, "# Halley usage").splitlines() if row.startswith("|")]
    assert any("simulator/sim-" in row for row in rows)
    assert len({len(row) for row in rows}) == 1, "columns stand below each other"
    assert editing.lua("return { vim.wo.wrap, vim.api.nvim_win_get_width(0) == vim.o.columns }") == [
        False,
        True,
    ]
    editing.type(":Halley doctor<CR>")
    report = seen(editing, "# Halley doctor")
    assert "```text\nNothing is wrong.\n" in report
    assert any(row.split()[:2] == ["simulator", "openai"] for row in report.splitlines()), report


def test_providers_are_listed_and_verified(editing: Neovim) -> None:
    editing.lua(SELECT, ["key present", "Verify"])
    editing.type(":Halley provider<CR>")
    assert "simulator: works" in seen(editing, "# Halley verify")
    assert any(row.startswith("Add ") for row in editing.lua("return _G.offered")[0])


def test_a_macro_runs_on_the_range(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("SHOUTED")
    editing.type(":2Halley macro shout<CR>")
    seen(editing, "SHOUTED")
    assert "Shout:     result = 0" in simulator.requests[-1].body.decode()
    editing.type(":Halley macro whisper<CR>")
    editing.wait(SAID, "there is no macro `whisper`")


def test_a_commit_message_goes_into_the_commit_buffer(
    editing: Neovim, workspace: Path, simulator: Simulator
) -> None:
    (workspace / ".git").rmdir()
    for command in (["init", "-q"], ["add", "shop.py"]):
        subprocess.run(["git", *command], cwd=workspace, check=True, timeout=30)
    message = workspace / ".git/COMMIT_EDITMSG"
    message.write_text("\n# Please enter the commit message\n")
    simulator.script("Add the total of a basket")
    editing.edit(message)
    editing.wait("vim.bo.filetype == 'gitcommit'")
    editing.type(":Halley commit<CR>")
    editing.wait(TEXT_IS, "Add the total of a basket\n# Please enter the commit message\n")


def test_a_missing_key_is_reported_and_health_knows(editing: Neovim, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    editing.type(":%Halley explain<CR>")
    editing.wait(SAID, "Halley:")
    assert "key" in editing.messages().lower()
    assert "Traceback" not in editing.messages()
    editing.type("<CR>:checkhealth halley<CR>")
    report = seen(editing, "Daemon ~")
    assert "daemon " in report
    assert "simulator: key present" in report


def test_without_a_daemon_the_command_says_what_to_do(fresh: Neovim) -> None:
    fresh.lua("vim.g.halley = { cmd = { 'no-such-halley', 'serve' } }")
    fresh.lua("vim.opt.runtimepath:prepend(...) vim.cmd.runtime('plugin/halley.lua')", str(PLUGIN))
    fresh.type(":Halley doctor<CR>")
    fresh.wait(SAID, "there is no program `no-such-halley`. Put it on your PATH")


def test_the_status_line_and_its_event(editing: Neovim, simulator: Simulator) -> None:
    editing.lua("""
        _G.kinds = {}
        vim.api.nvim_create_autocmd('User', { pattern = 'HalleyStatus', callback = function(event)
          table.insert(_G.kinds, event.data.kind)
        end })
    """)
    simulator.script("Prices.")
    editing.type(":%Halley explain<CR>")
    editing.wait("vim.list_contains(_G.kinds, 'busy') and _G.kinds[#_G.kinds] == 'normal'")
    assert editing.lua("return vim.g.halley_status") == {"kind": "normal", "message": "simulator/sim-chat"}
    editing.type("<C-w>p")
    editing.wait("require('halley').statusline():find('simulator/sim-chat', 1, true) ~= nil")


TWO = "def one():\n    return 1\n\n\ndef two():\n    return 2\n\n\ndef three():\n    return 3\n"
HUNKS = """(function(count)
    local space = vim.api.nvim_get_namespaces()['halley.proposals']
    local marks = space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}
    local found = {}
    for _, mark in ipairs(marks) do
      for _, line in ipairs(mark[4].virt_lines or {}) do table.insert(found, line[1][1]) end
    end
    return #found == count and (count == 0 or found)
end)(...)"""


def test_a_proposal_is_accepted_in_part(editing: Neovim, workspace: Path, simulator: Simulator) -> None:
    (workspace / "numbers.py").write_text(TWO)
    editing.edit(workspace / "numbers.py")
    editing.attached()
    editing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
        client.settings = { halley = { edits = { apply = 'preview' } } }
        client:notify('workspace/didChangeConfiguration', { settings = client.settings })
    """)
    new = TWO.replace("return 1", "return 10").replace("return 3", "return 30")
    simulator.script(f"```python\n{new}```")
    editing.type(":%Halley edit tenfold<CR>")
    assert editing.wait(HUNKS, 2) == ["    return 10", "    return 30"]
    assert editing.text() == TWO, "nothing is changed before confirmation"
    editing.type(":9<CR>:Halley accept<CR>")
    editing.wait(SAID, "there is no proposal at the cursor")
    editing.type(":10<CR>:Halley accept<CR>")
    editing.wait(TEXT_IS, TWO.replace("return 3", "return 30"))
    assert editing.wait(HUNKS, 1) == ["    return 10"]
    editing.type("u")
    editing.wait(TEXT_IS, TWO)
    editing.type(":Halley proposals<CR>")
    editing.wait("#vim.fn.getqflist() == 1 and vim.fn.getqflist()[1].lnum == 2")
    editing.type(":cclose | 2<CR>:Halley discard<CR>")
    editing.wait("(" + HUNKS + ") ~= false", 0)
    assert editing.text() == TWO


def test_all_of_a_proposal_is_accepted_in_one_step(
    editing: Neovim, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "numbers.py").write_text(TWO)
    editing.edit(workspace / "numbers.py")
    editing.attached()
    editing.lua("""
        local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
        client.settings = { halley = { edits = { apply = 'preview' } } }
        client:notify('workspace/didChangeConfiguration', { settings = client.settings })
    """)
    new = TWO.replace("return 1", "return 10").replace("return 3", "return 30")
    simulator.script(f"```python\n{new}```")
    editing.type(":%Halley edit tenfold<CR>")
    editing.wait(HUNKS, 2)
    editing.type(":Halley accept all<CR>")
    editing.wait(TEXT_IS, new)
    editing.type("u")
    editing.wait(TEXT_IS, TWO)


def test_lines_are_asked_about_in_a_new_chat(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds one price.", contains="Why?")
    editing.type(":4Halley ask Why?<CR>")
    seen(editing, "It adds one price.")
    body = next(one.body.decode() for one in simulator.requests if "Why?" in one.body.decode())
    assert "result += item.price" in body
    assert "return result" not in body, "only the line"


def test_without_lines_the_whole_buffer_is_asked_about(editing: Neovim, simulator: Simulator) -> None:
    simulator.script("It adds up.")
    editing.type(":call append(0, '# not saved')<CR>:Halley ask What is this for?<CR>")
    text = seen(editing, "It adds up.")  # the context is shown before anything is sent
    assert "> **Context** 1 excerpt" in text
    assert "> - shop.py:1 · " in text
    asked = next(body for one in simulator.requests if "What is this for?" in (body := one.body.decode()))
    assert "# not saved" in asked and "return result" in asked


def test_a_question_asked_while_the_daemon_starts_has_its_buffer(
    fresh: Neovim, workspace: Path, simulator: Simulator
) -> None:
    simulator.script("It adds up.", contains="What is this for?")
    (workspace / "shop.py").write_text(CODE)
    fresh.lua(LOAD, str(PLUGIN))
    fresh.edit(workspace / "shop.py")
    fresh.wait("#vim.lsp.get_clients({ name = 'halley', bufnr = 0, _uninitialized = true }) > 0")
    fresh.type(":Halley ask What is this for?<CR>")
    seen(fresh, "It adds up.")
    assert any("return result" in one.body.decode() for one in simulator.requests)


def test_a_wait_for_another_try_is_ended(editing: Neovim, simulator: Simulator) -> None:
    editing.lua("""
        _G.states = {}
        vim.api.nvim_create_autocmd('User', { pattern = 'HalleyOperation', callback = function(event)
          table.insert(_G.states, event.data.state)
        end })
    """)
    simulator.script(status=429, headers={"retry-after": "50"}, body={"error": {"message": "slow down"}})
    simulator.script("Prices.")
    editing.type(":%Halley explain<CR>")
    editing.wait("vim.list_contains(_G.states, 'waiting')")
    editing.type(":Halley retry<CR>")
    seen(editing, "Prices.")


def test_the_log_opens_at_its_end(editing: Neovim) -> None:
    editing.lua("vim.lsp.log.error('something of Halley')")
    editing.type(":Halley log<CR>")
    seen(editing, "something of Halley")
    assert editing.lua("return vim.bo.readonly and vim.fn.line('.') == vim.fn.line('$')")
