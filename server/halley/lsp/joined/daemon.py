"""The shared daemon's life: started by the first editor's process, open before it has imported anything, and over when
it has been idle for a while, or when a newer version takes its place and its last session has ended.

Its own environment holds no keys (`joining/place.KEPT`); those of its sessions are in their rooms.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from importlib.util import find_spec

from halley.joining.place import DaemonPlace, find_place
from halley.joining.starting import LISTENER
from halley.lsp.joined.porter import Porter
from halley.version import __version__

logger = logging.getLogger(__name__)

NEEDED = ("pygls", "pydantic", "httpx", "orjson")
"""Of what Halley stands on, enough to know whether the rest is there."""


def main() -> None:
    """Serves the socket that `joining/starting.py` made."""
    if (missing := _missing()) is not None:
        os.write(2, f"halley: this Python finds {missing} by PYTHONPATH alone.\n".encode())
        os._exit(1)  # before anyone is welcomed: the editors that wait get processes of their own
    with contextlib.suppress(OSError):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it belongs to no terminal
    place = find_place(os.environ)
    porter = Porter(socket.socket(fileno=LISTENER), place)
    porter.open()
    os._exit(_run(porter, place))  # threads at the door must not hold it


def _missing() -> str | None:
    """A package that was found with the variables of the editor that started this, and is not without them."""
    return next((name for name in NEEDED if find_spec(name) is None), None)


def _run(porter: Porter, place: DaemonPlace) -> int:
    from halley.lsp.server import hold_collecting

    hold_collecting()
    from halley.core.errors import StoreFailed
    from halley.lsp.process import run_to_the_end

    try:
        return run_to_the_end(lambda: _serve(porter))
    except StoreFailed as error:
        os.write(2, f"halley: {error.problem.message} {error.problem.help}\n".encode())
        return 1
    finally:
        porter.take_down_sign()


async def _serve(porter: Porter) -> int:
    from halley.features.room import EngineRoom
    from halley.features.shared import Shared
    from halley.lsp.joined.life import Life
    from halley.lsp.joined.logs import LogBySession
    from halley.lsp.joined.rooms import Rooms
    from halley.lsp.joined.sessions import Sessions
    from halley.lsp.logs import log_to, open_log
    from halley.lsp.process import end_on_signals
    from halley.lsp.server import compose, resume_collecting
    from halley.stores.disk.paths import find_paths

    paths = find_paths()
    rooms = Rooms(paths)
    logs = LogBySession(open_log(paths.logs / "shared-daemon.log"))
    log_to(logs, "info")
    compose(Shared(EngineRoom(paths, {}, rooms.stores)))  # for its imports
    resume_collecting()
    life = Life(porter, rooms.stores)
    sessions = Sessions(rooms, logs, compose, life.become_idle)
    with end_on_signals(life.end):
        porter.let_in(sessions.begin, lambda: sessions.count, life.retire)
        life.begin(lambda: sessions.count)
        logger.info("The shared daemon %s runs.", __version__)
        await life.over.wait()
        porter.take_down_sign()
        await sessions.aclose()
        await rooms.aclose()
    logger.info("The shared daemon ends.")
    return 0
