"""Files of ours are private and whole, whatever the umask, and changed by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores_help import assert_private, finished, modes

from halley.core.errors import StoreFailed
from halley.stores.disk.files import load_json, locked, read_regular, save_private
from halley.stores.disk.making import make_private_folder
from halley.stores.disk.paths import find_paths
from halley.stores.disk.state import load_state, update_state


@pytest.fixture(params=[0o022, 0o000, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_halley_home_holds_everything(tmp_path: Path) -> None:
    paths = find_paths({"HALLEY_HOME": str(tmp_path)})
    assert paths.config_file == tmp_path / "config.toml"
    folders = (paths.data, paths.state, paths.cache, paths.logs)
    assert folders == tuple(tmp_path / name for name in ("data", "state", "cache", "logs"))


def test_halley_config_names_another_file_only(tmp_path: Path) -> None:
    paths = find_paths({"HALLEY_HOME": str(tmp_path), "HALLEY_CONFIG": str(tmp_path / "else" / "my.toml")})
    assert paths.config_file == tmp_path / "else" / "my.toml"
    assert paths.data == tmp_path / "data"


def test_the_platform_decides_otherwise() -> None:
    assert find_paths({}).config_file.name == "config.toml"
    assert "halley" in str(find_paths({}).data).lower()


def test_files_are_0600_in_folders_0700(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "new"
    save_private(root / "deep" / "er" / "a.json", "{}")
    update_state(root / "b.json", lambda value: value.update(a=1))
    assert_private(root)


def test_a_folder_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    make_private_folder(folder)
    assert modes(folder)["."] == 0o700


def test_saving_replaces_in_one_step_and_leaves_nothing_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    save_private(path, "one")
    before = path.stat().st_ino
    save_private(path, b"two")
    assert path.read_text() == "two"
    assert path.stat().st_ino != before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".a")] == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "config.toml").write_text("old")
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "dotfiles" / "config.toml")
    save_private(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "config.toml").read_text() == "new"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreFailed, match="cannot use"):
        save_private(tmp_path / "a", "x")
    tmp_path.chmod(0o700)


def test_a_file_in_the_way_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreFailed) as caught:
        save_private(tmp_path / "data" / "a", "x")
    assert "HALLEY_HOME" in caught.value.problem.help


def test_reading_refuses_what_is_no_file_or_too_much(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(b"x" * 11)
    for name in ("pipe", "big", ".", "missing"):
        with pytest.raises(OSError):
            read_regular(tmp_path / name, 10)
    assert load_json(tmp_path / "big") == {}


def test_a_held_lock_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with locked(tmp_path / "a"), pytest.raises(StoreFailed) as caught, locked(tmp_path / "a", timeout_s=0.05):
        pass
    assert "process" in caught.value.problem.help


async def test_processes_do_not_lose_each_others_changes(tmp_path: Path, start) -> None:
    code = """
        from halley.stores.disk.state import update_state
        for n in range(50):
            update_state(Path(args[0]), lambda value: value.update({f"{args[1]}-{n}": n}))
    """
    await finished(*(start(code, tmp_path / "shared.json", name) for name in "abcd"))
    assert len(load_state(tmp_path / "shared.json")) == 200
