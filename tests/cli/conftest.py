"""The command line as a user runs it: a real simulator in a process of its own, a home of its own for each test."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

GUARD = Path(__file__).parents[1] / "guard"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs `halley`, in a folder and a home of its own: in this process, or with `spawn` in one of its own."""

    home: Path
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str = "", folder: Path | None = None) -> Ran:
        from click.testing import CliRunner

        from halley.cli.commands import halley

        with contextlib.chdir(folder or self.folder):
            done = CliRunner().invoke(halley, arguments, input=stdin, env=self.environ)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return Ran(done.exit_code, done.stdout, done.stderr)

    def spawn(self, *arguments: str, stdin: str = "") -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "halley", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(GUARD), **self.environ},
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def configure(self, text: str) -> None:
        (self.home / "config.toml").write_text(text, "utf-8")


@pytest.fixture
def shell(halley_home: Path, tmp_path: Path) -> Shell:
    """`halley` with nothing configured."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / ".git").mkdir()
    return Shell(halley_home, folder)


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """A simulator process that asks for a key, for all tests of a run."""
    command = [sys.executable, "-m", "halley", "simulator", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(90)
        process.stdout.close()


@pytest.fixture
def halley(shell: Shell, simulator_url: str) -> Shell:
    """`halley` with the simulator configured, and a key that it takes."""
    shell.environ["SIM_KEY"] = "sk-sim-1234567890"
    shell.configure(
        f'[providers.sim]\npreset = "simulator"\nbase_url = "{simulator_url}"\nkey = {{ env = "SIM_KEY" }}\n'
    )
    return shell
