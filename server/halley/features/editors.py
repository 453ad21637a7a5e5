"""The editors on this machine, found by their programs. What to put into their settings is `cli/setup.py`'s."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "Neovim": ("nvim",), "VS Code": ("code",), "VSCodium": ("codium",), "Helix": ("hx", "helix"),
    "Zed": ("zeditor", "zed"), "Emacs": ("emacs",), "Kate": ("kate",), "Sublime Text": ("subl",), "Vim": ("vim",),
    "Kakoune": ("kak",),
    "IntelliJ IDEA": ("idea", "intellij-idea-ultimate", "intellij-idea-community"),
    "PyCharm": ("pycharm", "pycharm-professional", "pycharm-community"), "GoLand": ("goland",),
    "WebStorm": ("webstorm",), "PhpStorm": ("phpstorm",), "RubyMine": ("rubymine",), "Rider": ("rider",),
    "CLion": ("clion",), "RustRover": ("rustrover",), "DataGrip": ("datagrip",),
    "Qt Creator": ("qtcreator",),
}  # fmt: skip
"""Editor → its programs; the first one found counts. Linux packages call Zed `zeditor`: ZFS has a program `zed`."""
JETBRAINS = (
    "IntelliJ IDEA", "PyCharm", "GoLand", "WebStorm", "PhpStorm", "RubyMine", "Rider", "CLion", "RustRover",
    "DataGrip",
)  # fmt: skip
"""Those whose AI chat has agents by the Agent Client Protocol."""


def editors_on_path() -> dict[str, str]:
    """Editor → the path of its program, of those on PATH."""
    found = {name: program_of(name) for name in PROGRAMS}
    return {name: path for name, path in found.items() if path}


def program_of(editor: str) -> str:
    """The path of an editor's program; empty where it has none on PATH."""
    return next(filter(None, map(shutil.which, PROGRAMS[editor])), "")
