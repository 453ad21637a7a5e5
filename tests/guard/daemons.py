"""Shared daemons that tests have started. Each home has its own, which stays for a while after its last editor.

end_daemons(home)        those of one home
daemons_below(folder)    those of any home in a folder
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

PATIENCE_S = 90


def end_daemons(home: Path) -> None:
    """Ends them in order, as a signal does, and waits until they are gone."""
    running = [process for process, its in _daemons() if its == home]
    for process in running:
        _end(process)
    _, left = psutil.wait_procs(running, PATIENCE_S)
    for process in left:
        process.kill()
    assert not left, f"a shared daemon did not end: {left}"


def daemons_below(folder: Path) -> list[psutil.Process]:
    return [process for process, home in _daemons() if folder in home.parents]


def _daemons() -> Iterator[tuple[psutil.Process, Path]]:
    """All that this user runs, with their homes. A process that has just begun has no command yet; it is none of ours."""
    for process in psutil.process_iter():
        try:
            if any("halley.lsp.joined.daemon" in word for word in process.cmdline()):
                yield process, Path(process.environ().get("HALLEY_HOME", "/"))
        except psutil.Error:
            continue


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        pass
