"""The workspace searched, pictures and sound made, tools switched: from a real Neovim, by the real daemon."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neovim import Neovim
from plugin import CODE, LOAD, PLUGIN, SAID, SELECT, seen
from reviews import BARE, reply, repository

from halley.simulator import Simulator

SERVER = Path(__file__).parents[1] / "e2e/mcp_server.py"
ROLES = """\
[roles]
image = ["simulator/sim-image"]
speech = ["simulator/sim-speech"]
transcribe = ["simulator/sim-transcribe"]
video = ["simulator/sim-video"]
embed = ["simulator/sim-embed"]
"""
TOOLS = """
[tools.servers.demo]
command = "{python}"
args = ["{server}", "{log}"]
"""
INPUT = """
    local answers = ...
    _G.defaults = {}
    vim.ui.input = function(opts, done)
      table.insert(_G.defaults, opts.default or '')
      local answer = table.remove(answers, 1)
      done(answer == '' and opts.default or answer)
    end
"""
OPEN = "_G.opened = {} vim.ui.open = function(path) table.insert(_G.opened, path) end"


@pytest.fixture
def working(fresh: Neovim, workspace: Path, halley_home: Path, tmp_path: Path) -> Neovim:
    """With a file open, a model in every role, and a server of tools."""
    config = (halley_home / "config.toml").read_text()
    config = config.replace("[roles]\n", ROLES)
    config = config.replace("[providers.simulator]", '[providers.simulator]\npreset = "simulator"')
    config += TOOLS.format(python=sys.executable, server=SERVER, log=tmp_path / "ran.jsonl")
    (halley_home / "config.toml").write_text(config)
    fresh.lua(LOAD, str(PLUGIN))
    (workspace / "shop.py").write_text(CODE)
    (workspace / "refunds.md").write_text("# Refunds\n\nA refund is granted within fourteen days.\n")
    fresh.edit(workspace / "shop.py")
    fresh.attached()
    return fresh


ASKED = """
    local name, method, params = ...
    _G[name] = nil
    params.uri = require('halley.client').place()
    vim.lsp.get_clients({ name = 'halley' })[1]:request(method, params, function(_, result) _G[name] = result or false end)
"""


def asked(editor: Neovim, method: str, **params: object) -> Any:
    """The daemon's answer. Not asked within a condition: Neovim would never come to the keys."""
    editor.lua(ASKED, "answer", method, params)
    editor.wait("_G.answer ~= nil")
    return editor.lua("return _G.answer")


def status_when(editor: Neovim, accept: Callable[[Any], bool]) -> Any:
    """The index's state once it is as wanted: asked again at each news of it."""
    editor.lua("""
        _G.news = 0
        vim.api.nvim_create_autocmd('User', { pattern = 'HalleyChanged', callback = function(event)
          if event.data.what == 'index' then _G.news = _G.news + 1 end
        end })
    """)
    while True:
        news = editor.lua("return _G.news")
        if accept(status := asked(editor, "halley/index/status")):
            return status
        editor.wait("_G.news > ...", news)


def test_hits_are_in_the_quickfix_list(working: Neovim, workspace: Path) -> None:
    working.lua(SELECT, ["(later)"])
    working.type(":Halley index<CR>")
    seen(working, "# Halley index")
    working.type("q")
    asked(working, "halley/search", query="anything")
    status_when(working, lambda status: status["state"] == "ready")
    working.type(":Halley search fourteen days<CR>")
    working.wait("vim.bo.buftype == 'quickfix' and #vim.fn.getqflist() > 0")
    first = working.lua(
        "local one = vim.fn.getqflist()[1] return { vim.fn.bufname(one.bufnr), one.text, one.lnum }"
    )
    assert Path(first[0]).name == "refunds.md"
    assert working.lua("return vim.fn.getqflist({ title = 1 }).title") == "Halley search: fourteen days"
    working.type("<CR>")
    working.wait("vim.api.nvim_buf_get_name(0) == ...", str(workspace / "refunds.md"))
    working.type(":Halley search zzyzx quux<CR>")
    working.wait(SAID, "nothing was found for “zzyzx quux”")


def test_the_index_shows_what_embedding_costs_and_waits_for_approval(
    working: Neovim, simulator: Simulator
) -> None:
    working.lua(SELECT, ["embed"])
    asked(working, "halley/index/control", action="rebuild")
    estimate = status_when(working, lambda status: status.get("estimate"))["estimate"]
    assert not [one for one in simulator.requests if "embeddings" in one.path], "nothing before approval"
    assert working.lua("return _G.offered") == [], "and no question comes up by itself"
    working.type(":Halley search refund<CR>")
    working.wait(SAID, "Search by meaning: send")
    working.type(":Halley index<CR>")
    working.wait(SAID, "the index is")
    assert working.lua("return _G.offered") == [["embed", "decline", "later"]]
    done = status_when(working, lambda status: status.get("embedded") == estimate["chunks"])
    assert done["embedModel"] == "simulator/sim-embed"
    working.type(":Halley index pause<CR>")
    working.wait(SAID, "the index is paused")
    working.type(":Halley index<CR>")
    assert "files: 2 of 2" in seen(working, "# Halley index")


