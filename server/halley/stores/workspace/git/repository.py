"""Which git repository a folder belongs to, found without git and without believing what the files say.

A `.git` that is a link, or a file that points elsewhere, could make another repository of the user's answer for a
stranger's folder. It is followed only where the other side points back: git writes both directions for linked
worktrees (gitrepository-layout(5), `worktrees/<id>/gitdir`) and for submodules (`core.worktree`).
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.stores.disk.environment import current_environ
from halley.stores.disk.files import read_regular
from halley.stores.workspace.ours import is_ours, own_folders

_MOST_REFS = 64 << 20
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Repository:
    """Absolute folders, links resolved."""

    work_tree: Path
    git_dir: Path
    """Holds HEAD and the index."""
    common_dir: Path
    """Holds objects, references and the configuration; the same as `git_dir` but for linked worktrees."""


def find_repository(folder: Path) -> Repository:
    """The innermost repository around `folder`; one above it only where it belongs to this user.

    Raises InvalidInput when there is none, BlockedByPolicy for one whose parts lie where they should not.
    """
    start = Path(os.path.realpath(folder))
    for work_tree in own_folders(start):
        entry = work_tree / ".git"
        if not os.path.lexists(entry) or not (work_tree == start or is_ours(entry)):
            continue
        git_dir = _follow(entry)
        if (git_dir / "HEAD").is_file():
            return _checked(Repository(work_tree, git_dir, _common_dir(git_dir)))
    raise InvalidInput("This folder is not in a git repository.", "Open one, or create one with `git init`.")


def _follow(entry: Path) -> Path:
    """The git directory that a `.git` is or names."""
    target = Path(os.path.realpath(entry))
    if target.is_file():
        target = Path(os.path.realpath(entry.parent / _named_folder(entry)))
    if target.is_relative_to(entry.parent) or _points_back(target, entry):
        return target
    raise BlockedByPolicy(
        f"{entry} points to {target}, which does not point back.",
        "Only worktrees and submodules may keep their repository elsewhere. Open the folder that holds it.",
    )


def _named_folder(entry: Path) -> str:
    text = _small(entry)
    if not text.startswith("gitdir: "):
        raise InvalidInput(f"{entry} is no git repository.", "Open a folder that git knows.")
    return text.removeprefix("gitdir: ").rstrip("\r\n")


def _points_back(git_dir: Path, entry: Path) -> bool:
    """Whether git itself tied this git directory to the folder of `entry`."""
    if git_dir.parent.name == "worktrees":
        return _is_same(git_dir / _small(git_dir / "gitdir").strip(), entry)
    if worktree := _core_worktree(_small(git_dir / "config")):
        return _is_same(git_dir / worktree, entry.parent)
    return False


def _core_worktree(config: str) -> str:
    """What `core.worktree` says in the form in which git itself writes it for a submodule."""
    section = re.search(r"^\[core\][ \t]*\n((?:(?!\[).*(?:\n|\Z))*)", config, re.MULTILINE)
    found = section and re.search(r"^[ \t]*worktree[ \t]*=[ \t]*(.*?)[ \t]*$", section[1], re.MULTILINE)
    value = found[1] if found else ""
    return value[1:-1] if value[:1] == value[-1:] == '"' else value


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _common_dir(git_dir: Path) -> Path:
    """Where a linked worktree's objects are: nowhere but two folders above it."""
    if not os.path.lexists(git_dir / "commondir"):
        return git_dir
    common = Path(os.path.realpath(git_dir / _small(git_dir / "commondir").strip()))
    if git_dir.parent.name != "worktrees" or common != git_dir.parent.parent:
        raise BlockedByPolicy(f"{git_dir} takes its objects from {common}.", "Open the repository itself.")
    return common


