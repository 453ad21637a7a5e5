"""What is known of a workspace's code beside the document at hand: its files, and where names are defined.

A `Project` is filled in a thread and kept fresh by looking at the files' times, at most every two seconds; a question
is answered from what is there. Open documents speak for themselves: the editor's text wins over the disk's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import BlockedByPolicy
from halley.core.snapshot import Document, Snapshot
from halley.engine.code.languages import language_id_of
from halley.engine.code.regions import enclosing_definition, import_block, line_span
from halley.engine.code.symbols import definitions, names_used
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.prompting.context import Context, Related, build_context, display_path, fit_related
from halley.engine.prompting.related import (
    Defined,
    Source,
    recent_places,
    related_definitions,
    related_places,
    without_overlaps,
)
from halley.stores.workspace.project_files import FileFact, is_excluded, is_named, list_files, read_text_file

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

logger = logging.getLogger(__name__)

_FRESH_S = 2.0
MOST_OPEN = 8
"""Open documents that inline completion looks at."""
FAR_BELOW, IMPORTS_WITHIN = 8000, 4000
"""Characters: from where on inline completion is shown the imports apart, and where they are looked for."""
IMPORTS_RANK = 4.0
"""Above whatever other files have to say."""
_FIRST_WAIT_S = 0.4
"""How long the first question waits for the files to be listed."""

_DEFINES = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|pub|unsafe|inline|"
    r"virtual|override|const)\s+)*(?:def|class|fn|func|function|struct|enum|trait|interface|type|module)\s+"
    r"(?:\([^)]*\)\s*)?([^\W\d]\w{2,})",
    re.MULTILINE,
)


@dataclass(slots=True)
class _File:
    fact: FileFact
    names: tuple[tuple[str, int], ...]
    """(name, offset) of each definition."""


@dataclass(slots=True)
class Project:
    """One workspace folder."""

    root: Path
    files: dict[str, _File] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)
    checked_at: float = 0.0
    looked_up: dict[Hashable, tuple[float, bool]] = field(default_factory=dict)
    """What was asked about single files: when, and the answer."""
    _refreshing: asyncio.Task[None] | None = None
    _exclude: tuple[str, ...] = ()

    async def refresh(self, exclude: tuple[str, ...] = ()) -> None:
        """Bring the index up to date behind the question; only the very first question waits, and not for long."""
        stale = time.monotonic() - self.checked_at > _FRESH_S or exclude != self._exclude
        if stale and (self._refreshing is None or self._refreshing.done()):
            self._exclude = exclude
            self._refreshing = asyncio.create_task(self._reindex(exclude))
        if not self.checked_at and self._refreshing is not None:
            await asyncio.wait([self._refreshing], timeout=_FIRST_WAIT_S)

    async def _reindex(self, exclude: tuple[str, ...]) -> None:
        facts = await asyncio.to_thread(list_files, self.root, exclude, is_secret_path)
        changed = [f for f in facts if (known := self.files.get(f.path)) is None or known.fact != f]
        gone = self.files.keys() - {fact.path for fact in facts}
        for path in gone:
            self._forget(path)
        for start in range(0, len(changed), 50):
            read = await asyncio.to_thread(_read_names, self.root, changed[start : start + 50])
            for file in read:
                self._learn(file)
        self.checked_at = time.monotonic()

    def _learn(self, file: _File) -> None:
        self._forget(file.fact.path)
        self.files[file.fact.path] = file
        for name, _ in file.names:
            self.by_name.setdefault(name, set()).add(file.fact.path)

    def _forget(self, path: str) -> None:
        known = self.files.pop(path, None)
        for name, _ in known.names if known else ():
            self.by_name.get(name, set()).discard(path)

    def defined(self, names: tuple[str, ...], open_texts: dict[str, str]) -> dict[str, list[Defined]]:
        """Where each name is defined, with the text of the definition."""
        found: dict[str, list[Defined]] = {}
        for name in names:
            paths = self.by_name.get(name, ())
            if not 0 < len(paths) <= 8:
                continue
            for path in paths:
                text = open_texts.get(path) or read_text_file(self.root, path)
                if text is not None:
                    found.setdefault(name, []).extend(_definitions_of(name, path, text))
        return found

    def paths_like(self, typed: str, limit: int = 50) -> list[str]:
        """Paths that hold `typed`, shortest first: for completion."""
        wanted = typed.casefold()
        return sorted((p for p in self.files if wanted in p.casefold()), key=lambda p: (len(p), p))[:limit]


def _read_names(root: Path, facts: list[FileFact]) -> list[_File]:
    read: list[_File] = []
    for fact in facts:
        text = read_text_file(root, fact.path)
        if text is not None:
            names = tuple((match[1], match.start(1)) for match in _DEFINES.finditer(text))
            read.append(_File(fact, names))
    return read


def _definitions_of(name: str, path: str, text: str) -> list[Defined]:
    language_id = language_id_of(path)
    return [
        Defined(
            name,
            path,
            text.count("\n", 0, found.start) + 1,
            _whole_lines(text, found.start, found.end),
            language_id,
        )
        for found in definitions(text, language_id)
        if found.name == name
    ][:2]


def _whole_lines(text: str, start: int, end: int) -> str:
    first, last = line_span(text, start, end)
    return text[first:last]


async def gather_context(
    project: Project | None,
    snapshot: Snapshot,
    budget: int | None = None,
    index: WorkspaceIndex | None = None,
) -> Context:
    """The context for a snapshot: its own file, and what the rest of the workspace and the open files add.

    With an `index`, also what it finds for the part in question.

    Raises BlockedByPolicy for a document that never leaves the machine.
    """
    check_document(snapshot)
    part = _part(snapshot)
    own_path = display_path(snapshot)
    related: list[Related] = []
    opened = _open_sources(project, snapshot)
    if project is not None:
        await project.refresh(snapshot.settings.context.exclude)
        own_names = frozenset(
            d.name for d in definitions(snapshot.document.text, snapshot.document.language_id)
        )
        wanted = tuple(name for name in names_used(part)[:96] if name not in own_names)
        defined = project.defined(wanted, {source.path: source.text for source in opened})
        related += related_definitions(part, own_path, defined, own_names)
    related += related_places(part, own_path, opened, snapshot.document.language_id)
    related += recent_places(part, own_path, _touched(snapshot, opened), snapshot.document.language_id)
    if index is not None:
        from halley.features.search.related import find_related

        related += await find_related(index, snapshot, part, budget or snapshot.settings.context.max_tokens)
    context = build_context(snapshot, without_overlaps(related), budget)
    _log(context)
    return context


def _log(context: Context) -> None:
    """What goes into a prompt and why, without a word of its content."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    logger.debug("context: %d of %d tokens", context.tokens, context.budget)
    for found in context.excerpts:
        lines = f"{found.first_line}-{found.last_line}"
        logger.debug("context: %s:%s, %s, %d tokens", found.path, lines, found.reason, found.tokens)
    for left in context.dropped:
        logger.debug("context: no room for %s, %s, %d tokens", left.path, left.reason, left.tokens)


