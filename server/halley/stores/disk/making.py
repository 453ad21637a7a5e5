"""The one place where files and folders are created: 0600 and 0700 under any umask, and never through a link.

    create_file(path)           a file that must not exist yet
    fresh_beside(target)        a file with a random name beside `target`, to take its place
    open_kept(path)             a file that stays: opened, or created where it is missing (locks, logs, vectors)
    check_kept(path)            the same for one that must not be opened here (databases)
    make_private_folder(path)   a folder, and the missing ones above it

A link planted under a name that can be guessed would make Halley write into another file of the user's. So new files
are created with O_EXCL, files that stay are opened with O_NOFOLLOW, and temporary names are random. What a file holds
is `files.py`'s.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from halley.core.errors import StoreFailed

PRIVATE = 0o600
BY_UMASK = 0o666
"""The mode of a file that is the user's own, such as a picture saved in a workspace: their umask decides."""

_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def create_file(path: Path, mode: int = PRIVATE, flags: int = os.O_RDWR) -> int:
    """A descriptor of a new, empty file. Raises OSError; FileExistsError also where a link is."""
    handle = os.open(path, flags | os.O_CREAT | os.O_EXCL | _PLAIN, mode)
    if mode == PRIVATE:
        _narrow(handle)
    return handle


@contextlib.contextmanager
def fresh_beside(target: Path, mode: int = PRIVATE) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside `target`, open for writing, and its path. Unless it was moved, it is removed at the end."""
    fresh = target.with_name(fresh_name(target.name))
    with os.fdopen(create_file(fresh, mode), "wb") as file:
        try:
            yield file, fresh
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink()


def fresh_name(name: str) -> str:
    """Hidden, and not to be guessed."""
    return f".{name[:150]}.{secrets.token_hex(8)}.new"


def left_over(target: Path) -> list[Path]:
    """Files of `fresh_beside` whose process was killed, and those of processes that write right now."""
    return sorted(target.parent.glob(f".{_literal(target.name[:150])}.*.new"))


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def open_kept(path: Path, flags: int = os.O_RDWR) -> int:
    """A descriptor of an ordinary file of ours, created where it is missing; others lose their rights to it.

    Raises OSError: ELOOP for a link, ENOTSUP for a pipe or device, EPERM for a file of another user or one that
    has a second name.
    """
    handle = os.open(path, flags | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | _PLAIN, PRIVATE)
    try:
        _check_ours(os.fstat(handle), path)
        _narrow(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def check_kept(path: Path) -> None:
    """As `open_kept` for a file that exists, without opening it. Raises OSError."""
    state = path.lstat()
    _check_ours(state, path)
    if os.name == "posix" and stat.S_IMODE(state.st_mode) != PRIVATE:
        path.chmod(PRIVATE)


def _check_ours(state: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.ENOTSUP, "it is not an ordinary file", str(path))
    if os.name == "posix" and state.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it belongs to another user", str(path))
    if os.name == "posix" and state.st_nlink > 1:
        raise OSError(errno.EPERM, "the file has a second name", str(path))


def _narrow(handle: int) -> None:
    """0600, which a umask such as 0777 would have reduced, and an older file may exceed."""
    if os.name == "posix" and stat.S_IMODE(os.fstat(handle).st_mode) != PRIVATE:
        os.fchmod(handle, PRIVATE)


def make_private_folder(folder: Path) -> Path:
    """Creates `folder`, and what is missing above it, with mode 0700; takes others' rights off one that exists.

    Raises StoreFailed, also for a folder that belongs to another user.
    """
    try:
        for missing in [f for f in (*reversed(folder.parents), folder) if not f.exists()]:
            _make(missing)
        state = folder.stat()
        if not stat.S_ISDIR(state.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        if os.name == "posix":
            refuse_foreign(folder, state)
            if stat.S_IMODE(state.st_mode) & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise store_failed(folder, error) from None
    return folder


def _make(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):  # another process was quicker
        folder.mkdir(mode=0o700)
        if os.name == "posix":
            folder.chmod(0o700)  # whatever the umask left of it


def refuse_foreign(folder: Path, state: os.stat_result) -> None:
    """Raises StoreFailed for a folder of another user, who could change what Halley keeps and reads there."""
    if os.name == "posix" and state.st_uid != os.geteuid():
        raise StoreFailed(
            f"{folder} belongs to another user (uid {state.st_uid}), so Halley does not use it.",
            "Run Halley as that user, or set HALLEY_HOME to a folder of your own.",
        )


def refuse_foreign_home(folders: Iterable[Path]) -> None:
    """Raises StoreFailed where one of them is another user's. Those that do not exist yet are fine."""
    for folder in folders:
        with contextlib.suppress(OSError):
            refuse_foreign(folder, folder.stat())


_NEXT_STEP = {
    errno.ENOSPC: "The disk is full: free some space.",
    errno.EDQUOT: "Your disk quota is used up: free some space.",
    errno.EROFS: "The file system is read-only: set HALLEY_HOME to another folder.",
    errno.EACCES: "Check who owns it and its permissions, or set HALLEY_HOME to another folder.",
    errno.EPERM: "Check who owns it and its permissions, or set HALLEY_HOME to another folder.",
    errno.ENOTDIR: "A file is where a folder should be: move it, or set HALLEY_HOME to another folder.",
    errno.EEXIST: "A file is where a folder should be: move it, or set HALLEY_HOME to another folder.",
    errno.ELOOP: "A link is where a file should be: remove the link, or choose another place.",
    errno.ENOTSUP: "Something else is where a file should be: move it, or choose another place.",
}


def store_failed(path: Path, error: OSError) -> StoreFailed:
    """The error as a user meets it: which file, why, and what to do."""
    why = error.strerror or type(error).__name__
    help = _NEXT_STEP.get(error.errno or 0, "Check the disk, or set HALLEY_HOME to another folder.")
    return StoreFailed(f"Halley cannot use {path}: {why}.", help)
