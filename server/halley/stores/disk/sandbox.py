"""A command in a sandbox: it writes only in its workspace, reads no keys, and has no network unless allowed.

On Linux by bubblewrap, where it is installed and the kernel lets it (`find_sandbox` tries it once). In the workspace
git's own folder stays read-only: what is written there (hooks, configuration) would run later, outside. `/tmp` is the
command's own. What a sandboxed command may still do: read the rest of the disk, use the processor.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from halley.core.agent import Command
from halley.stores.disk.programs import find_program

SECRET_FOLDERS = (
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".password-store",
    ".config/gcloud",
    ".config/gh",
)
"""Below the home folder: keys of other programs."""
TRY_S = 10.0


@functools.cache
def find_sandbox() -> str | None:
    """The sandbox's program; None where there is none, or where it does not work."""
    if sys.platform != "linux":
        return None
    program = find_program("bwrap")
    if program is None:
        return None
    test = [
        program,
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--unshare-net",
        "--unshare-pid",
        "true",
    ]
    try:
        ran = subprocess.run(test, capture_output=True, timeout=TRY_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return program if ran.returncode == 0 else None


def wrap(argv: Sequence[str], command: Command) -> list[str]:
    """`argv` as the sandbox runs it. `find_sandbox` has found one."""
    program = find_sandbox()
    assert program is not None
    root = str(command.root)
    # Sockets of the session, of Docker and the like lie in /run and /tmp: who may speak to them may leave the sandbox.
    flags = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"]
    if command.network and (names := Path("/run/systemd/resolve")).is_dir():
        flags += ["--ro-bind", str(names), str(names)]
    hidden = (*command.closed, *(Path.home() / name for name in SECRET_FOLDERS))
    outside = [path for path in hidden if not path.is_relative_to(command.root)]
    flags += [flag for path in outside if not command.root.is_relative_to(path) for flag in _hide(path)]
    flags += ["--bind", root, root]
    for name in (".git", ".hg", ".svn"):
        if os.path.lexists(command.root / name):
            flags += ["--ro-bind", str(command.root / name), str(command.root / name)]
    flags += [flag for path in command.closed if path.is_relative_to(command.root) for flag in _hide(path)]
    flags += ["--unshare-pid", "--unshare-ipc", "--die-with-parent", "--chdir", str(command.cwd)]
    if not command.network:
        flags.append("--unshare-net")
    return [program, *flags, "--", *argv]


def _hide(path: Path) -> list[str]:
    if path.is_dir():
        return ["--tmpfs", str(path)]
    return ["--ro-bind", "/dev/null", str(path)] if path.exists() else []
