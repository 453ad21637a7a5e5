"""A question to the index: what matches by words and what by meaning, merged by rank.

    answer = await search(index, line, "where are retries decided", 10)

Matching by words always works. Matching by meaning needs an embedding model and the user's approval: then the question
itself is embedded (a call of a few tokens, cached); what is not ready in time is left out with a notice. `hit_json`
is a hit as the protocol has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from halley.core.errors import HalleyError, InvalidInput
from halley.core.index import Found
from halley.engine.fusion import merge_ranks, spread
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.search_query import match_terms
from halley.features.ask import Line
from halley.features.search.control import load_control
from halley.features.search.cutting import language_of
from halley.stores.workspace.project_files import is_named

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex

Json = dict[str, Any]

DEPTH = 100
"""How far down each ranking is looked at."""
WEIGHTS = {"lexical": 1.0, "vector": 1.5}
"""In the merging; `bench/retrieval.py` measured it."""
SPREAD_OVER = 4
"""Times the hits asked for that are looked at, so that others can take the place of a definition's second hit."""
FIRST_SCAN_S = 5.0
"""How long a question waits for the very first look at the workspace."""
VECTOR_S = 4.0
"""How long it waits for its own vector."""


@dataclass(frozen=True, slots=True)
class Hit:
    chunk: Found
    score: float
    how: Literal["lexical", "vector", "both"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    hits: tuple[Hit, ...]
    state: str
    notices: tuple[str, ...] = ()
    estimate: Json | None = None
    """What searching by meaning would cost, while that waits for approval."""


async def search(
    index: WorkspaceIndex,
    line: Line,
    query: str,
    limit: int,
    *,
    patient: bool = False,
    by_meaning: bool = True,
) -> SearchResult:
    """The best hits. With `patient` it waits until the whole workspace has been looked at; without `by_meaning` no
    model is asked.

    Raises InvalidInput where search is switched off or asked for no word, and StoreFailed when the index cannot be read
    (or kept, with `patient`).
    """
    if not line.settings.search.enabled:
        raise InvalidInput(
            "The workspace is not searched: the index is off.",
            "Set `search.enabled`.",
            setting="search.enabled",
        )
    if index.too_wide:
        raise InvalidInput(
            f"{index.root} is not searched: it is a whole disk or home folder, not a project.",
            "Open a project folder.",
        )
    if not match_terms(query):
        raise InvalidInput(
            "The search is empty.", "Write words or a name, such as: where are retries decided"
        )
    index.start()
    await _looked_at(index, patient)
    status = await index.status()
    rankings, notices = await _rankings(index, line, query, by_meaning)
    hits = await _hits(index, rankings, line.settings.context.exclude, limit)
    return SearchResult(tuple(hits), status["state"], notices, status.get("estimate"))


async def _looked_at(index: WorkspaceIndex, patient: bool) -> None:
    if load_control(index.folder).paused:
        return
    try:
        async with asyncio.timeout(None if patient else FIRST_SCAN_S):
            await index.wait_scanned()
    except TimeoutError:
        return
    if patient:
        index.check()


async def _rankings(
    index: WorkspaceIndex, line: Line, query: str, by_meaning: bool
) -> tuple[dict[str, Sequence[int]], tuple[str, ...]]:
    # Started first: the database answers while the question's vector is still under way.
    words = asyncio.ensure_future(_by_words(index, query))
    try:
        meant, notices = await _by_meaning(index, line, query) if by_meaning else [], ()
    except TimeoutError:
        meant, notices = [], ("The model for embeddings did not answer in time: only words were searched.",)
    except HalleyError as error:
        meant, notices = (
            [],
            (f"Only words were searched. {error.problem.message} {error.problem.help}".strip(),),
        )
    return {"lexical": await words, "vector": meant}, notices


async def _by_words(index: WorkspaceIndex, query: str) -> list[int]:
    terms = match_terms(query)
    return await index.store.find_words(terms, DEPTH) if terms else []


async def _by_meaning(index: WorkspaceIndex, line: Line, query: str) -> list[int]:
    model = await index.embedder.answering()
    # Without approval for this model not even the question is sent: it holds the user's words.
    if model is None or not load_control(index.folder).agreed(model):
        return []
    # Hits by words are ready; a slow host may hold them up for so long and no longer.
    async with asyncio.timeout(VECTOR_S):
        vector = await index.embedder.vector_of(line, model, query)
    return await index.store.find_near(model, vector, DEPTH)


async def _hits(
    index: WorkspaceIndex, rankings: dict[str, Sequence[int]], exclude: tuple[str, ...], limit: int
) -> list[Hit]:
    merged = merge_ranks(rankings, WEIGHTS)
    chunks = await index.store.load_chunks([id for id, _, _ in merged])
    hits: list[Hit] = []
    for id, score, found_in in merged:
        chunk = chunks.get(id)
        if chunk is None or not may_be_shown(index.root, chunk.path, exclude):
            continue
        how: Any = "both" if len(found_in) == 2 else found_in[0]
        hits.append(Hit(chunk, score, how))
        # More than asked for, or one long definition could take every place.
        if len(hits) == limit * SPREAD_OVER:
            break
    return spread(hits, lambda hit: (hit.chunk.path, hit.chunk.symbol))[:limit]


def may_be_shown(root: Path, path: str, exclude: tuple[str, ...]) -> bool:
    """The second fence: what this window excludes, whichever window indexed it, and what holds secrets."""
    return not is_secret_path(path) and not (exclude and is_named(root, root / path, exclude))


async def search_like(
    index: WorkspaceIndex, query: str, digest: bytes | None, exclude: tuple[str, ...], limit: int
) -> list[Hit]:
    """What has words in common with `query` or is near the chunk with `digest`, from what is indexed: no model is
    called."""
    rankings: dict[str, Sequence[int]] = {"lexical": await _by_words(index, query)}
    model = await index.embedder.answering() if digest else None
    if model and digest:
        rankings["vector"] = await index.store.find_like(model, digest, DEPTH)
    return await _hits(index, rankings, exclude, limit)


def place(hit: Hit) -> str:
    """`path:first-last`, as citations name it."""
    chunk = hit.chunk
    lines = (
        f"{chunk.first_line}-{chunk.last_line}"
        if chunk.last_line > chunk.first_line
        else str(chunk.first_line)
    )
    return f"{chunk.path}:{lines}"


def hit_json(root: Path, hit: Hit) -> Json:
    """`SearchHit` of the protocol. The range ends where the line after the last begins."""
    chunk = hit.chunk
    found: Json = {
        "path": chunk.path,
        "uri": (root / chunk.path).as_uri(),
        "range": {
            "start": {"line": chunk.first_line - 1, "character": 0},
            "end": {"line": chunk.last_line, "character": 0},
        },
        "text": chunk.text,
        "score": round(hit.score, 6),
        "how": hit.how,
        "languageId": language_of(chunk.path, chunk.symbol),
    }
    return found | ({"symbol": chunk.symbol} if chunk.symbol else {})
