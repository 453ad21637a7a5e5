"""The questions to git: what has changed, and what the last messages were. `load_diff` is the way in.

Files are chosen by the names that git lists with `-z`, where every byte is as it is, before their diff is asked for:
nothing is ever cut out of a text by what looks like a name.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from halley.core.errors import InvalidInput
from halley.stores.disk.files import read_regular
from halley.stores.workspace.git.private import PrivateGit, comparing_values, configure, private_git
from halley.stores.workspace.git.repository import Repository, find_repository, require_owner
from halley.stores.workspace.git.running import MOST_LISTED, list_config, run_git

MOST_BYTES = 2_000_000
MOST_CONFIG = 4 << 20
_MOST_ARGUMENTS = 24_000
"""Bytes of file names in one call: Windows takes 32,767 characters for everything."""
DIFF_FLAGS = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--ignore-submodules=all",
    "--find-renames", "-l1000",
)  # fmt: skip


async def load_diff(
    cwd: Path, *, staged: bool = True, is_hidden: Callable[[str], bool] = lambda _: False
) -> str:
    """The diff of what is staged, or of the working tree below `cwd` against HEAD (before the first commit: nothing).

    A file is left out when `is_hidden(its path)`, from the repository's root, under its new name or its old.
    At most 2 MB. Raises InvalidInput when `cwd` is in no repository, or git is missing or fails; BlockedByPolicy for a
    repository that points elsewhere.
    """
    async with opened(cwd) as git:
        what = ("--cached",) if staged else (git.head or await empty_tree(git),)
        inside = () if staged else below(git.repository, cwd)
        listed = await ask_git(
            git, "diff", *DIFF_FLAGS, "--name-status", "-z", *what, "--", *inside, most=MOST_LISTED
        )
        shown = [
            name
            for names in changed_names(listed)
            if not any(map(is_hidden, map(os.fsdecode, names)))
            for name in names
        ]
        diffs: list[bytes] = []
        for names in _batches(shown):
            left = MOST_BYTES - sum(map(len, diffs))
            if left <= 0:
                break
            diffs.append(await ask_git(git, "diff", *DIFF_FLAGS, *what, "--", *names, most=left))
    return b"".join(diffs).decode("utf-8", "replace")


async def load_recent_messages(cwd: Path, count: int = 8) -> list[str]:
    """First lines of the last commits, newest first; empty in a repository without any."""
    async with opened(cwd) as git:
        if git.head is None:
            return []
        try:
            said = await ask_git(
                git,
                "log",
                f"-{count}",
                "--no-color",
                "--no-mailmap",
                "--no-show-signature",
                "--format=%s",
                most=MOST_BYTES,
            )
        except InvalidInput:  # an object is missing: a message can be written without a model to follow
            return []
    return said.decode("utf-8", "replace").splitlines()


@asynccontextmanager
async def opened(cwd: Path) -> AsyncIterator[PrivateGit]:
    """The repository around `cwd`, ready to be asked. Raises InvalidInput, BlockedByPolicy."""
    repository = await asyncio.to_thread(find_repository, cwd)
    opening = private_git(repository)
    git = await asyncio.to_thread(opening.__enter__)
    try:
        of_user = await list_config(None, git.folder, repository.work_tree)
        require_owner(repository, of_user)
        content = await asyncio.to_thread(_config_of, repository)
        its = await list_config(content, git.folder, repository.work_tree)
        configure(git, comparing_values(of_user) | comparing_values(its))
        yield git
    finally:
        await asyncio.to_thread(opening.__exit__, None, None, None)


def _config_of(repository: Repository) -> bytes:
    try:
        return read_regular(repository.common_dir / "config", MOST_CONFIG)
    except OSError:
        return b""


async def empty_tree(git: PrivateGit) -> str:
    """Its name, which depends on the repository's hash."""
    return (await ask_git(git, "hash-object", "-t", "tree", "--stdin", most=100)).decode().strip()


async def ask_git(git: PrivateGit, *arguments: str | bytes, most: int) -> bytes:
    """What git prints, at most so many bytes. Raises InvalidInput when it fails."""
    ran = await run_git(git.folder, git.repository.work_tree, *arguments, env=git.environ, most_bytes=most)
    return ran.output


def below(repository: Repository, cwd: Path) -> tuple[str, ...]:
    """The pathspec of the workspace in a larger repository: files beside it are none of its business."""
    inner = Path(os.path.realpath(cwd)).relative_to(repository.work_tree).as_posix()
    return () if inner == "." else (f":(top,literal){inner}",)


def changed_names(listed: bytes) -> Iterator[tuple[bytes, ...]]:
    """The names of each entry of `--name-status -z`: two for a rename or a copy. What was cut off is no entry."""
    fields = iter(listed.split(b"\0")[:-1])
    for status in fields:
        count = 2 if status[:1] in (b"R", b"C") else 1
        names = tuple(name for _, name in zip(range(count), fields, strict=False))
        if len(names) == count:
            yield names


def _batches(names: list[bytes]) -> Iterator[list[bytes]]:
    """Pathspecs that name exactly these files, as many at a time as fit on a command line."""
    batch: list[bytes] = []
    size = 0
    for name in names:
        spec = b":(top,literal)" + name
        if batch and size + len(spec) > _MOST_ARGUMENTS:
            yield batch
            batch, size = [], 0
        batch.append(spec)
        size += len(spec) + 3
    if batch:
        yield batch
