"""The end of the process that started us: a server whose editor was killed must not linger."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

POLL_S = 2.0
"""How often a parent is looked for where the system does not tell of its end."""


async def watch_process(pid: int, on_gone: Callable[[], None]) -> None:
    """Calls `on_gone` once the process ends. Run it as a task.

    Where the kernel can tell (pidfd), it is asked; otherwise the process is looked for every `POLL_S` seconds, and
    one that has the number but another start time is another process. A process that cannot be seen because it is
    outside of our container is left alone: the end of the input has to do.
    """
    if pid <= 0 or (os.name == "posix" and os.getppid() == 0):
        return
    try:
        ended = await _wait_pidfd(pid)
    except (AttributeError, OSError):
        ended = await _poll_process(pid)
    if ended:
        on_gone()


async def _wait_pidfd(pid: int) -> bool:
    """Waits in the kernel. Raises OSError or AttributeError where that cannot be."""
    try:
        fd: int = getattr(os, "pidfd_open")(pid)  # noqa: B009 - only Linux has it
    except ProcessLookupError:
        return True
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(fd, gone.set)
        await gone.wait()
        return True
    finally:
        loop.remove_reader(fd)
        os.close(fd)


async def _poll_process(pid: int) -> bool:
    import psutil

    def started() -> Any:
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        except psutil.AccessDenied:
            return "hidden"
        except psutil.NoSuchProcess:
            return None

    first = started()
    while first is not None and started() == first:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(POLL_S)
    return True
