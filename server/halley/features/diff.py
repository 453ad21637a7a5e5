"""What git says has changed, as a model may see it: without the files whose content never leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from halley.engine.guards.secrecy import is_secret_path
from halley.stores.workspace.git import load_diff, require_repository
from halley.stores.workspace.project_files import is_named

_FILE = re.compile(r"^(?=diff --(?:git|cc|combined) )", re.MULTILINE)
"""Where the part of a file begins. Lines of content never do so: each has a mark before it."""


async def load_shown_diff(root: Path, *, staged: bool, exclude: Iterable[str] = ()) -> str:
    """What is staged, and with nothing staged (or `staged` false) all that is not committed.

    `exclude` is `context.exclude`. Raises InvalidInput when `root` is in no repository or git is missing.
    """
    await require_repository(root)
    patterns = tuple(exclude)
    diff = without_hidden_files(await load_diff(root, staged=True), patterns) if staged else ""
    return diff if diff.strip() else without_hidden_files(await load_diff(root, staged=False), patterns)


def without_hidden_files(diff: str, exclude: Sequence[str] = ()) -> str:
    """The diff less the files whose content never leaves."""
    return "".join(part for part in _FILE.split(diff) if not _is_hidden(part.split("\n", 1)[0], exclude))


def _is_hidden(header: str, exclude: Sequence[str]) -> bool:
    names = re.sub(r"^diff --\w+ ", "", header).replace('"', "").split(" b/")
    return any(_is_named(name.removeprefix("a/").strip(), exclude) for name in names if header)


def _is_named(name: str, exclude: Sequence[str]) -> bool:
    """Secret, or excluded: from the repository's root, or from a workspace anywhere within it."""
    if is_secret_path(name):
        return True
    parts = name.split("/")
    below = (Path("/", *parts[at:]) for at in range(len(parts)))
    return bool(exclude) and any(is_named(Path("/"), path, exclude) for path in below)
