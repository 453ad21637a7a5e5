"""Where a shared daemon listens, who may be there, and which daemon it is.

The socket lies in a folder that only this user may enter. Its name and its *identity* are made of what all sessions of
one daemon must have in common: the installation, the home folder, Halley's folders, and what no process can change for
one session alone (`_surroundings`). Nothing a workspace contains has a say in it, and a variable that the daemon's own
process keeps (`KEPT`) is part of the identity: no session can change what another one's daemon reads.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping

KEPT = (
    "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "HALLEY_HOME", "HALLEY_CONFIG",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""All that the daemon's own process has of an environment. None of them holds a key."""
LONGEST_PATH = 100
"""Bytes of a socket's path: the system takes 104 (macOS) to 108."""
NAMESPACES = ("mnt", "net", "pid", "user")
"""Of Linux. A container's or a sandbox's editor must not be served from outside, nor one in a VPN past it."""
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - no pathlib
"""The folder that `halley` is imported from."""


class Odd(Exception):
    """Something is not as it must be: this editor gets a process of its own. The message says what."""


class Silent(Odd):
    """A daemon is there, and does not answer."""


class DaemonPlace:
    """Where one daemon listens."""

    __slots__ = ("crashes", "environ", "folder", "identity", "lock", "log", "socket", "starting")

    def __init__(self, folder: str, identity: bytes, environ: dict[str, str]) -> None:
        name = f"{folder}/{zlib.crc32(identity):08x}"
        self.folder, self.identity, self.environ = folder, identity, environ
        self.socket, self.lock, self.log = f"{name}.sock", f"{name}.lock", f"{name}.log"
        self.starting = f"{name}.starting"
        """There from a daemon's start until it is up."""
        self.crashes = f"{name}.crashes"
        """When daemons were found to have died, in seconds since 1970, one a line."""


def find_place(environ: Mapping[str, str]) -> DaemonPlace:
    """Raises Odd where there can be no socket."""
    kept = {name: environ[name] for name in KEPT if environ.get(name)}
    for name in ("HALLEY_HOME", "HALLEY_CONFIG"):
        if name in kept:
            kept[name] = os.path.abspath(os.path.expanduser(kept[name]))  # noqa: PTH100, PTH111 - no pathlib
    told = (SOURCE, sys.executable, *_surroundings(), *(f"{name}={value}" for name, value in kept.items()))
    return DaemonPlace(_folder(kept), os.fsencode("\n".join(told)), kept)


def _surroundings() -> list[str]:
    """Who may read the files it makes (the umask), and which files, processes and networks it sees."""
    found = [f"{_umask():03o}"]
    for name in NAMESPACES:
        try:
            found.append(os.readlink(f"/proc/self/ns/{name}"))  # noqa: PTH115 - no pathlib
        except OSError:
            continue
    return found


def _umask() -> int:
    """Of this process. Linux says it; elsewhere one has to be set to learn it."""
    try:
        with open("/proc/self/status", "rb") as file:  # noqa: PTH123 - no pathlib
            for line in file:
                if line.startswith(b"Umask:"):
                    return int(line[6:], 8)
    except OSError:
        pass
    before = os.umask(0o077)
    os.umask(before)
    return before


def _folder(environ: Mapping[str, str]) -> str:
    """The first that leaves room for a socket's name. One that is relative would be a workspace's to choose."""
    home, runtime = environ.get("HALLEY_HOME", ""), environ.get("XDG_RUNTIME_DIR", "")
    temporary, own = environ.get("TMPDIR", ""), f"halley-{os.geteuid()}"
    for base, name in ((home, "run"), (runtime, "halley"), (temporary, own), ("/tmp", own)):
        folder = f"{base.rstrip('/')}/{name}"
        if base.startswith("/") and len(os.fsencode(folder)) + 14 <= LONGEST_PATH:
            return folder
    raise Odd("there is no folder whose path is short enough for a socket")


def make_folder(folder: str) -> None:
    """Makes it where it is missing, and checks it. Raises Odd."""
    before = os.umask(0o077)
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - no pathlib
    except OSError as error:
        raise Odd(f"{folder} cannot be made: {error.strerror}") from None
    finally:
        os.umask(before)
    check_folder(folder)


def check_folder(folder: str) -> None:
    """Raises Odd unless it is a folder of this user that only they may enter; FileNotFoundError where there is none."""
    state = os.lstat(folder)
    if not stat.S_ISDIR(state.st_mode):
        raise Odd(f"{folder} is not a folder")
    if state.st_uid != os.geteuid():
        raise Odd(f"{folder} belongs to another user")
    if state.st_mode & 0o077:
        raise Odd(f"{folder} can be entered by others: its mode must be 0700")


def check_socket(path: str) -> None:
    """Raises Odd unless it is a socket of this user; FileNotFoundError where there is none."""
    state = os.lstat(path)
    if not stat.S_ISSOCK(state.st_mode):
        raise Odd(f"{path} is not a socket")
    if state.st_uid != os.geteuid():
        raise Odd(f"{path} belongs to another user")


def check_peer(connection: socket) -> None:
    """Raises Odd unless the process at the other end runs as this user. The kernel is asked, where it can say."""
    uid = peer_uid(connection)
    if uid is not None and uid != os.geteuid():
        raise Odd("another user's process listens there")


def peer_uid(connection: socket) -> int | None:
    """The user of the process at the other end; None where the system cannot tell."""
    if sys.platform == "linux":
        credentials = connection.getsockopt(1, 17, 12)  # SOL_SOCKET, SO_PEERCRED: pid, uid, gid
        return struct.unpack("3i", credentials)[1] & 0xFFFFFFFF
    if sys.platform == "darwin":
        credentials = connection.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: struct xucred
        return struct.unpack_from("2I", credentials)[1]
    return None
