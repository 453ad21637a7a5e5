"""What has changed, file by file, each with its diff and its new text: the working tree, the index or commits.

As in `diff.py`, files are chosen by names listed with `-z`, and each is asked for alone: nothing is cut out of a text
by what looks like a name.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from halley.core.errors import InvalidInput
from halley.stores.disk.files import read_regular
from halley.stores.workspace.git.diff import (
    DIFF_FLAGS,
    ask_git,
    below,
    changed_names,
    empty_tree,
    opened,
)
from halley.stores.workspace.git.private import PrivateGit
from halley.stores.workspace.git.revisions import resolve_range
from halley.stores.workspace.git.running import MOST_LISTED

MOST_FILES = 300
MOST_DIFF = 1_000_000
MOST_TEXT = 2_000_000
"""Bytes of one file."""
_CONTEXT = "-U8"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ChangedFile:
    path: str
    """From the repository's root, with `/`."""
    diff: str
    text: str | None
    """As it is after the change; None where it is gone, no text, or too large."""


@dataclass(frozen=True, slots=True)
class Changes:
    root: Path
    """The repository's."""
    files: tuple[ChangedFile, ...]
    hidden: tuple[str, ...]
    """Paths left out: secret or excluded."""
    beyond: tuple[str, ...]
    """Paths beyond `MOST_FILES`."""
    unknown: tuple[str, ...]
    """New files that git does not track yet; only looked for in the working tree."""


async def load_changes(
    cwd: Path, range: str = "", *, staged: bool = False, is_hidden: Callable[[str], bool] = lambda _: False
) -> Changes:
    """The changes below `cwd`: of a range of commits, of what is staged, else of the working tree against HEAD.

    Raises InvalidInput when `cwd` is in no repository, the range names no commits, or git is missing or fails;
    BlockedByPolicy for a repository that points elsewhere.
    """
    async with opened(cwd) as git:
        what, new = await _compared(git, range, staged)
        inside = below(git.repository, cwd)
        arguments = ("diff", *DIFF_FLAGS, "--name-status", "-z", *what, "--", *inside)
        entries = list(changed_names(await ask_git(git, *arguments, most=MOST_LISTED)))
        shown = [names for names in entries if not any(map(is_hidden, map(os.fsdecode, names)))]
        files = await _load_files(git, what, new, shown[:MOST_FILES])
        return Changes(
            git.repository.work_tree,
            tuple(files),
            tuple(os.fsdecode(names[-1]) for names in entries if names not in shown),
            tuple(os.fsdecode(names[-1]) for names in shown[MOST_FILES:]),
            () if range or staged else await _untracked(git, inside, is_hidden),
        )


async def _compared(git: PrivateGit, range: str, staged: bool) -> tuple[tuple[str, ...], str | None]:
    """What `git diff` compares, and where the new texts are: before this and a colon (None: on disk)."""
    if range:
        old, new = await resolve_range(git, range)
        return (old, new), new
    head = git.head or await empty_tree(git)
    return (("--cached", head), "") if staged else ((head,), None)


async def _load_files(
    git: PrivateGit, what: Sequence[str], new: str | None, entries: Sequence[tuple[bytes, ...]]
) -> list[ChangedFile]:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def load(names: tuple[bytes, ...]) -> ChangedFile:
        async with turn:
            specs = [b":(top,literal)" + name for name in names]
            diff = await ask_git(git, "diff", *DIFF_FLAGS, _CONTEXT, *what, "--", *specs, most=MOST_DIFF)
            text = await _new_text(git, new, names[-1])
        return ChangedFile(os.fsdecode(names[-1]), diff.decode("utf-8", "replace"), text)

    tasks: list[asyncio.Task[ChangedFile]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(load(names)) for names in entries]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _new_text(git: PrivateGit, new: str | None, name: bytes) -> str | None:
    try:
        if new is None:
            file = git.repository.work_tree / os.fsdecode(name)
            raw = await asyncio.to_thread(partial(_regular, file, git.repository.work_tree))
        else:
            raw = await ask_git(git, "cat-file", "blob", new.encode() + b":" + name, most=MOST_TEXT + 1)
    except (InvalidInput, OSError):
        return None
    return None if len(raw) > MOST_TEXT or b"\0" in raw[:8192] else raw.decode("utf-8", "replace")


def _regular(file: Path, root: Path) -> bytes:
    if file.is_symlink():
        raise OSError(f"{file} is a link")
    return read_regular(file, MOST_TEXT, within=root)


async def _untracked(
    git: PrivateGit, inside: Sequence[str], is_hidden: Callable[[str], bool]
) -> tuple[str, ...]:
    arguments = ("ls-files", "--others", "--exclude-standard", "-z", "--", *inside)
    listed = await ask_git(git, *arguments, most=MOST_LISTED)
    names = map(os.fsdecode, listed.split(b"\0")[:-1])
    return tuple(name for name in names if not is_hidden(name))
