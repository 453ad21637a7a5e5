"""`halley try`, the first thing a user sees of Halley; and its picture in the README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from halley.cli.setup import EDITORS
from halley.features.editors import editors_on_path

TITLES = (
    "1. Explain a function",
    "2. Generate code from a comment",
    "3. Fix a diagnostic",
    "4. Format, provably equivalent",
    "5. Complete at the cursor",
    "6. Chat about the current file",
    "7. Switch this workspace's model",
    "Every call is in the ledger",
)
RESULTS = (
    "total(items) is a function",
    "+def most_expensive_item(items: object) -> object:",
    "for item in items)",
    "+def discount(amount, percent):",
    "return count",
    "31 lines of orders.py define the class Item",
    "Before this you asked:",
    "chat is simulator/sim-code",
)
WRONG = re.compile(r"went wrong inside|no such action|nothing changed|no suggestion here", re.IGNORECASE)


def test_the_tour_shows_what_each_step_is_to_show_and_can_be_kept_as_a_picture(shell):
    ran = shell.spawn("try", "--svg", "tour.svg")
    assert ran.code == 0, ran.out + ran.err
    shows(ran.out)
    shows(text_of(shell.folder / "tour.svg"))


def test_the_picture_in_the_readme_is_of_a_tour_that_went_well():
    shows(text_of(Path(__file__).parents[2] / "docs/images/try.svg"))


def shows(said: str) -> None:
    at = 0
    for title in TITLES:
        at = said.find(title, at)
        assert at >= 0, f"{title} is not shown, or not in its place:\n{said}"
    flat = " ".join(said.split())
    assert [result for result in RESULTS if result not in flat] == []
    assert not WRONG.search(said), said


def text_of(picture: Path) -> str:
    """What is written in it; a line of the terminal is several pieces, each of a colour."""
    return unescape(re.sub(r"<[^>]*>", "", picture.read_text("utf-8"))).replace("\u00a0", " ")


def test_every_next_step_works_as_printed(shell, monkeypatch: pytest.MonkeyPatch):
    """Pasted into a shell one after the other, where neither `halley` nor an installer is on PATH, but Neovim is."""
    home, programs = shell.folder / "a home", shell.folder / "programs"
    programs.mkdir()
    (programs / "nvim").write_text("#!/bin/sh\n")
    (programs / "nvim").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(home))
    steps = next_steps(shell.spawn("try").out)
    assert [what for what, _ in steps] == [
        "install it",
        "set up neovim",
        "connect a provider",
        "see usage and costs",
    ]
    lines = [*(command for _, command in steps), "halley --version"]
    done = subprocess.run(
        ["sh", "-ec", "\n".join(lines)],
        cwd=shell.folder, input="sk-tried\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vim.lsp.enable('halley')" in done.stdout
    assert (home / ".local/bin/halley").exists()


@pytest.mark.parametrize("tool", ["uv", "pipx"])
def test_an_installer_that_is_there_is_named_with_the_folder_of_the_sources(shell, monkeypatch, tool: str):
    programs = shell.folder / "programs"
    programs.mkdir()
    (programs / tool).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{programs}/called"\n')
    (programs / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    steps = dict(next_steps(shell.spawn("try").out))
    subprocess.run(["sh", "-ec", steps["install it"]], cwd=shell.folder, check=True, timeout=60)
    called = (programs / "called").read_text().splitlines()
    assert "install" in called
    assert (Path(called[-1]) / "pyproject.toml").exists()


def test_where_halley_is_on_the_path_it_is_called_by_its_name(shell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    steps = next_steps(shell.spawn("try").out)
    assert all(command.startswith("halley ") for _, command in steps), steps


@pytest.mark.parametrize("name", [name for name, found in EDITORS.items() if found.file])
def test_the_lines_for_an_editor_are_those_of_its_page(shell, name: str):
    page = (Path(__file__).parents[2] / f"docs/editors/{name}.md").read_text("utf-8")
    assert EDITORS[name].lines in page
    assert EDITORS[name].lines in shell("setup", name).out


@pytest.mark.parametrize(
    ("program", "title"),
    [("zed", "Zed"), ("zeditor", "Zed"), ("idea", "JetBrains IDEs"), ("pycharm", "JetBrains IDEs"), ("hx", "Helix")],
)  # fmt: skip
def test_setup_and_doctor_find_an_editor_by_each_of_its_programs(
    shell, monkeypatch: pytest.MonkeyPatch, program: str, title: str
):
    programs = shell.folder / "programs"
    programs.mkdir()
    (programs / program).write_text("#!/bin/sh\n")
    (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    said = shell("setup").out
    assert f"{title}." in said and sum(found.title + "." in said for found in EDITORS.values()) == 1
    assert list(editors_on_path().values()) == [str(programs / program)]


def next_steps(said: str) -> list[tuple[str, str]]:
    """What is to be done, and the command for it."""
    lines = said.split("\nNext\n")[1].strip().splitlines()
    return [
        (what, command) for what, command in (re.split(r" {2,}", line.strip(), maxsplit=1) for line in lines)
    ]
