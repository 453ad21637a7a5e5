"""The process that an editor starts with `halley serve --shared`: it hands the editor's pipes to the user's daemon.

Start at `join`. It checks who listens before it says anything: the folder, the socket and the process there must be
this user's, and its code the same as ours. Then the daemon gets the environment, the working folder, the arguments, and
stdin, stdout and stderr themselves, so that nothing of what is said later passes through here. This process remains for
the editor to watch and to end: it ends when its session does, with the session's exit code.

Where anything is odd, nothing was read from the editor yet, and the caller serves it in this process.
"""

from __future__ import annotations

import _signal  # pyright: ignore[reportMissingImports]  # what `signal` dresses in enums, which take longer
import os
import sys
from _socket import AF_UNIX, SHUT_WR, SOCK_STREAM, socket

from halley.joining.place import DaemonPlace, Odd, Silent, check_folder, check_peer, check_socket, find_place
from halley.joining.starting import start
from halley.joining.words import BUSY, ENDED, RETIRE, SESSION, WELCOME, receive, send, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS_WITHIN_S = 5.0
"""A daemon that takes longer is held up, and its sessions would be too. Not less: where the machine is busy, a process
of its own would take longer still."""
LEAVES_WITHIN_S = 5
"""After a signal: a daemon that is still importing ends the session a little later."""
ATTEMPTS = 3
"""A daemon may be just ending, or be of another version."""


def join(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int | None:
    """The exit code of the session in the shared daemon; None where this editor needs a process of its own, or the
    arguments are not as simple as `read_arguments` takes them."""
    options = read_arguments(arguments)
    if options is None:
        return None
    try:
        connection = find_daemon(find_place(environ))
        end_on_signals(connection)
        hand_over(connection, options, environ)
    except (Odd, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        sys.stderr.write(f"halley: the shared daemon is not used: {said}\n")
        return None
    return wait(connection)


def find_daemon(place: DaemonPlace) -> socket:
    """A connection to a daemon of our version, started if need be. Raises Odd."""
    ours = stamp()
    for _ in range(ATTEMPTS):
        connection = connect(place) or start(place, connect)
        theirs = welcome(connection, place)
        if theirs == ours:
            return connection
        if theirs is not None:  # it keeps its sessions, and takes no more
            send(connection, [RETIRE])
            receive(connection)
        connection.close()
    raise Odd("no daemon of this version stays")


def connect(place: DaemonPlace) -> socket | None:
    """A connection to the process that listens there, if it is this user's; None where there is none. Raises Odd."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        check_folder(place.folder)
        check_socket(place.socket)
        connection.settimeout(ANSWERS_WITHIN_S)
        connection.connect(place.socket)
        check_peer(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def welcome(connection: socket, place: DaemonPlace) -> bytes | None:
    """The stamp of the daemon there; None where it is just ending. Raises Odd where it is another's."""
    try:
        said = receive(connection)
    except TimeoutError:
        raise Silent("the daemon does not answer") from None
    except ConnectionError:
        return None
    if said is None:
        return None
    if said == [BUSY]:
        raise Silent("the daemon does not answer")
    if len(said) != 3 or said[0] != WELCOME or said[1] != place.identity:
        raise Odd("what listens there is no daemon for this home")
    return said[2]


def read_arguments(arguments: list[str]) -> tuple[str, str] | None:
    """The log file (or empty) and the log level of `halley serve`'s arguments; None where there are others."""
    found = {"--log-file": "", "--log-level": "info"}
    left = [argument for argument in arguments if argument not in ("--shared", "--stdio")]
    while left:
        name, equals, value = left.pop(0).partition("=")
        if name not in found or not (equals or left):
            return None
        found[name] = value if equals else left.pop(0)
    if found["--log-level"] not in ("debug", "info", "warning", "error"):
        return None
    return found["--log-file"], found["--log-level"]


def end_on_signals(connection: socket) -> None:
    """SIGTERM, SIGINT and SIGHUP end the session in order, and this process at last."""

    def end(*_: object) -> None:
        connection.shutdown(SHUT_WR)  # the daemon ends the session, and says so
        _signal.alarm(LEAVES_WITHIN_S)

    _signal.signal(_signal.SIGALRM, lambda *_: os._exit(0))
    for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
        _signal.signal(number, end)


def hand_over(connection: socket, options: tuple[str, str], environ: Mapping[str, str]) -> None:
    """Raises OSError."""
    told = [SESSION, *map(os.fsencode, (os.getcwd(), *options))]  # noqa: PTH109 - no pathlib
    told += [os.fsencode(f"{name}={value}") for name, value in environ.items()]
    send(connection, told, (0, 1, 2))


def wait(connection: socket) -> int:
    """Until the session ends; its exit code. 1 where the daemon is gone: the editor starts us again."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # from now on only the daemon has the editor's pipes
    connection.settimeout(None)
    try:
        said = receive(connection)
    except (OSError, ValueError):
        said = None
    return int(said[1]) if said and said[0] == ENDED else 1
