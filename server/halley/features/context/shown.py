"""What a model may be shown, decided once, at the entrance: no secrets, nothing excluded or outside the workspace.

    permit(project, snapshot)           for a question; raises where the document itself must stay here
    permit_typing(project, snapshot)    for inline completion; None there, since typing is not interrupted

Both make a `Permitted`, and nothing else can. Contexts, macros and chats take files from it alone, so that none can
hold a file that was not decided on. Files named by their path are read by `files.py`, with the same rules.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from itertools import islice
from pathlib import Path

from halley.core.errors import BlockedByPolicy
from halley.core.snapshot import Document, Snapshot
from halley.engine.guards.secrecy import is_secret_path
from halley.features.context.project import FRESH_S, Project
from halley.stores.workspace.project_files import is_excluded, is_named

_MADE_HERE = object()


class Permitted:
    """A snapshot whose document may be sent to a model, with those of the other open documents that may be, too."""

    __slots__ = ("_decided", "_undecided", "project", "snapshot")

    def __init__(self, made_here: object, project: Project | None, snapshot: Snapshot) -> None:
        if made_here is not _MADE_HERE:
            raise TypeError("What may be shown is decided by permit() and permit_typing() alone.")
        self.project, self.snapshot = project, snapshot
        self._decided: list[tuple[int, Document]] = []
        self._undecided = enumerate(snapshot.open_documents.values())

    def others(self, most: int | None = None) -> list[tuple[int, Document]]:
        """(how many were touched since, document): the other open documents that may be shown, the latest first.

        Decided when first asked for, since a keystroke seldom needs all of them and each can cost a look at the disk;
        then never again.
        """
        while most is None or len(self._decided) < most:
            entry = next(self._undecided, None)
            if entry is None:
                break
            if _may_be_shown(self.project, entry[1], self.snapshot):
                self._decided.append(entry)
        return list(islice(self._decided, most))

    @property
    def documents(self) -> list[Document]:
        """The document itself, then all others that may be shown."""
        return [self.snapshot.document, *(document for _, document in self.others())]


def permit(project: Project | None, snapshot: Snapshot) -> Permitted:
    """Raises BlockedByPolicy when the document itself may not be sent to a model."""
    check_document(snapshot)
    return Permitted(_MADE_HERE, project, snapshot)


def permit_typing(project: Project | None, snapshot: Snapshot) -> Permitted | None:
    """None where typing in this document may not be sent anywhere: also where the repository ignores it."""
    return None if _is_blocked(project, snapshot) else Permitted(_MADE_HERE, project, snapshot)


def check_document(snapshot: Snapshot) -> None:
    """Raises BlockedByPolicy when the document itself may not be sent to a model."""
    path, workspace = snapshot.document.path, snapshot.workspace
    if path is None:
        return
    if is_secret_path(path) or is_secret_path(path.resolve()):
        raise BlockedByPolicy(
            f"{path.name} is a kind of file that holds secrets; it is never sent to a model.",
            "Copy the part you want help with into another file, without the secrets.",
        )
    exclude = snapshot.settings.context.exclude
    if exclude and workspace and is_named(workspace.root, path, exclude):
        raise BlockedByPolicy(
            f"{path.name} is excluded from what models see.",
            "The setting is `context.exclude`.",
            setting="context.exclude",
        )


def _is_blocked(project: Project | None, snapshot: Snapshot) -> bool:
    """Whether typing in this document may not be sent anywhere: a secret, excluded, or ignored by the repository."""
    path, workspace = snapshot.document.path, snapshot.workspace
    if path is None or workspace is None:
        return path is not None and is_secret_path(path)
    known = project.files if project is not None and path.is_relative_to(workspace.root) else {}
    if known and path.relative_to(workspace.root).as_posix() in known:
        return False
    return is_secret_path(path) or _is_out(project, workspace.root, path, snapshot.settings.context.exclude)


def _may_be_shown(project: Project | None, document: Document, snapshot: Snapshot) -> bool:
    """Whether another open document may enter a context: no secret, not excluded, of the same workspace."""
    if document.path is None:
        return document.uri.startswith("untitled:")
    workspace = snapshot.workspace
    if workspace is None or is_secret_path(document.path) or not document.path.is_relative_to(workspace.root):
        return False
    root, path = workspace.root, document.path
    if not _kept(project, ("inside", path), lambda: _stays_inside(root, path)):
        return False
    if project is not None and document.path.relative_to(workspace.root).as_posix() in project.files:
        return True
    return not _is_out(project, workspace.root, document.path, snapshot.settings.context.exclude)


def _is_out(project: Project | None, root: Path, path: Path, exclude: tuple[str, ...]) -> bool:
    return _kept(project, ("out", path, exclude), lambda: is_excluded(root, path, exclude))


def _kept(project: Project | None, key: Hashable, look: Callable[[], bool]) -> bool:
    """What the disk says to a question that is asked with each key; kept as long as the index is."""
    if project is None:
        return look()
    now = time.monotonic()
    known = project.looked_up.get(key)
    if known is None or now - known[0] > FRESH_S:
        if len(project.looked_up) > 1000:
            project.looked_up.clear()
        known = project.looked_up[key] = now, look()
    return known[1]


def _stays_inside(root: Path, path: Path) -> bool:
    """Whether a path leads to an ordinary file of the workspace, wherever its links go."""
    real = Path(os.path.realpath(path))
    return real.is_relative_to(os.path.realpath(root)) and not is_secret_path(real)