def _touched(snapshot: Snapshot, opened: list[Source]) -> list[tuple[Source, int, int]]:
    """The places typed in lately, in documents that may be shown."""
    shown = {source.path: source for source in opened}
    return [
        (source, place.first_line, place.last_line)
        for place in snapshot.touched[:16]
        if (document := snapshot.open_documents.get(place.uri))
        and (source := shown.get(_path_of(document, snapshot)))
    ]


def _part(snapshot: Snapshot) -> str:
    """The code the question is about: the selection, else the definition around the cursor, else what is near."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return snapshot.selected_text
    span = enclosing_definition(text, selection.start, selection.end, snapshot.document.language_id)
    start, end = span or (max(0, selection.start - 2000), selection.end + 1000)
    return text[start:end]


def _open_sources(project: Project | None, snapshot: Snapshot, most: int = 20) -> list[Source]:
    """Of the open documents that may be shown, those touched last."""
    shown = (
        Source(_path_of(document, snapshot), document.text, document.language_id, recency)
        for recency, document in enumerate(snapshot.open_documents.values())
        if may_be_shown(project, document, snapshot)
    )
    return list(islice(shown, most))


def may_be_shown(project: Project | None, document: Document, snapshot: Snapshot) -> bool:
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
    if known is None or now - known[0] > _FRESH_S:
        if len(project.looked_up) > 1000:
            project.looked_up.clear()
        known = project.looked_up[key] = now, look()
    return known[1]


def _stays_inside(root: Path, path: Path) -> bool:
    """Whether a path leads to an ordinary file of the workspace, wherever its links go."""
    real = Path(os.path.realpath(path))
    return real.is_relative_to(os.path.realpath(root)) and not is_secret_path(real)


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
            f"{path.name} is excluded from what models get to see.",
            "The setting is `context.exclude`.",
            setting="context.exclude",
        )


def _path_of(document: Document, snapshot: Snapshot) -> str:
    if document.path and snapshot.workspace and document.path.is_relative_to(snapshot.workspace.root):
        return document.path.relative_to(snapshot.workspace.root).as_posix()
    return document.uri.rsplit("/", 1)[-1]


def is_blocked(project: Project | None, snapshot: Snapshot) -> bool:
    """Whether typing in this document may not be sent anywhere: a secret, excluded, or ignored by the repository."""
    path, workspace = snapshot.document.path, snapshot.workspace
    if path is None or workspace is None:
        return path is not None and is_secret_path(path)
    known = project.files if project is not None and path.is_relative_to(workspace.root) else {}
    if known and path.relative_to(workspace.root).as_posix() in known:
        return False
    return is_secret_path(path) or _is_out(project, workspace.root, path, snapshot.settings.context.exclude)


async def completion_context(project: Project | None, snapshot: Snapshot, budget: int) -> Context:
    """A little of other files for inline completion: definitions of names near the cursor, then what looks alike."""
    text, at = snapshot.document.text, snapshot.selection.start
    near = text[max(0, at - 1200) : at + 300]
    own_path = display_path(snapshot)
    opened = _open_sources(project, snapshot, MOST_OPEN)
    related: list[Related] = []
    if project is not None:
        await project.refresh(snapshot.settings.context.exclude)
        names = names_used(near)[:24]
        index = project.defined(names, {source.path: source.text for source in opened})
        related += related_definitions(near, own_path, index)
    related += related_places(near, own_path, opened, snapshot.document.language_id)
    related += recent_places(near, own_path, _touched(snapshot, opened), snapshot.document.language_id)
    return fit_related([*_own_imports(snapshot, own_path), *without_overlaps(related)], budget)


def _own_imports(snapshot: Snapshot, own_path: str) -> list[Related]:
    """The document's imports, where the cursor is so far below that they are out of sight."""
    text, language_id = snapshot.document.text, snapshot.document.language_id
    head = text[:IMPORTS_WITHIN]
    span = import_block(head, language_id) if snapshot.selection.start > FAR_BELOW else None
    if span is None:
        return []
    return [Related(own_path, 1, text[slice(*span)], "imports", IMPORTS_RANK, language_id)]
