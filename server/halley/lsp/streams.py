"""The process's standard streams: stdin and stdout belong to LSP alone, and stderr never makes the daemon wait.

Start at `seize_stdio`. `initialize` waits for this file, so it imports next to nothing.

What does not fit into stderr is dropped. An editor that starts a server with a pipe for stderr and never reads it lets
that pipe fill. The next line of the log would then hold the process for ever, with all its windows. Making the pipe
non-blocking is no way out: the flag belongs to the pipe, which is shared with all other writers, such as the shell.
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


def seize_stdio() -> tuple[int, int]:
    """Private copies of stdin and stdout; what is left in their places is the null device and stderr.

    So nothing that prints, and no program started later, can write into the stream of messages or read from it.
    """
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr
        os.dup2(null, 1)
    os.close(null)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(stdin, os.O_BINARY)
        msvcrt.setmode(stdout, os.O_BINARY)
    else:
        os.set_blocking(stdin, True)  # the parent process may have set them otherwise
        os.set_blocking(stdout, True)
    return stdin, stdout


def write_all(fd: int, data: bytes) -> None:
    """All of `data`, in as many writes as it takes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def show_error(stdout: int, text: str) -> None:
    """Shows the client why the daemon ends before it has begun: editors show this, seldom stderr."""
    import json

    from halley.lsp.base.frames import frame

    message = {"jsonrpc": "2.0", "method": "window/showMessage", "params": {"type": 1, "message": text}}
    with contextlib.suppress(OSError):
        write_all(stdout, frame(json.dumps(message).encode()))


def never_wait_for_stderr() -> TextIO | None:
    """Replaces `sys.stderr`, and `sys.stdout` where it is the same; returns it. Windows keeps its own."""
    if sys.platform == "win32" or sys.stderr is None:
        return sys.stderr
    patient = never_waiting(2)
    if sys.stdout is sys.stderr:
        sys.stdout = patient
    sys.stderr = patient
    return patient


def never_waiting(descriptor: int) -> TextIO:
    """A text file that writes to `descriptor`, which stays its owner's to close. Not on Windows."""
    return io.TextIOWrapper(
        io.BufferedWriter(_Dropping(descriptor)), "utf-8", errors="backslashreplace", write_through=True
    )


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
