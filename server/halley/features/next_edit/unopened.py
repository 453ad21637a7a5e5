"""Files that are not open and use what the latest edits left behind, for a next edit in another file.

    documents = await find_unopened(permitted, names, load, index)

The index says which files hold a name, where there is one; else the workspace's listed files are read, the nearest
folders first. Either way only listed files count: none that is ignored, excluded, secret, generated or a link. Which
uses are worth a question is the engine's to say (`engine/typing/next_edit/`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import HalleyError
from halley.core.snapshot import Document, Selection
from halley.engine.code.languages import are_akin, language_id_of
from halley.engine.search_query import match_terms
from halley.features.context.project import Project
from halley.features.context.shown import Permitted, permit_typing
from halley.stores.workspace.project_files import read_text_file

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

Load = Callable[[str], Document | None]

MOST_FOUND = 6
"""Documents that are given."""
MOST_READ, MOST_BYTES = 400, 4_000_000
"""Files that are read for the names, and how much, where no index knows them."""
MOST_CHUNKS = 40
LONGEST_S = 0.2
"""How long the index may take."""


async def find_unopened(
    permitted: Permitted, names: Sequence[str], load: Load, index: WorkspaceIndex | None
) -> list[Document]:
    """Documents as they lie on the disk, the likeliest first; `load` reads one by its URI. The project's files have to
    be listed."""
    project, workspace = permitted.project, permitted.snapshot.workspace
    if project is None or workspace is None:
        return []
    listed = _near_first(project, permitted)
    if (known := await _by_index(index, names, permitted)) is not None:
        listed = [path for path in listed if path in known]
    return await asyncio.to_thread(_holding, listed, names, permitted, load)


def _near_first(project: Project, permitted: Permitted) -> list[str]:
    """Listed files in the language of the document, those in its own and in neighbouring folders first."""
    document = permitted.snapshot.document
    opened = {one.path for one in (document, *permitted.snapshot.open_documents.values())}
    here = _relative(project.root, document.path)
    akin = (
        path
        for path in project.files
        if are_akin(document.language_id, language_id_of(path)) and project.root / path not in opened
    )
    return sorted(akin, key=lambda path: (_steps(here, path), path))


def _relative(root: Path, path: Path | None) -> str:
    return path.relative_to(root).as_posix() if path is not None and path.is_relative_to(root) else ""


def _steps(one: str, other: str) -> int:
    """Folders to walk from one file to the other."""
    mine, others = one.split("/")[:-1], other.split("/")[:-1]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(mine, others, strict=False)))
    return len(mine) + len(others) - 2 * shared


async def _by_index(
    index: WorkspaceIndex | None, names: Sequence[str], permitted: Permitted
) -> set[str] | None:
    """Files that hold one of the names; None where no index can say."""
    settings = permitted.snapshot.settings
    if index is None or not settings.search.enabled or not (index.exists and index.is_ready):
        return None
    terms = [term for name in names for term in match_terms(name)[:1]]
    try:
        async with asyncio.timeout(LONGEST_S):
            chunks = await index.store.load_chunks(await index.store.find_words(terms, MOST_CHUNKS))
    except (TimeoutError, HalleyError, OSError):
        return None
    return {chunk.path for chunk in chunks.values()}


def _holding(paths: Iterable[str], names: Sequence[str], permitted: Permitted, load: Load) -> list[Document]:
    project = permitted.project
    assert project is not None
    holds = re.compile(rf"(?<![\w$])(?:{'|'.join(map(re.escape, names))})(?![\w$])")
    read = (load((project.root / path).as_uri()) for path in _with_names(project, paths, holds))
    found = (
        one for one in read if one is not None and holds.search(one.text) and _may_be_asked(one, permitted)
    )
    return list(islice(found, MOST_FOUND))


def _with_names(project: Project, paths: Iterable[str], holds: re.Pattern[str]) -> Iterator[str]:
    left = MOST_BYTES
    for path in islice(paths, MOST_READ):
        size = project.files[path].fact.size if path in project.files else 0
        left -= size
        if left < 0:
            return
        text = read_text_file(project.root, path)
        if text is not None and "\ufffd" not in text and holds.search(text):
            yield path


def _may_be_asked(document: Document, permitted: Permitted) -> bool:
    """Whether typing in it might be sent to a model too: the rules of the document at the cursor hold for it."""
    there = replace(
        permitted.snapshot, document=document, selection=Selection(0, 0), open_documents={}, cells=()
    )
    return document.cell is None and permit_typing(permitted.project, there) is not None
