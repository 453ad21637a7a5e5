"""Helix for tests: `python tests/editors/install_helix.py FOLDER`. How it gets there is in `debian.py`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from debian import CannotHave, from_newer_suites, use_own_libraries, version_of, write_launcher

MINIMUM = (25,)


def install(folder: Path) -> Path:
    """The path of a Helix ≥ 25: the system's, the one in `folder`, or one newly put there. Raises CannotHave."""
    for candidate in (shutil.which("hx"), folder / "hx"):
        if candidate and version_of(candidate) >= MINIMUM:
            return Path(candidate)
    return from_newer_suites(folder, ("hx",), lambda root: _launcher(folder, root))


def _launcher(folder: Path, root: Path) -> Path:
    binary = root / "usr/bin/hx"
    use_own_libraries(root, binary)
    launcher = write_launcher(folder / "hx", binary, HELIX_RUNTIME=root / "usr/lib/hx/runtime")
    if version_of(launcher) < MINIMUM:
        raise CannotHave("Debian's Helix does not run here")
    return launcher


if __name__ == "__main__":
    try:
        print(install(Path(sys.argv[1]).absolute()))
    except CannotHave as error:
        sys.exit(f"no Helix ≥ 25: {error}")
