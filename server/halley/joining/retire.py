"""Retiring the shared daemon, for a user who wants a new one: `halley serve --retire`, which clients run to restart.

The editors that have joined it keep it, and it ends with the last of them. The next editor starts another. One that
does not answer hears nothing; its socket is removed, so that no one waits for it again. So is the mark of a start that
did not end, since the next one is to be tried.
"""

from __future__ import annotations

import os

from halley.joining.join import connect, welcome
from halley.joining.place import DaemonPlace, Odd, Silent, check_folder, check_socket, find_place
from halley.joining.words import RETIRE, receive, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def retire(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there was a daemon to be joined. Raises Odd where it could not have been."""
    place = find_place(environ)
    try:
        connection = connect(place)
        if connection is None:
            return False
        try:
            theirs = welcome(connection, place)
            if theirs is None:
                return False
            send(connection, [RETIRE])
            receive(connection)
        finally:
            connection.close()
    except (Silent, TimeoutError):
        _hide(place)
    except (OSError, ValueError) as error:
        raise Odd(f"it cannot be retired ({type(error).__name__})") from None
    return True


def _hide(place: DaemonPlace) -> None:
    """Raises Odd."""
    try:
        check_folder(place.folder)
        check_socket(place.socket)
        os.unlink(place.socket)  # noqa: PTH108 - no pathlib
        os.unlink(place.starting)  # noqa: PTH108 - no pathlib
    except FileNotFoundError:
        pass  # it has ended meanwhile, or was up
    except OSError as error:
        raise Odd(f"{place.socket} cannot be removed: {error.strerror}") from None
