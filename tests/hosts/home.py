"""Hosts written by others, in an environment of their own, `.peers/hosts`: what they need never meets ours.

Everything is pinned with hashes in `requirements.lock`. Made the first time; a test is skipped by name where it cannot be.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parents[2] / ".peers"
LOCK = Path(__file__).parent / "requirements.lock"


LITELLM = "1.99.4"
"""A version whose proxy installs from wheels alone."""


class CannotHave(Exception):
    """Why there are no such hosts here, in a sentence."""


def python_with_hosts(folder: Path = PEERS / "hosts", lock: Path = LOCK) -> Path:
    """The interpreter of the environment with everything in `lock`. Raises CannotHave."""
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        stamp = folder / f"whole-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
        if not stamp.exists():
            _make(folder, ["--require-hashes", "-r", str(lock)])
            stamp.touch()
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def python_with_litellm(folder: Path = PEERS / "litellm-proxy", make: bool = False) -> Path:
    """The interpreter of the environment with LiteLLM's proxy, as the benchmarks install theirs: half a gigabyte, so only
    where `make` says so. Raises CannotHave."""
    stamp = folder / LITELLM
    if not stamp.exists():
        if not make:
            raise CannotHave("it takes half a gigabyte, so only `make litellm` installs it")
        _make(folder, [f"litellm[proxy]=={LITELLM}"])
        stamp.touch()
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _make(folder: Path, what: list[str]) -> None:
    uv = [sys.executable, "-m", "uv"]
    steps = [
        [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [*uv, "pip", "install", "--quiet", "--python", str(folder), *what],
    ]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=900, env=environ)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotHave(f"they could not be installed ({said})") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotHave(f"they could not be installed ({error})") from None


if __name__ == "__main__":
    try:
        print(python_with_litellm(make=True))
    except CannotHave as error:
        sys.exit(f"LiteLLM's proxy: {error}")
