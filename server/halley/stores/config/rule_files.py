"""Rules of folders and skills in a repository: `AGENTS.md` below its root, `.agents/skills/*/SKILL.md`.

    find_rule_files(root)              all of them, for a user who is asked to trust them
    load_rule_file(root, name, hash)   one of them, while it says what was trusted

They are prompts of a hostile repository: each counts only with the exact content that the user trusted. What is read at
the root is `workspace_files.py`'s.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from halley.stores.config.toml_files import HIDDEN
from halley.stores.disk.files import read_regular

GUIDANCE_FILE = "AGENTS.md"
SKILLS = ".agents/skills"
SKILL_FILE = "SKILL.md"
MOST_BYTES = 64 * 1024
MOST_FILES, MOST_FOLDERS, DEEPEST = 100, 20_000, 12
_NO_SOURCES = frozenset(("node_modules", "vendor", "venv", "target", "dist", "build", "__pycache__"))


def find_rule_files(root: Path) -> Mapping[str, str]:
    """Path in the workspace → SHA-256. Ordinary files only, within bounds; folders of programs are left out."""
    real = Path(os.path.realpath(root))
    found: dict[str, str] = {}
    for name in (*_skill_files(real), *_nested_files(real)):
        data = _read(real, name)
        if data is not None and len(found) < MOST_FILES:
            found[name] = hashlib.sha256(data).hexdigest()
    return found


def load_rule_file(root: Path, name: str, digest: str) -> str:
    """Its text; empty where it is not what was trusted, or holds what a reader does not see."""
    data = _read(Path(os.path.realpath(root)), name)
    if data is None or hashlib.sha256(data).hexdigest() != digest:
        return ""
    text = data.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
    return "" if HIDDEN.search(text.replace("\n", " ").replace("\t", " ")) else text


def _skill_files(root: Path) -> Iterator[str]:
    try:
        names = sorted(
            entry.name for entry in os.scandir(root / SKILLS) if entry.is_dir(follow_symlinks=False)
        )
    except OSError:
        return
    yield from (f"{SKILLS}/{name}/{SKILL_FILE}" for name in names)


def _nested_files(root: Path) -> Iterator[str]:
    for number, (folder, folders, files) in enumerate(os.walk(root)):
        inner = Path(folder).relative_to(root)
        if number >= MOST_FOLDERS:
            return
        folders[:] = sorted(
            name for name in folders if name not in _NO_SOURCES and not name.startswith(".")
        ) if len(inner.parts) < DEEPEST else []  # fmt: skip
        if GUIDANCE_FILE in files and inner.parts:
            yield (inner / GUIDANCE_FILE).as_posix()


def _read(root: Path, name: str) -> bytes | None:
    path = root / name
    try:
        # The name is what is trusted: a link could be pointed at something else.
        if Path(os.path.realpath(path)) != path:
            return None
        return read_regular(path, MOST_BYTES, within=root)
    except (OSError, ValueError):
        return None
