"""The log: where it goes, and what never gets into it.

Nothing of what people write, models answer or editors send is logged, only what happened to it; and whatever is
logged passes `redact`, which blots out what looks like a key. Exceptions are described by `describe`: their
type and place, since messages quote values.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from io import TextIOWrapper
from pathlib import Path

from halley.lsp.streams import never_wait_for_stderr

_LOUD = ("pygls", "aiohttp", "asyncio", "httpx2", "keyring", "urllib3")
"""Libraries whose INFO lines carry bodies, addresses with keys in them, or noise."""

_SECRETS = re.compile(
    r"""(?ix)
    ( (?:proxy-)?authorization["']? \s* [:=] \s* ["']? (?:bearer|basic|token)? \s*
    | \b bearer \s+
    | (?: x-)? (?:goog-)? api[-_]?key ["']? \s* [:=] \s* ["']?
    | [?&] (?:key|token|api_key|access_token) =
    )  [^\s"',;&)}\]]+
    | \b (?: sk | pk | rk | gsk | xai | r8 | hf | ghp | gho | ghs | github_pat | glpat | AKIA | AIza )
      [-_]? [A-Za-z0-9_\-]{12,}
    | \b eyJ [A-Za-z0-9_\-]{8,} \. [A-Za-z0-9_\-]+ (?: \. [A-Za-z0-9_\-]* )?
    """
)


def set_up_logging(log_file: str | Path | None = None, level: str = "info") -> None:
    """Sends the log to `log_file` (kept under 5 MB, readable by its owner only), else to stderr."""
    stderr = never_wait_for_stderr()
    log_to(open_log(Path(log_file)) if log_file else logging.StreamHandler(stderr), level)


def log_to(handler: logging.Handler, level: str) -> None:
    """Sends all of the process's log to `handler`, without keys."""
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_log_level(level)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "pygls" else logging.WARNING)


level_setter: ContextVar[Callable[[str], None]] = ContextVar("level_setter")
"""What sets the level of the running session's log, where the process has several (`lsp/joined/logs.py`)."""


def set_log_level(level: str) -> None:
    """`debug`, `info`, `warning` or `error` (the setting `log.level`)."""
    level_setter.get(logging.getLogger().setLevel)(level.upper())


def redact(text: str) -> str:
    """`text` with everything that looks like a key blotted out."""
    return _SECRETS.sub(lambda found: f"{found[1] or ''}[redacted]", text)


def describe(error: BaseException) -> str:
    """Type and place of an exception; its message and its values stay out, but for a module's name."""
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-6:]
    ]
    kind = type(error).__name__
    if isinstance(error, ImportError) and error.name:
        kind += f" ({error.name})"
    return " < ".join([kind, *reversed(places)])


class RedactingFormatter(logging.Formatter):
    """Blots out keys last, when the whole text is there."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatException(self, ei: object) -> str:
        error = ei[1] if isinstance(ei, tuple) else None
        return describe(error) if isinstance(error, BaseException) else ""


def open_log(path: Path) -> logging.Handler:
    """A log file, kept under 5 MB, readable by its owner only. Raises StoreFailed where it cannot be written."""
    from logging.handlers import RotatingFileHandler

    from halley.stores.disk.making import make_private_folder, open_kept, store_failed

    class PrivateLog(RotatingFileHandler):
        """Also what follows a rotation is opened as a file of ours."""

        def _open(self) -> TextIOWrapper:
            handle = open_kept(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
            return os.fdopen(handle, "a", encoding="utf-8")

    try:
        if not path.parent.exists():
            make_private_folder(path.parent)
        return PrivateLog(path, maxBytes=5_000_000, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise store_failed(path, error) from None
