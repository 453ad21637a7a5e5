"""Vim for tests, with the plugin ALE: `python tests/editors/install_vim.py FOLDER`.

How it gets there is in `debian.py`. The launcher `FOLDER/vim` tells Vim where its parts lie; ALE is in
`FOLDER/root/usr/share/vim-ale`. vim-lsp and coc.nvim are in no package of Debian's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from debian import CannotHave, from_newer_suites, use_own_libraries, write_launcher

MINIMUM = (9,)
PACKAGES = ("vim", "vim-runtime", "vim-ale")
ALE = "root/usr/share/vim-ale"


def install(folder: Path) -> Path:
    """The path of a Vim ≥ 9 with ALE beside it: the one in `folder`, or one newly put there. Raises CannotHave."""
    if _version(folder / "vim") >= MINIMUM and (folder / ALE).is_dir():
        return folder / "vim"
    return from_newer_suites(folder, PACKAGES, lambda root: _launcher(folder, root))


def _launcher(folder: Path, root: Path) -> Path:
    binary = root / "usr/bin/vim.basic"
    runtime = next((root / "usr/share/vim").glob("vim[0-9]*"), None)
    if not (runtime and (folder / ALE).is_dir()):
        raise CannotHave("the packages did not hold what was expected")
    use_own_libraries(root, binary)
    launcher = write_launcher(folder / "vim", binary, VIMRUNTIME=runtime, VIM=runtime.parent)
    if _version(launcher) < MINIMUM:
        raise CannotHave("Debian's Vim does not run here")
    return launcher


def _version(program: Path) -> tuple[int, ...]:
    """(major, minor) as the first line of `--version` says, `VIM - Vi IMproved 9.1 (…`; nothing when it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
        return tuple(map(int, done.stdout.split()[4].split(".")))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return ()


if __name__ == "__main__":
    try:
        print(install(Path(sys.argv[1]).absolute()))
    except CannotHave as error:
        sys.exit(f"no Vim ≥ 9: {error}")
