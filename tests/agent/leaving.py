"""Tries to leave a sandbox: `python leaving.py FACTS harmless|all` prints as JSON what succeeded. Standard library only.

`harmless` is what may also be tried without a sandbox.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import sys
import termios
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
REMOUNT, DETACH = 32 | 4096, 2
NEW_USER, NEW_MOUNTS, ATTACH = 0x10000000, 0x00020000, 16


def main() -> None:
    facts, kind = json.loads(sys.argv[1]), sys.argv[2]
    found: dict[str, bool] = {}
    for name, work in (
        writing(facts) | reading(facts) | ({} if kind == "harmless" else system(facts))
    ).items():
        try:
            work()
            found[name] = True
        except OSError:
            found[name] = False
    Path("inside").write_text("x")
    print(json.dumps(found))


def writing(facts: dict) -> dict[str, Callable[[], object]]:
    outside = facts["outside"]
    fixed = (".git/hooks/pre-commit", ".git/config", ".vscode/tasks.json", ".halley.toml", "AGENTS.md")
    return {
        "write outside": lambda: write(f"{outside}/owned"),
        "write above": lambda: write("../owned"),
        "write by the repository's link": lambda: write("linked/owned"),
        "write by its own link": lambda: (Path("own").symlink_to(outside), write("own/owned")),
        "write by a hard link": lambda: (os.link(f"{outside}/victim", "hard"), write("hard")),
        "write by /proc": lambda: write(f"/proc/self/root{outside}/owned"),
        "write by another process' root": lambda: write(f"/proc/{facts['parent']}/root{outside}/owned"),
        "change a time": lambda: os.utime(f"{outside}/victim"),
        "change a mode": lambda: Path(f"{outside}/victim").chmod(0o644),
        "put another .git there": lambda: (Path(".git").rename("old"), Path("old").rename(".git")),
        **{f"change {name}": lambda name=name: write(name) for name in fixed},
    }


def reading(facts: dict) -> dict[str, Callable[[], object]]:
    parent = facts["parent"]
    return {
        **{f"read {name}": lambda name=name: read(name) for name in facts["secrets"]},
        **{f"connect to {name}": lambda name=name: connect(name) for name in facts["sockets"]},
        "connect to an abstract socket": lambda: connect("\0" + facts["abstract"]),
        "connect to loopback": lambda: connect(("127.0.0.1", facts["port"]), socket.AF_INET),
        "read another process' environment": lambda: read(f"/proc/{parent}/environ"),
        "signal another process": lambda: os.kill(parent, 0),
    }


def system(facts: dict) -> dict[str, Callable[[], object]]:
    return {
        "remount the disk": lambda: call(LIBC.mount(None, b"/", None, REMOUNT, None)),
        "unmount what protects .git": lambda: call(LIBC.umount2(bytes(Path(".git").absolute()), DETACH)),
        "unmount what hides /run": lambda: call(LIBC.umount2(b"/run", DETACH)),
        "attach to another process": lambda: call(LIBC.ptrace(ATTACH, facts["parent"], None, None)),
        "configure the kernel": lambda: os.open("/proc/sys/kernel/core_pattern", os.O_RDWR),
        "read the system's passwords": lambda: read("/etc/shadow"),
        "send to the internet": lambda: send("192.0.2.1"),
        "type into the terminal": lambda: type_into("/dev/tty"),
        "type into the console": lambda: type_into("/dev/console"),
        "undo a mount as root of a namespace": undo_in_a_namespace,
    }


def write(path: str) -> None:
    Path(path).write_text("owned")


def read(path: str) -> None:
    if not Path(path).read_bytes():
        raise OSError("empty")


def connect(address: object, family: int = socket.AF_UNIX) -> None:
    with socket.socket(family) as one:
        one.connect(address)  # type: ignore[arg-type]


def send(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", (host, 53))


def type_into(device: str) -> None:
    fcntl.ioctl(os.open(device, os.O_RDWR), termios.TIOCSTI, b"x")


def call(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")


def undo_in_a_namespace() -> None:
    if (child := os.fork()) == 0:
        undone = LIBC.unshare(NEW_USER | NEW_MOUNTS) == 0 and any(
            undo() == 0
            for undo in (
                lambda: LIBC.umount2(b"/run", DETACH),
                lambda: LIBC.umount2(bytes(Path(".git").absolute()), DETACH),
                lambda: LIBC.mount(None, b"/", None, REMOUNT, None),
            )
        )
        os._exit(int(undone))
    call(int(os.waitpid(child, 0)[1] == 0))


if __name__ == "__main__":
    main()
