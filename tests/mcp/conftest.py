"""Real servers of tools from PyPI and npm, put into `.editors/` the first time; what is not available is skipped by name."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[2] / ".editors"
NPM = ("@modelcontextprotocol/server-everything", "@modelcontextprotocol/server-filesystem")
PYPI = ("mcp-server-time", "mcp-server-git")
INSTALL_S = 600


def _once(name: str, install: Callable[[Path], None]) -> Path:
    """The folder with what was installed; a marker says that all of it is there."""
    PLACE.mkdir(exist_ok=True)
    folder = PLACE / name
    with (PLACE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            install(folder)
            (folder / "complete").touch()
    return folder


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip()[-300:] or f"exit {done.returncode}")


@pytest.fixture(scope="session")
def npm_servers() -> Path:
    """Where npm put its servers' programs."""
    if not shutil.which("npm"):
        pytest.skip(f"{', '.join(NPM)} ARE NOT TESTED: there is no npm here")
    try:
        folder = _once(
            "mcp-node",
            lambda at: _run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(at), *NPM),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{', '.join(NPM)} ARE NOT TESTED: they are not available here ({error})")
    return folder / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def pypi_servers() -> Path:
    """Where pip put its servers' programs: an environment of their own, since they pin another SDK."""

    def install(at: Path) -> None:
        _run(sys.executable, "-m", "venv", str(at))
        _run(str(at / "bin" / "python"), "-m", "pip", "install", "-q", *PYPI)

    try:
        folder = _once("mcp-python", install)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{', '.join(PYPI)} ARE NOT TESTED: they are not available here ({error})")
    return folder / "bin"
