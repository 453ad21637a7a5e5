"""What the Neovim plugin adds to a start, as `--startuptime` reports, beside one of Neovim's own in the same start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.table import Pair

ROOT = Path(__file__).parents[1]
OURS, THEIRS = "clients/neovim/plugin/halley.lua", "runtime/plugin/editorconfig.lua"


def pairs(rounds: int) -> Iterator[Pair]:
    """Milliseconds to read our one file, and Neovim's own `editorconfig.lua`."""
    sys.path.insert(0, str(ROOT / "tests/editors"))
    from install_neovim import install

    neovim = install(ROOT / ".editors/neovim")
    with tempfile.TemporaryDirectory() as folder:
        init, log = Path(folder) / "init.lua", Path(folder) / "startup.log"
        init.write_text(f"vim.opt.runtimepath:prepend('{ROOT}/clients/neovim')\n")
        command = [neovim, "--headless", "-u", init, "-i", "NONE", "--startuptime", log, "+qall"]
        for _ in range(rounds):
            log.unlink(missing_ok=True)
            env = os.environ | {"XDG_STATE_HOME": folder}
            subprocess.run(command, check=True, timeout=60, env=env, capture_output=True)
            told = log.read_text()
            yield _took(told, OURS), _took(told, THEIRS)


def _took(told: str, file: str) -> float:
    """`clock  self+sourced  self: sourcing FILE`"""
    found = re.search(rf"^\S+\s+(\S+)\s+\S+: sourcing \S*{re.escape(file)}$", told, re.MULTILINE)
    assert found, f"{file} was not read"
    return float(found[1])
