"""What other users of the machine put above a workspace, in shared folders, is not followed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from halley.cli.running import find_root
from halley.core.errors import InvalidInput
from halley.stores.workspace import ours
from halley.stores.workspace.git.repository import find_repository

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owners of this kind")

Tried = Callable[..., None]
Foreign = Callable[..., None]


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Foreign:
    """Makes paths look as if another user owned them; the owner of the real ones where that is possible."""
    theirs: set[Path] = set()
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        values = list(real(path))
        values[4] = os.geteuid() + (path in theirs)
        return os.stat_result(values)

    monkeypatch.setattr(Path, "lstat", lstat)
    return lambda *paths: theirs.update(paths)


MARKS = [".git", ".halley.toml"]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("owned", ["folder", "mark", "both"])
def test_a_strangers_mark_above_is_not_the_root(
    tmp_path: Path, foreign: Foreign, mark: str, owned: str, tried: Tried
) -> None:
    shared, mine = tmp_path / "shared", tmp_path / "shared" / "mine" / "deep"
    mine.mkdir(parents=True)
    planted = shared / mark
    planted.mkdir()
    assert find_root(mine) == shared
    foreign(*([shared] if owned != "mark" else []), *([planted] if owned != "folder" else []))
    assert find_root(mine) == mine
    assert find_root(shared) == shared, "what was opened itself is looked at"
    tried(3)


def test_nothing_is_looked_for_beyond_a_strangers_folder(tmp_path: Path, foreign: Foreign) -> None:
    between, mine = tmp_path / "theirs", tmp_path / "theirs" / "mine"
    mine.mkdir(parents=True)
    (tmp_path / ".halley.toml").write_text("")
    foreign(between)
    assert find_root(mine) == mine


def test_git_is_not_asked_about_a_strangers_repository(
    tmp_path: Path, foreign: Foreign, tried: Tried
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    assert find_repository(mine).work_tree == Path(os.path.realpath(tmp_path))
    for paths in ([tmp_path], [tmp_path / ".git"], [tmp_path, tmp_path / ".git"]):
        foreign(*paths)
        with pytest.raises(InvalidInput, match="not in a git repository"):
            find_repository(mine)
        tried()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_real_owners_count(tmp_path: Path) -> None:
    shared, mine = tmp_path / "shared", tmp_path / "shared" / "mine"
    mine.mkdir(parents=True)
    (shared / ".git").mkdir()
    assert find_root(mine) == shared
    os.chown(shared / ".git", 12345, 12345)
    assert not ours.is_ours(shared / ".git")
    assert find_root(mine) == mine
