"""Which commits `main..HEAD`, `v1.2` or `HEAD~3` name, found without the repository's own configuration.

Names of branches and tags are looked up in the repository's files (`repository.py`); git itself only steps from one
commit to another (gitrevisions(7): `~2`, `^`). What else that page knows (`@{yesterday}`, `:/text`) is refused.
"""

from __future__ import annotations

import asyncio
import re

from halley.core.errors import InvalidInput
from halley.stores.workspace.git.diff import ask_git, empty_tree
from halley.stores.workspace.git.private import PrivateGit
from halley.stores.workspace.git.repository import load_reference

_REVISION = re.compile(r"(?P<name>@|[^\W_][\w./+-]*)(?P<steps>(?:[~^]\d{0,4}){0,20})")
_HEX = re.compile(r"[0-9a-f]{4,64}")
_PLACES = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
"""Where a short name is looked for, in git's order."""
_FORMS = (
    "Name a commit (`HEAD~1`), or two: `main..HEAD` compares them, `main...HEAD` starts where they parted."
)


async def resolve_range(git: PrivateGit, range: str) -> tuple[str, str]:
    """The two trees to compare, in hexadecimal. A single commit is compared with its first parent.

    Raises InvalidInput for what names no commits.
    """
    old, dots, new = _parted(range.strip())
    if not dots:
        commit = await _resolve(git, old)
        parent = await _step(git, f"{commit}^")
        return parent or await empty_tree(git), commit
    first, second = await _resolve(git, old or "HEAD"), await _resolve(git, new or "HEAD")
    return (await _fork(git, first, second, range) if dots == "..." else first), second


def _parted(range: str) -> tuple[str, str, str]:
    dots = "..." if "..." in range else ".."
    return range.partition(dots)


async def _fork(git: PrivateGit, first: str, second: str, range: str) -> str:
    try:
        return (await ask_git(git, "merge-base", first, second, most=100)).decode().strip()
    except InvalidInput:
        raise InvalidInput(
            f"{range}: no commit was found from which both began.",
            "Fetch the whole history (`git fetch --unshallow`), or use two dots.",
        ) from None


async def _resolve(git: PrivateGit, text: str) -> str:
    match = _REVISION.fullmatch(text)
    if match is None or ".." in text:
        raise InvalidInput(f"'{text[:100]}' names no commit.", _FORMS)
    name, steps = match["name"], match["steps"]
    found = git.head if name in ("@", "HEAD") else await asyncio.to_thread(_named, git, name)
    if found is None and _HEX.fullmatch(name):
        found = name
    commit = await _step(git, f"{found}{steps}") if found else None
    if commit is None:
        raise InvalidInput(f"There is no commit '{text[:100]}' here.", _FORMS)
    return commit


def _named(git: PrivateGit, name: str) -> str | None:
    for place in _PLACES:
        full = place.format(name)
        if full.startswith("refs/") and (found := load_reference(git.repository, full)):
            return found
    return None


async def _step(git: PrivateGit, expression: str) -> str | None:
    """The commit; None where there is none."""
    try:
        said = await ask_git(git, "rev-parse", "--verify", "--quiet", f"{expression}^{{commit}}", most=100)
    except InvalidInput:
        return None
    return said.decode().strip() or None
