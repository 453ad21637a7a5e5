"""A repository's configuration, attributes, links and objects: git answers, and nothing of the repository's runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_attacks import Canary, Repository, known_keys, live_attacks, promisors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.cli import editor as editor_of_the_command_line
from halley.core.errors import HalleyError
from halley.features.diff import load_shown_diff
from halley.stores.disk.programs import absolute_path, find_program, run_bounded
from halley.stores.keys.sources import read_command
from halley.stores.workspace.git.diff import MOST_BYTES, load_diff, load_recent_messages

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the canaries are shell scripts")


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path / "canary")
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "a repository é")


async def every_question(folder: Path) -> str:
    """All that Halley ever asks of git; what cannot be answered is left out."""
    said: list[str] = []
    for ask in (lambda: load_shown_diff(folder, staged=False), lambda: load_shown_diff(folder, staged=True)):
        try:
            said.append(await ask())
        except HalleyError:
            said.append("")
    try:
        said += await load_recent_messages(folder)
    except HalleyError:
        pass
    return "\n".join(said)


@pytest.mark.parametrize("attack", ["clean", "process", "textconv", "driver", "external", "fsmonitor"])
async def test_a_program_that_git_would_run_does_not(
    attack: str, repository: Repository, canary: Canary
) -> None:
    repository.configure(live_attacks(canary)[attack])
    repository.git("diff", "HEAD", check=False)
    assert canary.seen(), "plain git runs it, so there is something to hold back"
    shown = await every_question(repository.folder)
    assert not canary.seen()
    assert "+three, in the tree" in shown and "+two, staged" in shown and "the first" in shown


@pytest.mark.parametrize("attack", ["ext", "ssh", "uploadpack", "proxy", "host", "insteadOf"])
async def test_a_missing_object_is_not_fetched(attack: str, repository: Repository, canary: Canary) -> None:
    blob = repository.git("rev-parse", "HEAD:kept.txt").strip()
    (repository.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    repository.configure(promisors(canary)[attack])
    repository.git("diff", "HEAD", check=False)
    assert canary.seen(), "plain git fetches it"
    await every_question(repository.folder)
    assert not canary.seen()


@pytest.mark.parametrize("value", ["{run}", "!{run}", "ext::{run}", "http://127.0.0.1:{port}/x"])
async def test_no_key_of_the_manual_runs_or_calls_anything(
    value: str, repository: Repository, canary: Canary
) -> None:
    keys, text = known_keys(), value.format(run=canary.program, port=canary.port)
    assert len(keys) > 500
    for some in (keys[at : at + 60] for at in range(0, len(keys), 60)):
        repository.configure(dict.fromkeys(some, text))
        shown = await every_question(repository.folder)
        assert "+three, in the tree" in shown and "the first" in shown, some
        assert not canary.seen(), some


NAMES = st.text("ab=.-_[]{}?*é", min_size=1, max_size=8)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, key=st.sampled_from(["clean", "smudge", "process"]))
async def test_no_name_of_a_filter_escapes(
    name: str, key: str, repository: Repository, canary: Canary
) -> None:
    (repository.folder / ".gitattributes").write_text(f"* filter={name} diff={name}\n")
    repository.configure(
        {f"filter.{name}.{key}": str(canary.program), f"diff.{name}.command": str(canary.program)}
    )
    assert "+three, in the tree" in await every_question(repository.folder)
    assert not canary.seen()


async def test_what_is_included_is_not_read(repository: Repository, canary: Canary, tmp_path: Path) -> None:
    (tmp_path / "more").write_text(f'[core]\n\tfsmonitor = "{canary.program}"\n')
    repository.configure({"include.path": str(tmp_path / "more")})
    repository.git("diff", "HEAD")
    assert canary.seen()
    assert await every_question(repository.folder)
    assert not canary.seen()


async def test_hooks_do_not_run(repository: Repository, canary: Canary) -> None:
    for hook in (
        "post-index-change",
        "fsmonitor-watchman",
        "query-watchman",
        "pre-auto-gc",
        "reference-transaction",
    ):
        shutil.copy(canary.program, repository.folder / ".git/hooks" / hook)
    assert await every_question(repository.folder)
    assert not canary.seen()


@pytest.mark.parametrize("entry", ["", ".", "bin", "{here}", "{here}/bin", "{link}"])
async def test_the_workspaces_own_git_is_not_started(
    entry: str, repository: Repository, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (repository.folder, repository.folder / "bin"):
        folder.mkdir(exist_ok=True)
        shutil.copy(canary.program, folder / "git")
    link = tmp_path / "a link"
    link.symlink_to(repository.folder)
    entry = entry.format(here=repository.folder, link=link)
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(repository.folder)
    assert "+three, in the tree" in await every_question(repository.folder)
    assert not canary.seen()


async def test_the_users_own_variables_do_not_reach_git(
    repository: Repository, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    for name, value in {
        "GIT_DIR": str(other.folder / ".git"),
        "GIT_EXTERNAL_DIFF": str(canary.program),
        "GIT_INDEX_FILE": str(other.folder / ".git/index"),
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{canary.program}'",
        "GIT_TRACE": str(canary.folder / "trace"),
    }.items():
        monkeypatch.setenv(name, value)
    (repository.folder / "kept.txt").write_text("mine\n")
    assert "+mine" in await load_diff(repository.folder, staged=False)
    assert not canary.seen() and not (canary.folder / "trace").exists()


# -- another repository than the folder's


def private(folder: Path) -> Repository:
    made = Repository(folder)
    (folder / "kept.txt").write_text("a private matter\n")
    made.git("add", ".")
    made.git("commit", "-qm", "a private message")
    (folder / "kept.txt").write_text("a private change\n")
    return made


def by_config(folder: Path, other: Path) -> None:
    Repository(folder).configure({"core.worktree": str(other)})


def by_file(folder: Path, other: Path) -> None:
    (folder / ".git").write_text(f"gitdir: {other / '.git'}\n")


def by_link(folder: Path, other: Path) -> None:
    (folder / ".git").symlink_to(other / ".git")


def by_linked_parts(folder: Path, other: Path) -> None:
    made = Repository(folder)
    shutil.rmtree(made.folder / ".git")
    (made.folder / ".git").mkdir()
    for part in ("HEAD", "refs", "objects", "index", "config"):
        (made.folder / ".git" / part).symlink_to(other / ".git" / part)


def by_common_folder(folder: Path, other: Path) -> None:
    shutil.copytree(other / ".git", folder / ".git")
    shutil.rmtree(folder / ".git/objects")
    (folder / ".git/commondir").write_text(f"{other / '.git'}\n")


def by_forged_worktree(folder: Path, other: Path) -> None:
    home = folder / "worktrees/x"
    home.mkdir(parents=True)
    shutil.copy(other / ".git/HEAD", home / "HEAD")
    (home / "gitdir").write_text(str(folder / ".git") + "\n")
    (home / "commondir").write_text(f"{other / '.git'}\n")
    (folder / ".git").write_text(f"gitdir: {home}\n")


def by_reference(folder: Path, other: Path) -> None:
    made = Repository(folder)
    (made.folder / ".git/HEAD").write_text(f"ref: refs/../../../{other.name}/.git/refs/heads/master\n")
    (made.folder / ".git/objects/info/alternates").write_text(f"{other / '.git/objects'}\n")


ELSEWHERE: list[Callable[[Path, Path], None]] = [
    by_config, by_file, by_link, by_linked_parts, by_common_folder, by_forged_worktree, by_reference,
]  # fmt: skip


@pytest.mark.parametrize("point", ELSEWHERE)
async def test_a_repository_that_points_elsewhere_does_not_answer(
    point: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    other = private(tmp_path / "private").folder
    folder = tmp_path / "downloaded"
    folder.mkdir()
    point(folder, other)
    assert "private" not in await every_question(folder)


async def test_files_outside_of_the_workspace_are_not_read(tmp_path: Path) -> None:
    """The index of the folder around it may name any file there."""
    outer = Repository(tmp_path / "outer")
    for name in ("inner/a.txt", "beside.txt"):
        (outer.folder / name).parent.mkdir(exist_ok=True)
        (outer.folder / name).write_text("x\n")
    outer.git("add", ".")
    outer.git("commit", "-qm", "both")
    for name in ("inner/a.txt", "beside.txt"):
        (outer.folder / name).write_text(f"changed {name}\n")
    diff = await load_diff(outer.folder / "inner", staged=False)
    assert "+changed inner/a.txt" in diff and "beside" not in diff


async def test_a_folder_that_became_a_link_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    (repository.folder / "sub").mkdir()
    (repository.folder / "sub/a.txt").write_text("x\n")
    repository.git("add", ".")
    shutil.rmtree(repository.folder / "sub")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.txt").write_text("a private matter\n")
    (repository.folder / "sub").symlink_to(tmp_path / "outside")
    (repository.folder / "kept.txt").unlink()
    (repository.folder / "kept.txt").symlink_to(tmp_path / "outside/a.txt")
    assert "private" not in await every_question(repository.folder)


# -- what must still be answered


async def test_linked_worktrees_and_submodules_answer(tmp_path: Path) -> None:
    main = Repository(tmp_path / "main")
    main.git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked/kept.txt").write_text("in the linked tree\n")
    assert "+in the linked tree" in await load_diff(tmp_path / "linked", staged=False)
    outer = Repository(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(main.folder), "sub")
    (outer.folder / "sub/kept.txt").write_text("in the submodule\n")
    assert "+in the submodule" in await load_diff(outer.folder / "sub", staged=False)
    assert await load_recent_messages(outer.folder / "sub") == ["the first"]


async def test_packed_shallow_split_and_sparse_repositories_answer(tmp_path: Path) -> None:
    one = Repository(tmp_path / "one")
    one.git("commit", "-qm", "the second")
    one.git("gc", "-q")
    one.git("pack-refs", "--all")
    one.git("update-index", "--split-index")
    one.git("update-index", "--index-version", "4")
    assert "+three, in the tree" in await load_diff(one.folder, staged=False)
    assert await load_recent_messages(one.folder) == ["the second", "the first"]
    one.git("clone", "-q", "--depth=1", f"file://{one.folder}", str(tmp_path / "shallow"))
    assert await load_recent_messages(tmp_path / "shallow") == ["the second"]
    one.git("clone", "-q", "--shared", str(one.folder), str(tmp_path / "shared"))
    (tmp_path / "shared/kept.txt").write_text("shared\n")
    assert "+shared" in await load_diff(tmp_path / "shared", staged=False)
    one.git("sparse-checkout", "set", "--sparse-index", "nothing")
    assert "-two, staged" in await load_diff(one.folder, staged=False)


async def test_repositories_of_longer_names_answer(tmp_path: Path) -> None:
    made = Repository(tmp_path / "one", "--object-format=sha256")
    assert "+three, in the tree" in await load_diff(made.folder, staged=False)
    assert await load_recent_messages(made.folder) == ["the first"]


async def test_a_format_that_we_do_not_read_is_named(repository: Repository) -> None:
    (repository.folder / ".git/reftable").mkdir()
    with pytest.raises(HalleyError, match="reftable"):
        await load_diff(repository.folder)


async def test_line_endings_are_the_repositorys_and_an_unchanged_file_is_none(repository: Repository) -> None:
    (repository.folder / ".gitattributes").write_text("")
    repository.git("config", "core.autocrlf", "true")
    repository.git("checkout", "-q", "-f", "HEAD")
    (repository.folder / "kept.txt").write_bytes(b"one\r\n")
    assert "kept.txt" not in await load_diff(repository.folder, staged=False)


async def test_a_change_within_the_indexs_own_moment_is_seen(repository: Repository) -> None:
    """git compares by time: the copy of the index keeps the index's."""
    (repository.folder / "kept.txt").write_text("abc\n")
    repository.git("add", ".")
    repository.git("commit", "-qm", "now")
    moment = 1_700_000_000_000_000_000
    state = (repository.folder / "kept.txt").stat()
    os.utime(repository.folder / "kept.txt", ns=(moment, moment))
    repository.git("update-index", "--refresh")
    (repository.folder / "kept.txt").write_text("xyz\n")  # of the same size, and as old
    os.utime(repository.folder / "kept.txt", ns=(moment, moment))
    os.utime(repository.folder / ".git/index", ns=(moment, moment))
    assert state.st_size == 4
    repository.git("config", "core.trustctime", "false")
    assert "+xyz" in await load_diff(repository.folder, staged=False)


