"""Each session's log goes where its editor expects it: to the editor's stderr or the file it named, at its level.

What belongs to no session (the daemon's own beginning and end) goes to the daemon's log. The context that a line
is logged in says whose it is: a session's tasks and callbacks all descend from its first.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from pathlib import Path

from halley.lsp.logs import RedactingFormatter, level_setter, open_log
from halley.lsp.streams import never_waiting

_own: ContextVar[logging.Handler | None] = ContextVar("session_log", default=None)


class LogBySession(logging.Handler):
    """The one handler of the process; `rest` takes what belongs to no session."""

    def __init__(self, rest: logging.Handler) -> None:
        super().__init__()
        self._rest = rest
        self._sessions: set[logging.Handler] = set()

    def setFormatter(self, fmt: logging.Formatter | None) -> None:
        self._rest.setFormatter(fmt)

    def emit(self, record: logging.LogRecord) -> None:
        handler = _own.get() or self._rest
        if record.levelno >= handler.level:
            handler.handle(record)

    def begin(self, stderr: int, log_file: Path | None, level: str) -> logging.Handler:
        """What this context and its tasks log goes to `log_file`, else to the descriptor `stderr`, from now on.

        Raises StoreFailed where the file cannot be written.
        """
        handler = open_log(log_file) if log_file else logging.StreamHandler(never_waiting(stderr))
        handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        _own.set(handler)
        level_setter.set(lambda level: self._set_level(handler, level))
        self._sessions.add(handler)
        self._set_level(handler, level.upper())
        return handler

    def end(self, handler: logging.Handler) -> None:
        self._sessions.discard(handler)
        if isinstance(handler, logging.FileHandler):
            handler.close()

    def _set_level(self, handler: logging.Handler, level: str) -> None:
        handler.setLevel(level)
        lowest = min((one.level for one in self._sessions), default=logging.INFO)
        logging.getLogger().setLevel(min(lowest, logging.INFO))
