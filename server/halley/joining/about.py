"""Asking the shared daemon about itself, for `halley doctor`. It is never started for that."""

from __future__ import annotations

import os

from halley.joining.join import connect, welcome
from halley.joining.place import Odd, find_place
from halley.joining.words import ABOUT, receive, send, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class About:
    """A running daemon. `is_ours`: it is of the version that asks."""

    __slots__ = ("is_ours", "pid", "sessions", "version")

    def __init__(self, version: str, pid: int, sessions: int, is_ours: bool) -> None:
        self.version, self.pid, self.sessions, self.is_ours = version, pid, sessions, is_ours


def ask(environ: Mapping[str, str] = os.environ) -> About | None:
    """The daemon that an editor with this environment would join; None where none runs.

    Raises Odd where it could not be joined. It waits for a daemon that does not answer, so call it in a thread.
    """
    place = find_place(environ)
    try:
        connection = connect(place)
        if connection is None:
            return None
        theirs = welcome(connection, place)
        if theirs is None:
            return None
        send(connection, [ABOUT])
        said = receive(connection)
        connection.close()
        if said is None:
            return None
        version, pid, sessions = said
        return About(version.decode(), int(pid), int(sessions), theirs == stamp())
    except (OSError, ValueError) as error:
        raise Odd(f"it cannot be asked ({type(error).__name__})") from None
