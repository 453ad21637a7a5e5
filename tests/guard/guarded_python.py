"""A Python that is guarded (`network_guard.py`) whatever it is started with.

A daemon that editors share ignores PYTHONPATH, by which other daemons that tests start are guarded. This one has the guard
among its packages.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

GUARD = Path(__file__).parent
START = """\
import site; site.addsitedir({packages!r})
import sys; sys.path.append({guard!r}); import network_guard; network_guard.forbid()
"""


def make_guarded(folder: Path) -> Path:
    """The folder of programs (`python3`, `halley`) of a new environment with our packages."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    base = Path(getattr(sys, "_base_executable", sys.executable))
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    packages = folder / f"lib/python3.{sys.version_info.minor}/site-packages"
    packages.mkdir(parents=True)
    (packages / "guard.pth").write_text(
        START.format(packages=sysconfig.get_path("purelib"), guard=str(GUARD))
    )
    python, halley = programs / "python3", programs / "halley"
    python.symlink_to(base)
    halley.write_text(f'#!/bin/sh\nexec "{python}" -P -m halley "$@"\n')
    halley.chmod(0o755)
    return programs
