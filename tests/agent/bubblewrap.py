"""The sandbox's program for tests: the system's, else Debian's package unpacked into `.editors/`, without root."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from halley.stores.disk.sandbox import find_sandbox

FOLDER = Path(__file__).parents[2] / ".editors"


@pytest.fixture(scope="module")
def bubblewrap() -> Iterator[str]:
    """Its path; it is on PATH. The test is skipped, loudly, where there is none that works."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform == "linux" and shutil.which("bwrap") is None and (folder := _unpacked()) is not None:
            patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{folder}")
        find_sandbox.cache_clear()
        found = find_sandbox()
        if found is None:
            pytest.skip(
                "THE SANDBOX IS NOT TESTED: there is no bubblewrap, or the kernel does not let it work here"
            )
        yield found
    find_sandbox.cache_clear()


def _unpacked() -> Path | None:
    """The folder of the program; None where it is not available."""
    folder = FOLDER / "bubblewrap"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "bubblewrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "usr/bin/bwrap").exists():
            try:
                folder.mkdir(exist_ok=True)
                _run(folder, "apt-get", "-q", "download", "bubblewrap")
                _run(folder, "dpkg-deb", "-x", str(next(folder.glob("*.deb"))), ".")
            except (OSError, subprocess.SubprocessError, StopIteration):
                return None
    return folder / "usr/bin"


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