# -- bounds


async def test_names_of_any_bytes_are_whole(repository: Repository) -> None:
    hidden = ["a\tsecret.pem", "b\nsecret.pem", "c\u00a0secret.pem", 'd"secret.pem', " b/secret.pem", "é.pem"]
    for name in [*hidden, "shown\tb/x.txt", "--output=x", ":(top)y"]:
        path = repository.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {'hidden' if name in hidden else 'shown'}\n")
    repository.git("add", "--", ".")
    diff = await load_shown_diff(repository.folder, staged=True)
    assert diff.count("+content shown") == 3 and "content hidden" not in diff
    assert not (repository.folder / "x").exists()


async def test_a_secret_under_a_new_name_is_hidden(repository: Repository) -> None:
    text = "".join(f"line {n}\n" for n in range(50))
    (repository.folder / ".env").write_text(text)
    repository.git("add", ".")
    repository.git("commit", "-qm", "x")
    repository.git("mv", ".env", "plain.txt")
    (repository.folder / "plain.txt").write_text(text + "more\n")
    repository.git("add", ".")
    assert not await load_shown_diff(repository.folder, staged=True)


async def test_a_diff_is_read_within_bounds(repository: Repository) -> None:
    for n in range(8):
        (repository.folder / f"{n}.txt").write_text(f"{n} line\n" * 120_000)
    (repository.folder / "large.txt").write_text("large\n" * 1_000_000)
    repository.git("-c", "core.compression=0", "add", ".")
    diff = await load_diff(repository.folder, staged=True)
    assert MOST_BYTES * 0.9 < len(diff) <= MOST_BYTES
    assert "+large" not in await load_diff(
        repository.folder, staged=True, is_hidden=lambda name: name != "large.txt"
    )


