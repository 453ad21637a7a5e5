"""A command in a sandbox: it writes only in its workspace, reads no keys, and has no network unless allowed.

On Linux by bubblewrap, where it is installed and the kernel lets it (`find_sandbox` tries it once). `/tmp` is the
command's own. `tests/agent/test_sandbox.py` tries to get out. What a sandboxed command may still do: read the rest of
the disk, use the processor, and create whatever it likes in the workspace, where something may run it later.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from halley.core.agent import Command
from halley.stores.disk.programs import find_program

SECRETS = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".terraform.d", ".1password"),
    *(".netrc", ".git-credentials", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".vault-token", ".s3cfg", ".boto"),
    *(".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history", ".Xauthority"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".m2/settings.xml", ".mozilla"),
    *(".config/gcloud", ".config/gh", ".config/hub", ".config/glab-cli", ".config/git/credentials", ".config/op"),
    *(".config/github-copilot", ".config/rclone", ".config/sops", ".config/age", ".config/google-chrome"),
    *(".config/chromium", ".config/BraveSoftware", ".config/microsoft-edge", ".claude/.credentials.json"),
    *(".claude.json", ".codex/auth.json", ".gemini/oauth_creds.json", ".local/share/keyrings", ".local/share/kwalletd"),
)  # fmt: skip
"""Below the home folder: keys and tokens of other programs, and what was typed."""
_SYSTEM_SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-")
_PROC = ("sys", "fs", "bus", "irq", "sysrq-trigger")
"""Of /proc: where the system's own root user could reconfigure the machine."""
_PROGRAMS = ("/run/current-system", "/run/opengl-driver")
"""Of /run: NixOS keeps its programs there."""
_MOST_SOCKETS = 256
TRY_S = 10.0


@functools.cache
def find_sandbox() -> str | None:
    """The sandbox's program; None where there is none, or where it does not work."""
    if sys.platform != "linux":
        return None
    program = find_program("bwrap")
    if program is None:
        return None
    try:
        # With everything a command gets: one that works only in part would fail each command.
        test = [program, *_base(), "--unshare-net", "--", "true"]
        ran = subprocess.run(test, capture_output=True, timeout=TRY_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return program if ran.returncode == 0 else None


def wrap(argv: Sequence[str], command: Command) -> list[str]:
    """`argv` as the sandbox runs it. `find_sandbox` has found one."""
    program = find_sandbox()
    assert program is not None
    root = command.root
    flags = _base()
    if command.network and (names := Path("/run/systemd/resolve")).is_dir():
        flags += ["--ro-bind", str(names), str(names)]
    hidden = _real((*command.closed, *_secrets(), *_sockets(root)))
    outside = [path for path in hidden if not path.is_relative_to(root)]
    flags += [flag for path in outside if not root.is_relative_to(path) for flag in _hide(path)]
    flags += ["--bind", str(root), str(root)]
    for path in map(str, _real(command.fixed)):
        if os.path.lexists(path):  # one that a link leads outside is read-only as well
            flags += ["--ro-bind", path, path]
    flags += [flag for path in _real(command.closed) if path.is_relative_to(root) for flag in _hide(path)]
    # The temporary folder of the environment may be one that is not there.
    flags += ["--chdir", str(command.cwd), "--setenv", "TMPDIR", "/tmp"]
    if not command.network:
        flags.append("--unshare-net")
    return [program, *flags, "--", *argv]


def _base() -> list[str]:
    """The system, read-only, without privileges, other processes, and the sockets in /run and /tmp."""
    flags = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for name in _PROC:
        if Path("/proc", name).exists():
            flags += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
    # Sockets of the session, of Docker and the like lie in /run and /tmp: who may speak to them may leave the sandbox.
    flags += ["--tmpfs", "/tmp", "--tmpfs", "/run"]
    for path in _PROGRAMS:
        if Path(path).exists():
            flags += ["--ro-bind", path, path]
    # Root would keep its privileges, and could undo every mount.
    flags += ["--cap-drop", "ALL"]
    if os.geteuid() == 0:
        flags += [
            "--cap-add",
            "CAP_DAC_OVERRIDE",
        ]  # in containers the workspace often belongs to another user
    # A session of its own: a terminal that a command shares with others could be typed into.
    return [*flags, "--unshare-pid", "--unshare-ipc", "--new-session", "--die-with-parent"]


def _secrets() -> list[Path]:
    import pwd

    homes = {Path.home()}
    try:
        homes.add(Path(pwd.getpwuid(os.geteuid()).pw_dir))
    except KeyError:  # a container's user without a name
        pass
    return [*map(Path, _SYSTEM_SECRETS), *(home / name for home in homes for name in SECRETS)]


def _sockets(root: Path) -> list[Path]:
    """Sockets that programs listen on, wherever they lie: a read-only disk does not keep anyone from connecting."""
    try:
        lines = Path("/proc/net/unix").read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return []
    named = {words[7] for line in lines if len(words := line.split(maxsplit=7)) == 8 and words[7][0] == "/"}
    gone = (Path("/tmp"), Path("/run"), Path("/var/run"), root)
    found = [path for path in map(Path, sorted(named)) if not any(map(path.is_relative_to, gone))]
    return found[:_MOST_SOCKETS]


def _real(paths: Iterable[Path]) -> list[Path]:
    """Where they really lie: nothing can be mounted on a link."""
    return list(dict.fromkeys(Path(os.path.realpath(path)) for path in paths))


def _hide(path: Path) -> list[str]:
    try:
        if path.is_dir():
            return ["--tmpfs", str(path)]
        return ["--ro-bind", "/dev/null", str(path)] if path.exists() else []
    except OSError:  # in a folder that this user may not enter: no command of theirs may, either
        return []
