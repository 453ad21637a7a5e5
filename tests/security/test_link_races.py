"""Links that are planted between the look at a path and its opening lead nowhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from halley.core.errors import HalleyError
from halley.features.context.files import read_shown_file
from halley.stores.config.workspace_files import read_workspace_files
from halley.stores.workspace.project_files import read_text_file

SECRET = "the neighbour's diary"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("notes.txt", ".halley.toml", "AGENTS.md"):
        (folder / name).write_text(SECRET)
    return folder


@pytest.fixture(params=["file", "folder", "folder above"])
def race(request, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which something becomes a link just before a file of it is opened."""
    root = tmp_path / "workspace"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "notes.txt").write_text("ours")
    (outside / "b").mkdir()
    shutil.copy(outside / "notes.txt", outside / "b" / "notes.txt")
    swapped, to = {
        "file": (root / "a" / "b" / "notes.txt", outside / "notes.txt"),
        "folder": (root / "a" / "b", outside),
        "folder above": (root / "a", outside),
    }[request.param]
    open_ = os.open

    def swap(path, *arguments, **options) -> int:
        if str(path).startswith(str(root)) and not swapped.is_symlink():
            swapped.rename(tmp_path / "aside")
            swapped.symlink_to(to)
        return open_(path, *arguments, **options)

    monkeypatch.setattr(os, "open", swap)
    return root


@pytest.mark.parametrize(
    "read",
    [
        lambda root: read_text_file(root, "a/b/notes.txt"),
        lambda root: read_shown_file(root, "a/b/notes.txt", ()),
    ],
    ids=["listed", "asked for"],
)
def test_a_link_planted_meanwhile_is_not_followed(
    read: Callable[[Path], object], race: Path, tried: Callable[..., None]
) -> None:
    tried()
    try:
        said = read(race)
    except HalleyError:
        said = None
    assert SECRET not in str(said)


@pytest.mark.parametrize("name", [".halley.toml", "AGENTS.md"])
def test_a_workspace_file_that_becomes_a_link_is_not_read(
    name: str, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / name).write_text("")
    open_ = os.open

    def swap(path, *arguments, **options) -> int:
        if str(path) == str(root / name):
            (root / name).unlink()
            (root / name).symlink_to(outside / name)
        return open_(path, *arguments, **options)

    monkeypatch.setattr(os, "open", swap)
    files = read_workspace_files(root)
    assert files.problems and SECRET not in f"{files.settings} {files.guidance}"


def test_a_folder_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("ours")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_text_file(tmp_path / "link", "a.txt") == "ours"