@pytest.mark.parametrize(
    "where", [".git/index", ".git/config", ".git/HEAD", ".git/packed-refs", "kept.txt", ".git"]
)
async def test_pipes_do_not_hold_anything(where: str, repository: Repository) -> None:
    file = repository.folder / where
    shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
    os.mkfifo(file)
    await every_question(repository.folder)


async def test_time_and_output_are_bounded_for_all_that_a_program_starts(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = f"exec 3> '{pipe}'; echo up >&3; sleep 1000 & wait"
    with pytest.raises(TimeoutError):
        await run_bounded(
            ["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, most_bytes=10, limit_s=1
        )
    os.set_blocking(reader, True)
    assert await asyncio.to_thread(os.read, reader, 9) == b"up\n"
    assert await asyncio.to_thread(os.read, reader, 9) == b"", "it ends when no process holds the pipe"
    os.close(reader)
    endless = await run_bounded(
        ["/bin/sh", "-c", "yes >&2 & exec yes"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        most_bytes=1000,
        limit_s=10,
    )
    assert endless.is_cut and len(endless.output) == 1000


def test_only_absolute_folders_are_searched(tmp_path: Path) -> None:
    inside, fine = tmp_path / "in/bin", tmp_path / "fine"
    for folder in (inside, fine):
        folder.mkdir(parents=True)
        (folder / "tool").write_text("#!/bin/sh\n")
        (folder / "tool").chmod(0o755)
    environ = {"PATH": os.pathsep.join(["", ".", "bin", str(inside), str(fine)])}
    assert absolute_path((tmp_path / "in",), environ) == str(fine)
    assert find_program("tool", (tmp_path / "in",), environ) == str(fine / "tool")
    assert find_program("tool", (), environ) == str(inside / "tool")
    assert find_program("missing", (), environ) is None


async def test_commands_for_keys_come_from_absolute_folders(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(canary.program, tmp_path / "print-my-key")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(HalleyError, match="cannot be run"):
        await read_command(("print-my-key",), "mine")
    assert not canary.seen()


def test_the_working_folder_is_not_where_the_daemon_comes_from(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`halley ask` in a repository that brings a `halley` of its own."""
    (tmp_path / "halley").mkdir()
    planted = f"import os\nos.system({str(canary.program)!r})\n"
    for name in ("halley/__init__.py", "halley/__main__.py", "asyncio.py", "json.py"):
        (tmp_path / name).write_text(planted)
    monkeypatch.chdir(tmp_path)

    async def start() -> None:
        editor = await editor_of_the_command_line.start()
        editor.process.stdin.close()  # type: ignore[union-attr]
        await asyncio.wait_for(editor.process.wait(), 60)

    asyncio.run(start())
    assert not canary.seen()
