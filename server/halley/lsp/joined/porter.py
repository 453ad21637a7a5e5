"""Who comes in: connections to the shared daemon's socket, until each is an `Arrival` on the loop.

It works in threads, because it is open before the loop is: while the first session's imports run, an `initialize` is
answered here (`lsp/base/front.py`), for every editor that started at the same time. Later it asks the loop before it
welcomes anyone, so that a daemon that is held up gets no new sessions.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from halley.joining.place import DaemonPlace, Odd, check_peer
from halley.joining.words import ABOUT, BUSY, MOST_BYTES, RETIRE, SESSION, WELCOME, pack, stamp, unpack
from halley.lsp.base.front import Opening, open_conversation
from halley.version import __version__

PATIENCE_S = 2.0
"""For each thing that another waits for: what a client says, the editor's first words."""
TURNS_WITHIN_S = 4.0
"""The loop; less than a client waits (`joining/join.py`), so that it hears of it."""

Identity = tuple[int, int, int]


@dataclass(slots=True, eq=False)
class Arrival:
    """An editor that was handed over."""

    connection: socket.socket
    """To the process that the editor started. It ends with the session, and the session with it."""
    stdin: int
    stdout: int
    stderr: int
    folder: str
    """That process's working folder."""
    log_file: str
    log_level: str
    environ: dict[str, str] = field(repr=False)
    opening: Opening = field(default_factory=Opening)

    def take_pipes(self) -> tuple[int, int]:
        """stdin and stdout, which are the caller's to close from now on."""
        pipes = self.stdin, self.stdout
        self.stdin = self.stdout = -1
        return pipes

    def close(self) -> None:
        """Lets go of the process, and of what is left of the editor's pipes."""
        self.connection.close()
        for descriptor in (self.stdin, self.stdout, self.stderr):
            if descriptor >= 0:
                os.close(descriptor)


class Porter:
    """At the door from `open` on."""

    def __init__(self, listener: socket.socket, place: DaemonPlace) -> None:
        self._listener, self._place = listener, place
        self._ours = _identity(place.socket)
        self._stamp = stamp()  # of the code that runs here: an update may put other files in its place
        self._loop: asyncio.AbstractEventLoop | None = None
        self._take: Callable[[Arrival], None] | None = None
        self._on_retire: Callable[[], None] = lambda: None
        self._sessions: Callable[[], int] = lambda: 0
        self._waiting: list[Arrival] = []
        self._lock = threading.Lock()
        self._is_retired = False
        self.entering = 0
        """Who has connected and is not a session yet."""

    def open(self) -> None:
        threading.Thread(target=self._accept, name="halley-porter", daemon=True).start()

    def let_in(
        self, take: Callable[[Arrival], None], sessions: Callable[[], int], on_retire: Callable[[], None]
    ) -> None:
        """The running loop takes arrivals from now on, those first that wait. `sessions` is how many it has."""
        with contextlib.suppress(OSError):
            if not self._is_retired:  # else the mark is that of the next daemon
                os.unlink(self._place.starting)  # noqa: PTH108
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._take, self._sessions, self._on_retire = take, sessions, on_retire
            waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            take(arrival)
        if self._is_retired:
            on_retire()

    def take_down_sign(self) -> None:
        """No one finds this daemon from now on; another may listen at the same path. Who has connected is served."""
        if self._ours is not None and _identity(self._place.socket) == self._ours:
            with contextlib.suppress(OSError):
                os.unlink(self._place.socket)  # noqa: PTH108
        self._ours = None

    # -- in threads

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.entering += 1
            threading.Thread(target=self._meet, args=(connection,), name="halley-meet", daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        """From the connection to the arrival. Whatever goes wrong closes it: the other side then helps itself."""
        is_taken = False
        try:
            connection.settimeout(PATIENCE_S)
            check_peer(connection)
            if self._is_responsive():
                connection.sendall(pack([WELCOME, self._place.identity, self._stamp]))
                is_taken = self._hear(connection)
            else:
                connection.sendall(pack([BUSY]))
        except (Odd, OSError, ValueError):
            pass
        finally:
            if not is_taken:
                connection.close()
            with self._lock:
                self.entering -= 1

    def _is_responsive(self) -> bool:
        """Whether the loop turns, or is not there yet."""
        if self._loop is None:
            return True
        turned = threading.Event()
        self._loop.call_soon_threadsafe(turned.set)
        return turned.wait(TURNS_WITHIN_S)

    def _hear(self, connection: socket.socket) -> bool:
        """Whether the connection is a session now."""
        said, descriptors = _receive(connection)
        if said[0] == SESSION and len(said) >= 4 and len(descriptors) == 3:
            self._arrive(_arrival(connection, said, descriptors))
            return True
        for descriptor in descriptors:
            os.close(descriptor)
        if said[0] == RETIRE:
            self._retire()
            connection.sendall(pack([RETIRE]))
        elif said[0] == ABOUT:
            sessions = self._sessions() + len(self._waiting) + self.entering - 1
            connection.sendall(pack([__version__.encode(), b"%d" % os.getpid(), b"%d" % sessions]))
        return False

    def _retire(self) -> None:
        self.take_down_sign()
        with self._lock:
            before, self._is_retired = self._is_retired, True
            loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._on_retire)
        elif not before:
            with contextlib.suppress(OSError):  # it is starting, and must not count as one that could not
                os.unlink(self._place.starting)  # noqa: PTH108

    def _arrive(self, arrival: Arrival) -> None:
        if self._loop is None:
            _answer_first(arrival)
        with self._lock:
            take, loop = self._take, self._loop
            if take is None or loop is None:
                self._waiting.append(arrival)
                return
        loop.call_soon_threadsafe(take, arrival)


def _answer_first(arrival: Arrival) -> None:
    """Answers `initialize` before there is a loop, if the editor says it soon."""
    os.set_blocking(arrival.stdin, True)
    os.set_blocking(arrival.stdout, True)
    poll = select.poll()
    poll.register(arrival.stdin, select.POLLIN)
    with contextlib.suppress(OSError):
        arrival.opening = open_conversation(
            arrival.stdin, arrival.stdout, lambda: bool(poll.poll(PATIENCE_S * 1000))
        )


def _arrival(connection: socket.socket, said: list[bytes], descriptors: list[int]) -> Arrival:
    connection.setblocking(False)
    folder, log_file, log_level = map(os.fsdecode, said[1:4])
    pairs = (os.fsdecode(item).partition("=") for item in said[4:])
    environ = {name: value for name, _, value in pairs}
    stdin, stdout, stderr = descriptors
    return Arrival(connection, stdin, stdout, stderr, folder, log_file, log_level, environ)


def _receive(connection: socket.socket) -> tuple[list[bytes], list[int]]:
    """A message and the descriptors sent with it. Raises OSError, ValueError."""
    data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    try:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4]):
            piece = connection.recv(1 << 20)
            if not piece or len(data) + len(piece) > MOST_BYTES:
                raise ValueError("a cut message")
            data += piece
        return unpack(data[4:]) or [b""], descriptors
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def _identity(path: str) -> Identity | None:
    """Which file it is. With the time, since an inode's number is soon given to the next file."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_ctime_ns
