"""What is said on a shared daemon's socket: messages that are lists of byte strings, and file descriptors beside them.

    daemon   WELCOME, its identity, its stamp; or BUSY: it is held up, and its sessions would be too
    client   SESSION, working folder, log file, log level, the environment      + stdin, stdout, stderr
             or RETIRE: it is of another version, and takes no more sessions
             or ABOUT: what it is, and how many sessions it has
    daemon   ENDED, the exit code (of a session), or the answer

The daemon speaks first, and the client says nothing of itself before it has checked who that is. What the editor and
Halley say to each other is not said here: the daemon has the editor's own pipes.
"""

from __future__ import annotations

import os
import struct

from halley.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

WELCOME, BUSY = b"halley 1", b"busy"
SESSION, RETIRE, ABOUT, ENDED = b"session", b"retire", b"about", b"ended"
MOST_BYTES = 8 << 20
"""Of one message: an environment has 2 MB at most where nothing raised the limit."""
SOL_SOCKET, SCM_RIGHTS = (0xFFFF, 1) if os.uname().sysname == "Darwin" else (1, 1)


def stamp() -> bytes:
    """Which code this is: the version, and when it was installed."""
    import halley.version

    installed = os.stat(halley.version.__file__).st_mtime_ns  # noqa: PTH116 - no pathlib
    return f"{__version__} {installed}".encode()


def pack(fields: list[bytes]) -> bytes:
    body = b"".join(struct.pack("!I", len(field)) + field for field in fields)
    return struct.pack("!I", len(body)) + body


def unpack(body: bytes) -> list[bytes]:
    """Raises ValueError for what `pack` did not make."""
    fields: list[bytes] = []
    at = 0
    while at < len(body):
        if at + 4 > len(body):
            raise ValueError("a cut message")
        (length,) = struct.unpack_from("!I", body, at)
        at += 4 + length
        if at > len(body):
            raise ValueError("a cut message")
        fields.append(body[at - length : at])
    return fields


def send(connection: socket, fields: list[bytes], descriptors: tuple[int, ...] = ()) -> None:
    """Raises OSError."""
    data = pack(fields)
    if descriptors:
        rights = struct.pack(f"{len(descriptors)}i", *descriptors)
        data = data[connection.sendmsg([data], [(SOL_SOCKET, SCM_RIGHTS, rights)]) :]
    if data:  # nothing to send is sent too, and fails where the other side has read all and left
        connection.sendall(data)


def receive(connection: socket) -> list[bytes] | None:
    """The next message; None at the end. Raises OSError (TimeoutError when it takes too long) and ValueError."""
    body = _exactly(connection, 4)
    if body is None:
        return None
    (length,) = struct.unpack("!I", body)
    if length > MOST_BYTES:
        raise ValueError("too long a message")
    body = _exactly(connection, length)
    return None if body is None else unpack(body)


def _exactly(connection: socket, length: int) -> bytes | None:
    data = b""
    while len(data) < length:
        piece = connection.recv(min(length - len(data), 1 << 20))
        if not piece:
            return None
        data += piece
    return data
