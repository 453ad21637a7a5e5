"""Files as Halley keeps them: private, whole, and changed by one process at a time.

`save_private` replaces a file in one step, so that a reader or a crash meets the old content or the new, never
half of either. `locked` keeps two processes from losing each other's changes. `read_regular`
is for files of others: it never waits on a pipe, never reads without a bound. How files are created is
`making.py`'s.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from halley.core.errors import StoreFailed
from halley.stores.disk.looking import forget_looks
from halley.stores.disk.making import fresh_beside, left_over, make_private_folder, open_kept, store_failed

LOCK_TIMEOUT_S = 10.0


def save_private(path: Path, content: bytes | str) -> None:
    """Writes all of `content` or nothing; the file is 0600, its folder is made where it is missing.

    A symbolic link is followed, so that a configuration kept in a dotfiles repository stays a link.
    Raises StoreFailed when the disk refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        make_private_folder(target.parent)
    try:
        _replace(target, data)
    except OSError as error:
        raise store_failed(path, error) from None


def _replace(target: Path, data: bytes) -> None:
    with fresh_beside(target) as (file, fresh):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        file.close()  # Windows moves no file that is open
        fresh.replace(target)
    forget_looks()


@contextlib.contextmanager
def locked(path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Holds `path` (by a `.lock` file beside it) against other processes and threads.

    Raises StoreFailed when another process holds it for longer than `timeout_s`.
    """
    handle = open_lock(path)
    try:
        wait_for_lock(handle, path, timeout_s)
        yield
    finally:
        os.close(handle)  # which also releases the lock


def open_lock(path: Path) -> int:
    """The `.lock` file of `path`, for `wait_for_lock` and `release_lock`. Raises StoreFailed."""
    make_private_folder(path.parent)
    lock = _lock_of(path)
    try:
        return open_kept(lock)
    except OSError as error:
        raise store_failed(lock, error) from None


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def wait_for_lock(handle: int, path: Path, timeout_s: float) -> None:
    """Raises StoreFailed when another process holds it for longer than `timeout_s`."""
    if _try_lock(handle):
        return
    give_up = time.monotonic() + timeout_s
    pause = 0.001
    while not _try_lock(handle):
        if time.monotonic() >= give_up:
            raise StoreFailed(
                f"Another Halley process has held {_lock_of(path)} for {timeout_s:g} seconds.",
                "Stop the process that hangs, then try again.",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def release_lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                raise
            return False
        return True

    def release_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def load_json(path: Path, max_bytes: int = 16 << 20) -> dict[str, Any]:
    """The object in a file that can be made again; empty when it is missing, and when it is not what we wrote.

    What cannot be recreated is in files of `state.py`, which keeps the two apart.
    """
    try:
        value = json.loads(read_regular(path, max_bytes))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def clean_up(path: Path) -> None:
    """Removes what a killed process left of its `update_state`: unfinished copies, with keys in them maybe."""
    with contextlib.suppress(StoreFailed):
        if left_over(Path(os.path.realpath(path))):
            with locked(path):
                remove_left_over(path)


def remove_left_over(path: Path) -> None:
    """Under the lock, so that no process is writing one."""
    for file in left_over(Path(os.path.realpath(path))):
        with contextlib.suppress(OSError):
            file.unlink()


def read_regular(path: Path, max_bytes: int, within: Path | None = None) -> bytes:
    """The bytes of an ordinary file.

    Raises OSError: also ENOTSUP for pipes, devices and folders, EFBIG past `max_bytes`, EINVAL for what can be no
    name, and ELOOP for a file that turns out not to lie `within` a folder. What a path leads to may change between a
    look at it and its opening, so it is the open file that is asked.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # NUL, half a character
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), repr(path)) from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.ENOTSUP, "not an ordinary file", str(path))
        if within is not None and not _true_path(handle, path).is_relative_to(os.path.realpath(within)):
            raise OSError(errno.ELOOP, "leads out of its folder", str(path))
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes:,} bytes", str(path))
    return data


def _true_path(handle: int, path: Path) -> Path:
    """Where an open file really lies; where the system does not say, where its path leads now."""
    if sys.platform == "linux":
        return Path(f"/proc/self/fd/{handle}").readlink()
    if sys.platform == "darwin":
        return Path(os.fsdecode(fcntl.fcntl(handle, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
    return Path(os.path.realpath(path))
