"""The file of a unix socket: for this user alone, taken over from a daemon that was killed, removed only if it is ours.

What is said over the socket is `base/channel.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def listening(path: str, make_protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[None]:
    """Listens at `path`, with one protocol for each client, until the block ends.

    Raises FileExistsError when another daemon answers there, NotImplementedError where there are no unix sockets.
    """
    listener = await _listen(path, make_protocol)
    ours = _identity(path)
    try:
        yield
    finally:
        listener.close()
        if ours is not None and _identity(path) == ours:  # else another daemon listens there by now
            with contextlib.suppress(OSError):
                Path(path).unlink()


async def _listen(path: str, make_protocol: Callable[[], asyncio.Protocol]) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()
    if not hasattr(loop, "create_unix_server") or sys.platform == "win32":
        raise NotImplementedError("unix sockets")
    await _clear_stale_socket(path)
    ours = _listening_socket(path)
    try:
        return await loop.create_unix_server(make_protocol, sock=ours)
    except BaseException:
        ours.close()
        raise


def _listening_socket(path: str) -> socket.socket:
    """A socket whose file appears at `path` when it listens, and not before.

    Between `bind` and `listen` a client would be refused, and a second daemon would take the file for one that was
    left there by a killed daemon, and remove it. So the file is made beside it and linked: `link` refuses where another
    daemon was quicker, unlike `rename`.
    """
    made = Path(path).with_name(f".{os.getpid()}")  # short: the system takes about 100 bytes
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # `chmod` after `bind` would leave a moment in which others may connect.
    mask = os.umask(0o177)
    try:
        listening.bind(str(made))
        listening.listen(100)
        _publish(made, path)
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(mask)
        made.unlink(missing_ok=True)
    return listening


def _publish(made: Path, path: str) -> None:
    try:
        os.link(made, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # no hard links there (Android refuses them)
        made.rename(path)


async def _clear_stale_socket(path: str) -> None:
    """Removes what a daemon that was killed left there, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(path)
    except FileNotFoundError:
        return
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        Path(path).unlink()
        return
    writer.close()
    raise FileExistsError(path)


def _identity(path: str) -> tuple[int, int, int] | None:
    """Which file it is. With the time, since an inode's number is soon given to the next file."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_ctime_ns
