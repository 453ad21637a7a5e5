"""What a path in a call means: a file of the workspace, its links followed; or why nothing is done there.

Every tool that acts asks `find_place` before anything else. It refuses what lies outside, secrets, version control's
own folders and Halley's, and says for a project's own machinery that the user must look at it each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.engine.guards.names import plain_name
from halley.engine.guards.protected import why_protected
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.replies.target import refuse_path
from halley.stores.workspace.project_files import is_excluded

_NEVER = frozenset((".git", ".hg", ".svn", ".bzr", ".jj"))


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """`path` is absolute, `name` relative to the workspace with `/`. `why`: why each change there must be looked at."""

    path: Path
    name: str
    why: str = ""

    @property
    def uri(self) -> str:
        return self.path.as_uri()


def find_place(root: Path, given: str, exclude: Iterable[str], closed: Iterable[Path] = ()) -> AgentPlace:
    """The file that `given` names, whether it exists or not.

    Raises BlockedByPolicy for what must not be touched, InvalidInput for a name that leads there by a link.
    """
    name = _plain(root, given)
    if reason := refuse_path(name):
        raise BlockedByPolicy(f"{reason}.", "Name a file by its path relative to the workspace.")
    plain = PurePosixPath(name)
    path = root / plain
    _refuse_links(root, path, given)
    # By plain name: `.GIT` and `.git ` are the same folder on file systems that ignore case or blanks at the end.
    if any(plain_name(part) in _NEVER for part in plain.parts):
        raise BlockedByPolicy(f"{name} belongs to version control.", "It is changed by its own program only.")
    if is_secret_path(plain):
        raise BlockedByPolicy(
            f"{name} is a kind of file that holds secrets.", "It is never shown to a model or changed."
        )
    if path == root:
        raise InvalidInput("The workspace itself is no file.", "Name a file in it.")
    # Halley's folder may lie in the workspace; its settings and rules decide what a model may do.
    if any(_real(path).is_relative_to(folder) for folder in map(_real, closed)):
        raise BlockedByPolicy(f"{name} belongs to Halley.", "A model never changes Halley's own files.")
    if is_excluded(root, path, exclude):
        raise BlockedByPolicy(
            f"{name} is ignored or excluded.", "See .gitignore and the setting `context.exclude`."
        )
    return AgentPlace(path, name, why_protected(name))


def check_root(root: Path) -> None:
    """Raises BlockedByPolicy where the workspace is no project but the home folder, or holds it."""
    if Path(_real(Path.home())).is_relative_to(_real(root)):
        raise BlockedByPolicy(
            "The workspace is your home folder or above it, so nothing is changed or run here.",
            "Open the folder of a project.",
        )


def _plain(root: Path, given: str) -> str:
    """Relative to the root, also where the model gave the whole path."""
    name = given.strip()
    for start in {f"{root.as_posix()}/", f"{_real(root).as_posix()}/"}:
        name = name.removeprefix(start)
    while name.startswith("./"):
        name = name[2:]
    return name


def _refuse_links(root: Path, path: Path, given: str) -> None:
    """A path is what it says: the file a user approves is the one that is changed."""
    real, base = _real(path), _real(root)
    if not real.is_relative_to(base):
        raise BlockedByPolicy(f"{given} leads outside the workspace.", "Name a file of the workspace.")
    # A link inside the workspace is refused too: the approval shows the name, and a link is another file by then.
    if real != base / path.relative_to(root):
        raise InvalidInput(
            f"{given} leads to {real.relative_to(base).as_posix()} by a link.", "Name the file itself."
        )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
