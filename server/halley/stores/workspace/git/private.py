"""A git directory of our own, for one question: our configuration, a copy of the index, the repository's objects.

Nothing of the repository's configuration reaches git but a handful of values that say how to compare files, each
checked here: with no filter, remote, hook or alias defined, there is nothing that git could start or call.
The user's own configuration is left out likewise, since a repository's attributes choose among its filters.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from halley.core.errors import InvalidInput
from halley.stores.disk.files import read_regular
from halley.stores.disk.making import create_file, make_private_folder
from halley.stores.workspace.git.repository import Repository, load_head

MOST_INDEX = 256 << 20
LARGEST_TEXT = 4 << 20
"""Bytes of a file past which git compares without loading it, as it does for binary files."""

_TRUTH = re.compile(r"true|false|yes|no|on|off|1|0", re.IGNORECASE)
COMPARING = {
    "core.autocrlf": re.compile(r"true|false|input", re.IGNORECASE),
    "core.eol": re.compile(r"lf|crlf|native", re.IGNORECASE),
    "core.checkstat": re.compile(r"default|minimal", re.IGNORECASE),
    "core.filemode": _TRUTH,
    "core.ignorecase": _TRUTH,
    "core.precomposeunicode": _TRUTH,
    "core.symlinks": _TRUTH,
    "core.trustctime": _TRUTH,
    "extensions.objectformat": re.compile(r"sha1|sha256"),
}
"""The only keys that are taken over, in lower case, and the values they may have."""

_OURS = f"""[core]
\trepositoryFormatVersion = {{version}}
\tbare = false
\tquotePath = false
\tfsmonitor = false
\tuntrackedCache = false
\tcommitGraph = false
\tsafecrlf = false
\tbigFileThreshold = {LARGEST_TEXT}
\thooksPath = {os.devnull}
\tattributesFile = {os.devnull}
\texcludesFile = {os.devnull}
[protocol]
\tallow = never
[diff]
\trenames = true
[gc]
\tauto = 0
"""


@dataclass(frozen=True, slots=True)
class PrivateGit:
    """Our git directory, and what git needs to find the rest."""

    folder: Path
    repository: Repository
    head: str | None
    """The last commit's name in hexadecimal."""

    @property
    def environ(self) -> dict[str, str]:
        """Variables that name what is fixed."""
        return {
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(self.repository.work_tree),
            "GIT_OBJECT_DIRECTORY": str(self.repository.common_dir / "objects"),
        }


@contextmanager
def private_git(repository: Repository) -> Iterator[PrivateGit]:
    """Blocks: reads HEAD and copies the index. `configure` is next."""
    head = load_head(repository)
    with tempfile.TemporaryDirectory(prefix="halley-git-") as name:
        folder = Path(name)
        for needed in ("objects", "refs"):
            make_private_folder(folder / needed)
        # A detached HEAD: a name would have to be looked up in the repository's own references.
        _write(folder / "HEAD", head + "\n" if head else "ref: refs/heads/none\n")
        _copy(repository.git_dir / "index", folder / "index")
        for shared in repository.git_dir.glob("sharedindex.*"):
            _copy(shared, folder / shared.name)
        _copy(repository.common_dir / "shallow", folder / "shallow")
        yield PrivateGit(folder, repository, head)


def configure(git: PrivateGit, values: dict[str, str]) -> None:
    """Writes our configuration. `values` are the user's and the repository's, from `comparing_values`."""
    # The repository's configuration is never included, not even by a path: whatever it names could run a program.
    lines = [_OURS.format(version=1 if "extensions.objectformat" in values else 0)]
    for key, value in values.items():
        section, _, name = key.partition(".")
        lines.append(f"[{section}]\n\t{name} = {value}\n")
    _write(git.folder / "config", "".join(lines))


def comparing_values(listed: bytes) -> dict[str, str]:
    """What `git config -z --list` says of the keys in `COMPARING`; the last of each counts."""
    found: dict[str, str] = {}
    for entry in listed.split(b"\0"):
        key, _, value = entry.decode("utf-8", "replace").partition("\n")
        allowed = COMPARING.get(key)
        # A list of what may pass, not of what may not: git gains keys that run programs or name files with every
        # version.
        if allowed and allowed.fullmatch(value):
            found[key] = value
    return found


def _write(path: Path, content: str | bytes) -> None:
    with os.fdopen(create_file(path), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def _copy(source: Path, target: Path) -> None:
    """With its time, by which git decides whether a file may have changed since the index was written."""
    try:
        _write(target, read_regular(source, MOST_INDEX))
        state = source.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidInput(
            f"{source} cannot be read: {error.strerror}.", "Look at it with `git status`."
        ) from None
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
