"""stderr that never makes the daemon wait: what does not fit is dropped.

An editor that starts a server with a pipe for stderr and never reads it lets that pipe fill. The next line of the log
would then hold the process for ever, with all its windows. Making the pipe non-blocking is no way out: the flag belongs
to the pipe, which the daemon shares with all other writers, such as the shell.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if sys.platform != "win32":
    import select

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


def never_wait_for_stderr() -> TextIO | None:
    """Replaces `sys.stderr`, and `sys.stdout` where it is the same; returns it. Windows keeps its own."""
    if sys.platform == "win32" or sys.stderr is None:
        return sys.stderr
    patient = io.TextIOWrapper(
        io.BufferedWriter(_Dropping(2)), "utf-8", errors="backslashreplace", write_through=True
    )
    if sys.stdout is sys.stderr:
        sys.stdout = patient
    sys.stderr = patient
    return patient


class _Dropping(io.RawIOBase):
    """Writes to a descriptor as long as there is room, and says later how often there was none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dropped = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, b: Buffer, /) -> int:
        """Claims all of it, whatever became of it."""
        whole = bytes(b)
        if self._dropped and self._has_room():
            missing, self._dropped = self._dropped, 0
            self._put(f"\n[{missing} parts of the log were dropped: nothing read stderr]\n".encode())
        if not self._put(whole):
            self._dropped += 1
        return len(whole)

    def _put(self, data: bytes) -> bool:
        """In pieces that a pipe with any room takes whole."""
        for start in range(0, len(data), select.PIPE_BUF):
            if not self._has_room():
                return False
            with contextlib.suppress(OSError):  # the reader is gone
                os.write(self._descriptor, data[start : start + select.PIPE_BUF])
        return True

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(0))
