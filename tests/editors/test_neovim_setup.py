"""Around the plugin: its start, its manual, its daemon's installation, keys that are missing, files that wait for trust."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from neovim import Neovim, documented_setup
from plugin import CODE, LOAD, PLUGIN, SAID, SELECT, seen

from halley.simulator import Simulator

MACRO = '[macros.whisper]\ndescription = "Quietly"\nprompt = "Whisper: {{selection}}"\n'
KEYLESS = """\
[providers.away]
kind = "openai"
base_url = "{url}"
key = {{ env = "NO_SUCH_KEY" }}

[roles]
chat = ["away/sim-chat"]
"""


def test_starting_reads_one_small_file(neovim_binary: Path, tmp_path: Path) -> None:
    """`--startuptime` names every file and module that is read."""
    init = tmp_path / "init.lua"
    init.write_text(f"vim.opt.runtimepath:prepend('{PLUGIN}')\n")
    log = tmp_path / "startup.log"
    subprocess.run(
        [neovim_binary, "--headless", "-u", init, "-i", "NONE", "--startuptime", log, "+qall"],
        check=True, timeout=60, env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    read = [line for line in log.read_text().splitlines() if str(PLUGIN) in line or "require('halley" in line]
    assert len(read) == 1, read
    assert read[0].endswith(str(PLUGIN / "plugin/halley.lua"))


def test_the_manual_opens_without_any_step(fresh: Neovim) -> None:
    fresh.lua("vim.opt.runtimepath:prepend(...)", str(PLUGIN))
    for subject in ("halley", ":Halley", "g:halley", "halley-options"):
        fresh.type(f":help {subject}<CR>")
        fresh.wait("vim.bo.filetype == 'help' and vim.fn.getline('.'):find(..., 1, true)", f"*{subject}*")


def test_the_manuals_tags_are_the_ones_neovim_makes(fresh: Neovim, tmp_path: Path) -> None:
    shutil.copytree(PLUGIN / "doc", tmp_path / "doc", ignore=shutil.ignore_patterns("tags"))
    fresh.api.command(f"helptags {tmp_path}/doc")
    tags = (tmp_path / "doc/tags").read_text()
    assert tags == (PLUGIN / "doc/tags").read_text()
    foreign = [tag for line in tags.splitlines() if "halley" not in (tag := line.split("\t")[0]).lower()]
    assert foreign == [], "words of the text that became tags"


def test_the_manual_and_the_page_name_every_subcommand(fresh: Neovim) -> None:
    fresh.lua("vim.opt.runtimepath:prepend(...)", str(PLUGIN))
    names = fresh.lua("return vim.tbl_map(function(row) return row.name end, require('halley.subcommands'))")
    manual = (PLUGIN / "doc/halley.txt").read_text()
    assert [name for name in names if f"Halley {name}" not in manual] == []
    functions = fresh.lua("""
        return vim.tbl_map(function(row)
          return type(require('halley.' .. row.call[1])[row.call[2]])
        end, require('halley.subcommands'))
    """)
    assert set(functions) == {"function"}


def test_vim_pack_as_documented(fresh: Neovim, tmp_path: Path) -> None:
    """A repository of Git on this machine, as one is cloned."""
    source = tmp_path / "halley"
    shutil.copytree(PLUGIN, source / "clients/neovim", ignore=shutil.ignore_patterns("tags"))
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(source), *command], check=True, timeout=60)
    lines = next(block for n in range(12) if "vim.pack" in (block := documented_setup(n)))
    fresh.lua(f"vim.env.XDG_DATA_HOME = '{tmp_path}/data'")
    lines = lines.replace("file:///path/to/halley", source.as_uri())
    fresh.lua("vim.fn.confirm = function() return 1 end\n" + lines)
    fresh.wait("vim.fn.exists(':Halley') == 2")


@pytest.fixture
def keyless(neovim_binary: Path, halley_home: Path, simulator: Simulator, tmp_path: Path) -> Iterator[Neovim]:
    (halley_home / "config.toml").write_text(KEYLESS.format(url=simulator.base_url))
    editor = Neovim(neovim_binary, tmp_path, {})
    editor.lua(LOAD, str(PLUGIN))
    yield editor
    editor.close()


def test_a_missing_key_is_named_and_what_to_do(
    keyless: Neovim, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "shop.py").write_text(CODE)
    keyless.edit(workspace / "shop.py")
    keyless.attached()
    keyless.type(":%Halley explain<CR>")
    keyless.wait(SAID, "NO_SUCH_KEY")
    keyless.type("<CR>:checkhealth halley<CR>")
    report = seen(keyless, "away: key missing")
    assert "`:Halley provider away` sets it" in report
    assert not [one for one in simulator.requests if one.method == "POST"]


def test_health_tells_all_of_it(editing: Neovim) -> None:
    editing.type(":checkhealth halley<CR>")
    report = seen(editing, "Providers and keys ~")
    for words in (
        "daemon ",
        "simulator: key present",
        "certificates",
        "`vim.g.halley` is sound",
        "Latest problem",
    ):
        assert words in report, words


def test_an_untrusted_workspace_waits_for_the_user(
    fresh: Neovim, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "shop.py").write_text(CODE)
    asking = workspace / ".halley.toml"
    asking.write_text(MACRO)
    fresh.lua(LOAD, str(PLUGIN))
    fresh.edit(workspace / "shop.py")
    fresh.attached()
    fresh.wait(SAID, "this workspace asks for one thing; `:Halley trust` shows them.")
    fresh.type(":2Halley macro whisper<CR>")
    fresh.wait(SAID, "there is no macro `whisper`")
    fresh.type("<CR>")
    fresh.lua("vim.secure.trust({ action = 'deny', path = ... })", str(asking))
    fresh.lua(SELECT, ["Look at the files"])
    fresh.type(":Halley trust<CR>")
    fresh.wait(SAID, ".halley.toml is not trusted, so nothing is granted.")
    fresh.type("<CR>")
    fresh.api.command(f"split {asking}")
    fresh.lua("vim.secure.trust({ action = 'allow', bufnr = 0 }) vim.cmd.close()")
    fresh.lua(SELECT, ["Look at the files"])
    fresh.type(":Halley trust<CR>")
    fresh.wait(SAID, "trusted, until one of these files changes")
    simulator.script("whispered")
    fresh.type("<CR>:2Halley macro whisper<CR>")
    seen(fresh, "whispered")


@pytest.mark.parametrize("tool", ["uv", "pipx"])
def test_the_daemon_is_installed_on_request(fresh: Neovim, tmp_path: Path, tool: str) -> None:
    """What would go to a registry is a program of the test's that writes down how it was called."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / tool).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/called"\n')
    (programs / tool).chmod(0o755)
    fresh.lua(
        "vim.env.PATH, vim.g.halley = ...", str(programs) + ":/bin", {"cmd": ["no-such-halley", "serve"]}
    )
    fresh.lua("vim.opt.runtimepath:prepend(...) vim.cmd.runtime('plugin/halley.lua')", str(PLUGIN))
    fresh.lua(SELECT, ["Not now"])
    fresh.type(":Halley install<CR>")
    fresh.wait("#_G.offered == 1")
    assert not (tmp_path / "called").exists()
    fresh.lua(SELECT, ["Run it"])
    fresh.type(":Halley install<CR>")
    fresh.wait(SAID, "it is installed, and `no-such-halley` is not on your PATH")
    words = (tmp_path / "called").read_text().splitlines()
    root = str(PLUGIN.parents[1])
    assert words.count("--require-hashes") == 1, "what it depends on is checked against the lock file"
    assert words[words.index("--require-hashes") + 2] == f"{root}/requirements.lock"
    assert root in words, "from the sources the plugin is a part of"
    assert {"--offline", "--pip-args=--no-deps"} & set(words), "and nothing else is fetched for it"