def test_a_picture_is_saved_with_a_link(working: Neovim, workspace: Path) -> None:
    working.lua(SELECT, ["Save as"])
    working.lua(INPUT, [""])
    working.edit(workspace / "refunds.md")
    working.attached()
    working.type("G:Halley image A red fox<CR>")
    working.wait(SAID, "with a link")
    assert working.lua("return _G.defaults") == ["images/a-red-fox.png"]
    assert (workspace / "images/a-red-fox.png").read_bytes().startswith(b"\x89PNG")
    assert "![A red fox](images/a-red-fox.png)" in working.text()
    working.type("u")
    working.wait("vim.fn.search('red-fox', 'nw') == 0")
    working.lua(SELECT, ["image", "Forget"])
    working.type(":Halley media<CR>")
    working.wait("#_G.offered == 2")
    assert "A red fox" in working.lua("return _G.offered")[0][0]
    working.wait(
        "(function() vim.cmd('Halley media') return vim.api.nvim_exec2('messages', { output = true })"
        ".output:find('has no results yet', 1, true) ~= nil end)()"
    )


def test_lines_and_replies_are_read_aloud_and_written_down(
    working: Neovim, workspace: Path, simulator: Simulator
) -> None:
    working.lua(OPEN)
    working.lua(SELECT, ["Open", "Save as"])
    working.lua(INPUT, ["said.mp3"])
    working.type(":2Halley speak<CR>")
    working.wait("#_G.opened == 1")
    sound = Path(working.lua("return _G.opened")[0])
    assert sound.stat().st_size > 0
    simulator.script("Prices are added up.", model="sim-chat")
    working.type(":Halley chat What is it?<CR>")
    seen(working, "Prices are added up.")
    working.wait("require('halley.chat').of() and not require('halley.chat').of().asked")
    working.type("gg/Prices<CR>:Halley speak<CR>")
    working.wait(SAID, "saved as said.wav")
    assert (workspace / "said.wav").stat().st_size > 0
    spoken = [one.json["input"] for one in simulator.requests if one.path.endswith("/speech")]
    assert spoken == ["    result = 0", "Prices are added up."] or spoken[1] == "Prices are added up."
    working.type(f":Halley transcribe {workspace / 'said.wav'}<CR>")
    seen(working, "# Transcription")
    working.type(f":Halley! transcribe {workspace / 'said.wav'}<CR>")
    seen(working, "(simulated translation)")


def test_a_video_is_made_and_listed(working: Neovim) -> None:
    working.lua(OPEN)
    working.lua(SELECT, ["Open"])
    working.type(":Halley video waves<CR>")
    working.wait("#_G.opened == 1")
    assert Path(working.lua("return _G.opened[1]")).stat().st_size > 0


def test_tools_are_switched_for_a_chat_a_workspace_and_everywhere(
    working: Neovim, simulator: Simulator
) -> None:
    simulator.script("Without any.", contains="And now?", repeat=-1)
    simulator.script("Yes.", repeat=-1)
    working.lua(SELECT, ["demo", "(nothing)"])
    working.type(":Halley tools<CR>")
    working.wait(SAID, "demo off in this workspace")
    before, after = working.lua("return _G.offered")[:2]
    assert before[0].startswith("[x] all tools")
    assert any(row.startswith("[x] demo") for row in before)
    assert any(row.startswith("[ ] demo") and row.endswith("in this workspace") for row in after)
    working.type("<CR>:Halley tools reset demo<CR>")
    working.wait(SAID, "demo not decided in this workspace")
    working.type("<CR>:Halley chat Hello<CR>")
    seen(working, "Yes.")
    working.wait("require('halley.chat').of() and not require('halley.chat').of().asked")
    working.type(":Halley tools off<CR>")
    working.wait(SAID, "all tools off in this chat")
    working.type(":Halley chat And now?<CR>")
    seen(working, "Without any.")
    first, *_, last = [
        one.json for one in simulator.requests if one.json["messages"][-1]["content"] in ("Hello", "And now?")
    ]
    assert first["tools"]
    assert not last.get("tools")
    working.type("<C-w>p:Halley! tools off halley read_file<CR>")
    working.wait(SAID, "read_file off everywhere")
    assert working.lua("return vim.fn.getcompletion('Halley tools off d', 'cmdline')") == ["demo"]
    working.wait(  # once the server of tools has started
        "vim.list_contains(vim.fn.getcompletion('Halley tools off demo ', 'cmdline'), 'write_note')"
    )
    working.type(":Halley tools forget<CR>")
    working.wait(SAID, "there are no permanent approvals")
    working.type(":Halley tools restart demo<CR>")
    working.wait(SAID, "demo is restarting")


def test_a_review_is_a_report_and_diagnostics_with_fixes(
    editing: Neovim, workspace: Path, simulator: Simulator
) -> None:
    (workspace / ".git").rmdir()
    editing.edit(repository(workspace, "basket.py"))
    found = {**BARE, "file": "basket.py"}
    simulator.script(reply(found))
    editing.type(":Halley review<CR>")
    assert "A bare except hides every error" in seen(editing, "# Review")
    assert "KeyboardInterrupt" in editing.text()
    editing.type(":close<CR>")
    one = "vim.diagnostic.get(vim.fn.bufnr('basket.py'))[1]"
    editing.wait(f"{one} ~= nil")
    assert editing.lua(f"return {{ {one}.lnum, {one}.source }}") == [4, "Halley review"]
    editing.type(":Halley review clear<CR>")
    editing.wait(f"{one} == nil")
