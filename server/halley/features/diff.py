"""What git says has changed, as a model may see it: without the files whose content never leaves."""

from __future__ import annotations

from pathlib import Path

from halley.engine.secrecy import is_secret_path
from halley.stores.git import load_diff, require_repository


async def load_shown_diff(root: Path, *, staged: bool) -> str:
    """What is staged, and with nothing staged (or `staged` false) all that is not committed.

    Raises BadRequest when `root` is in no repository or git is missing.
    """
    await require_repository(root)
    diff = without_secret_files(await load_diff(root, staged=True)) if staged else ""
    return diff if diff.strip() else without_secret_files(await load_diff(root, staged=False))


def without_secret_files(diff: str) -> str:
    """The diff less the files whose content never leaves."""
    parts = diff.split("diff --git ")
    kept = [part for part in parts[1:] if not _names_secret(part.split("\n", 1)[0])]
    return parts[0] + "".join(f"diff --git {part}" for part in kept)


def _names_secret(header: str) -> bool:
    names = header.replace('"', "").split(" b/")
    return any(is_secret_path(name.removeprefix("a/").strip()) for name in names)
