"""What git says has changed, as a model may see it: without the files whose content never leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from halley.engine.guards.secrecy import is_secret_path
from halley.stores.workspace.git.diff import load_diff
from halley.stores.workspace.project_files import is_named


async def load_shown_diff(root: Path, *, staged: bool, exclude: Iterable[str] = ()) -> str:
    """What is staged, and with nothing staged (or `staged` false) all that is not committed.

    `exclude` is `context.exclude`. Raises InvalidInput when `root` is in no repository or git is missing.
    """
    is_hidden = partial(is_hidden_name, exclude=tuple(exclude))
    diff = await load_diff(root, staged=True, is_hidden=is_hidden) if staged else ""
    return diff if diff.strip() else await load_diff(root, staged=False, is_hidden=is_hidden)


def is_hidden_name(name: str, exclude: Sequence[str]) -> bool:
    """Secret, or excluded: from the repository's root, or from a workspace anywhere within it."""
    if is_secret_path(name):
        return True
    parts = name.split("/")
    below = (Path("/", *parts[at:]) for at in range(len(parts)))
    return bool(exclude) and any(is_named(Path("/"), path, exclude) for path in below)
