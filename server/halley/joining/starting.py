"""Starting the daemon: one, however many editors start at the same time.

The process that holds the lock makes the listening socket and hands it to the new process. So the socket answers from
then on (connections wait in its queue until the daemon is there), the lock is held for milliseconds, and a daemon that
cannot start closes the socket by ending, which every waiting editor notices.
"""

from __future__ import annotations

import os
import sys
import time
from _socket import AF_UNIX, SOCK_STREAM, socket

from halley.joining.place import SOURCE, DaemonPlace, Odd, check_socket, make_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 3.0
"""For the lock, which is held for milliseconds."""
MOST_CRASHES, WITHIN_S = 2, 180.0
"""A daemon that dies for what one editor does dies again when that editor is back: the third time within three minutes
each gets a process of its own, and only that editor's dies."""
LISTENER = 3
"""The descriptor that the daemon finds its socket at."""
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_MAIN = """\
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])  # before another installation: the daemon is to be of the code that starts it
from halley.lsp.joined.daemon import main
main()
"""


def start(place: DaemonPlace, connect: Callable[[DaemonPlace], socket | None]) -> socket:
    """A connection to the daemon, which is started unless another process has done it meanwhile. Raises Odd."""
    import fcntl

    make_folder(place.folder)
    try:
        lock = os.open(place.lock, _FLAGS, 0o600)
    except OSError as error:
        raise Odd(f"{place.lock} cannot be opened: {error.strerror}") from None
    try:
        _wait_for(lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB))
        connection = connect(place)
        if connection is None:
            _start(place)
            connection = connect(place)
    finally:
        os.close(lock)
    if connection is None:
        raise Odd("the daemon that was started does not listen")
    return connection


def _wait_for(take: Callable[[], None]) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return take()
        except OSError:
            if time.monotonic() > until:
                raise Odd("another start holds the lock") from None
        time.sleep(0.005)


def _start(place: DaemonPlace) -> None:
    """Makes the socket, and a process that serves it. Call it under the lock."""
    try:
        check_socket(place.socket)
        os.unlink(place.socket)  # noqa: PTH108 - no pathlib; left behind by a daemon that was killed
        has_crashed = True
    except FileNotFoundError:
        has_crashed = False
    _count_crashes(place, has_crashed)
    _mark(place)
    listener = socket(AF_UNIX, SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(place.socket)
        listener.listen(128)
    except OSError as error:
        raise Odd(f"{place.socket} cannot be made: {error.strerror}") from None
    finally:
        os.umask(before)
    _spawn(place, listener.fileno())
    listener.close()


def _count_crashes(place: DaemonPlace, has_crashed: bool) -> None:
    """Raises Odd where there were too many."""
    now = time.time()
    file = os.open(place.crashes, _FLAGS, 0o600)
    try:
        noted = [float(line) for line in os.read(file, 4096).split() if line.replace(b".", b"").isdigit()]
        recent = [at for at in noted if 0 <= now - at <= WITHIN_S] + [now] * has_crashed
        os.ftruncate(file, 0)
        os.pwrite(file, "".join(f"{at:.3f}\n" for at in recent).encode(), 0)
    finally:
        os.close(file)
    if len(recent) > MOST_CRASHES:
        raise Odd(f"it has crashed {len(recent)} times within three minutes: see {place.log}")


def _mark(place: DaemonPlace) -> None:
    """A daemon that could not start has failed the editors that came; the next one is not sent after it."""
    try:
        os.close(os.open(place.starting, _FLAGS | os.O_EXCL, 0o600))
    except FileExistsError:
        os.unlink(place.starting)  # noqa: PTH108 - no pathlib; the one after that tries again
        raise Odd(f"the last daemon did not start: see {place.log}") from None


def _spawn(place: DaemonPlace, listener: int) -> None:
    """A process that is no child of ours, in a session of its own: what ends this editor's processes must not end the
    others' daemon."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _become_daemon(place, listener)
    finally:
        os._exit(0)


def _become_daemon(place: DaemonPlace, listener: int) -> None:
    log = os.open(place.log, _FLAGS | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDWR)
    if listener != LISTENER:
        os.dup2(listener, LISTENER)
    os.set_inheritable(LISTENER, True)
    for standard, target in enumerate((null, log, log)):
        os.dup2(target, standard)
    os.closerange(LISTENER + 1, 1024)  # what the editor let us inherit
    os.chdir("/")
    environ = {"PATH": os.defpath, **place.environ}
    # Without PYTHON* and the working folder: neither may add modules to the process that holds all sessions' keys.
    options = ("-E", "-P", "-X", "utf8")
    os.execve(sys.executable, (sys.executable, *options, "-c", _MAIN, SOURCE), environ)