def test_without_uv_and_pipx_it_says_so(fresh: Neovim) -> None:
    fresh.lua("vim.env.PATH = '/nowhere'")
    fresh.lua("vim.opt.runtimepath:prepend(...) vim.cmd.runtime('plugin/halley.lua')", str(PLUGIN))
    fresh.type(":Halley install<CR>")
    fresh.wait(SAID, "there is neither `uv` nor `pipx`")


def test_a_subcommand_is_chosen_where_none_is_named(editing: Neovim) -> None:
    editing.lua(SELECT, ["doctor"])
    editing.type(":Halley<CR>")
    seen(editing, "# Halley doctor")


def test_the_daemon_is_restarted(editing: Neovim) -> None:
    before = editing.lua("return vim.lsp.get_clients({ name = 'halley' })[1].id")
    editing.type(":Halley restart<CR>")
    editing.wait("(vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1] or { id = ... }).id ~= ...", before)
    editing.attached()
    editing.type(":Halley doctor<CR>")
    seen(editing, "# Halley doctor")


def test_a_daemon_that_keeps_dying_is_left_alone(fresh: Neovim, workspace: Path, tmp_path: Path) -> None:
    """A program that exits immediately, which counts how often it was started."""
    program = tmp_path / "dying"
    program.write_text(f'#!/bin/sh\necho started >> "{tmp_path}/starts"\nexit 3\n')
    program.chmod(0o755)
    fresh.lua("vim.g.halley = ...", {"cmd": [str(program), "serve"]})
    fresh.lua(LOAD, str(PLUGIN))
    (workspace / "shop.py").write_text(CODE)
    fresh.edit(workspace / "shop.py")
    fresh.wait(SAID, "the daemon keeps exiting; see :Halley log, then :Halley restart.")
    assert (tmp_path / "starts").read_text().count("started") == 5
