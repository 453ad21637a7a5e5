"""The life of the daemon's process: its loop, its signals, its parent, its end. Nothing of LSP.

Start at `run_to_the_end`. The process leaves with its exit code even where a thread hangs (a key store that waits for
D-Bus), and a server whose editor was killed does not linger.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from halley.lsp.last_resort import arm

QUIET_S = 1.0
"""After the start, until there is time for what a start does without."""
POLL_S = 2.0
"""How often a parent is looked for where the system does not tell of its end."""


def run_to_the_end(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Runs `main` on a loop of its own; its result. Exits the process immediately if threads are still busy then."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        code = loop.run_until_complete(main())
        _cancel_rest(loop)
    finally:
        loop.close()
    if any(t is not threading.current_thread() and not t.daemon for t in threading.enumerate()):
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)  # the interpreter would wait for those threads
    return code


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.wait(rest, timeout=1.0))
    loop.run_until_complete(loop.shutdown_asyncgens())


@contextlib.contextmanager
def end_on_signals(end: Callable[[], None]) -> Any:
    """SIGTERM, SIGINT and SIGHUP end the work in order, even while the loop sleeps; and the process at last, even if
    something holds the interpreter."""
    loop = asyncio.get_running_loop()
    names = [n for n in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, n)]
    for name in names:
        number = getattr(signal, name)
        try:
            loop.add_signal_handler(number, end)
        except (NotImplementedError, RuntimeError):  # Windows, or not the main thread
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
    armed: list[Callable[[], None]] = []
    timer = loop.call_later(QUIET_S, lambda: armed.append(arm(getattr(signal, name) for name in names)))
    try:
        yield
    finally:
        timer.cancel()
        for disarm in armed:
            disarm()
        for name in names:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(getattr(signal, name))


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
    while first is not None and started() == first:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(POLL_S)
    return True
