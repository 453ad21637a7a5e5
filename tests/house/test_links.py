"""Links between our pages lead somewhere; files, requests and commands that pages name are there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import click
import pytest

from halley.cli.commands import halley
from halley.lsp.protocol.table import NOTIFICATIONS, REQUESTS

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    ROOT / "server/ARCHITECTURE.md",
    ROOT / "bench/README.md",
]
SKIPPED = {"node_modules", "__pycache__", "dist"}
TOPS = {
    *("server", "docs", "tests", "tools", "bench", "clients"),
    *(path.name for path in (ROOT / "server/halley").iterdir() if path.is_dir()),
    *("wires", "templates", "catalog", "keys"),
}
"""Names with which a path of ours may begin on a page."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    broken = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_folders_that_a_page_names_are_there(page: Path) -> None:
    """In full, or from a folder on: `providers/wires/`. `halley/…` is a request, checked below."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|lua|ts|mjs|sh))`", page.read_text())
    ours = [name for name in named if name.partition("/")[0] in TOPS or name.endswith(".py")]
    assert [name for name in ours if not _is_there(name)] == []


def test_the_architecture_names_many_files() -> None:
    assert len(re.findall(r"`(?:[a-z_]+/)+[a-z_]+\.py`", (ROOT / "server/ARCHITECTURE.md").read_text())) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_requests_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"`(halley/[\w/]+)`", page.read_text()))
    assert named <= {*REQUESTS, *NOTIFICATIONS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_names_exist_with_their_options(page: Path) -> None:
    text = page.read_text()
    shown = [line.split("#")[0] for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE)]
    for line in [*shown, *re.findall(r"`(halley [^`]+)`", text)]:
        for part in re.findall(r"(?:^|[|;&] )(halley [^|;&]*)", line):
            _must_exist(part.split(), f"{page.name}: {part}")


def _must_exist(words: list[str], where: str) -> None:
    """The command, its subcommand and every option given. `…` and words in capitals stand for arguments."""
    command: click.Command = halley
    for word in words[1:]:
        if isinstance(command, click.Group) and not word.startswith("-") and word not in ("…", "COMMAND"):
            found = command.get_command(click.Context(command), word.rstrip(",.:"))
            assert found is not None, f"{where}: no command {word}"
            command = found
        elif word.startswith("-"):
            options = {name for given in command.params for name in (*given.opts, *given.secondary_opts)}
            options |= {"-h", "--help", "--version"}
            assert word.partition("=")[0] in options, f"{where}: no option {word}"


@cache
def _places() -> frozenset[str]:
    """Every file and folder of ours, from each of its folders on."""
    found: set[str] = set()
    for top in TOPS & {path.name for path in ROOT.iterdir()}:
        for path in [ROOT / top, *(ROOT / top).rglob("*")]:
            if not SKIPPED & set(path.parts):
                parts = path.relative_to(ROOT).parts
                found |= {"/".join(parts[at:]) for at in range(len(parts))}
    return frozenset(found)


def _is_there(name: str) -> bool:
    return name.rstrip("/") in _places()