def _checked(repository: Repository) -> Repository:
    """Raises BlockedByPolicy where a part is a link out of it: it would answer with another repository."""
    for home, names in (
        (repository.git_dir, ("HEAD", "index")),
        (repository.common_dir, ("refs", "packed-refs", "config", "objects", "shallow")),
    ):
        for name in names:
            if not Path(os.path.realpath(home / name)).is_relative_to(home):
                raise BlockedByPolicy(f"{home / name} is a link to elsewhere.", "Open the repository itself.")
    return repository


def require_owner(repository: Repository, listed: bytes) -> None:
    """Raises BlockedByPolicy for a repository of another user that `safe.directory` does not name, as git does.

    `listed` is the user's configuration (`git config -z --list`).
    """
    if sys.platform == "win32" or _is_own(repository.git_dir):
        return
    safe: list[str] = []
    for entry in listed.decode("utf-8", "replace").split("\0"):
        key, _, value = entry.partition("\n")
        if key == "safe.directory":
            safe = [*safe, value] if value else []  # an empty one cancels those before it
    place = str(repository.work_tree)
    if not any(one in ("*", place) or (one.endswith("/*") and place.startswith(one[:-1])) for one in safe):
        raise BlockedByPolicy(
            f"The git repository {place} belongs to another user.",
            f"If you know it: `git config --global --add safe.directory {place}`.",
        )


def _is_own(folder: Path) -> bool:
    caller = current_environ().get("SUDO_UID", "")
    own = {os.getuid()} | ({int(caller)} if caller.isdigit() else set())
    return folder.stat().st_uid in own


def load_head(repository: Repository) -> str | None:
    """The last commit's name in hexadecimal; None before the first. Raises BlockedByPolicy, InvalidInput."""
    if (repository.common_dir / "reftable").exists():
        raise InvalidInput(
            f"{repository.work_tree} keeps its branches in a format (reftable) that Halley does not read.",
            "`git refs migrate --ref-format=files` changes it.",
        )
    value = _followed(repository, _small(repository.git_dir / "HEAD").strip())
    if value is None:
        return None
    if not _OBJECT.fullmatch(value):
        raise InvalidInput(
            f"HEAD of {repository.work_tree} names no commit.", "Look at it with `git status`."
        )
    return value


def load_reference(repository: Repository, name: str) -> str | None:
    """What a branch or tag (`refs/…`) names, in hexadecimal; None where there is none. Raises BlockedByPolicy."""
    found = _load_reference(repository, name)
    value = _followed(repository, found) if found else None
    return value if value and _OBJECT.fullmatch(value) else None


def _followed(repository: Repository, value: str) -> str | None:
    """A reference's value once all that name another are followed; None where one of them is not there."""
    for _ in range(_MOST_HOPS):
        if not value.startswith("ref:"):
            break
        found = _load_reference(repository, value.removeprefix("ref:").strip())
        if found is None:
            return None
        value = found
    return value


def _load_reference(repository: Repository, name: str) -> str | None:
    if not name.startswith("refs/") or ".." in name.split("/"):
        raise BlockedByPolicy(f"HEAD of {repository.work_tree} names {name!r}.", "It should name a branch.")
    loose = Path(os.path.realpath(repository.common_dir / name))
    if not loose.is_relative_to(repository.common_dir):
        raise BlockedByPolicy(f"The branch {name} is a link to elsewhere.", "Create it again with git.")
    return _small(loose).strip() or _packed_reference(repository, name)


def _packed_reference(repository: Repository, name: str) -> str | None:
    try:
        packed = read_regular(repository.common_dir / "packed-refs", _MOST_REFS)
    except OSError:
        return None
    found = re.search(rb"^([0-9a-f]{40,64}) " + re.escape(os.fsencode(name)) + rb"\r?$", packed, re.MULTILINE)
    return found[1].decode() if found else None


def _small(file: Path) -> str:
    """The text of one of git's own small files; empty when it is missing, or too large or odd for one."""
    try:
        return os.fsdecode(read_regular(file, 1 << 20))
    except (OSError, ValueError):
        return ""
