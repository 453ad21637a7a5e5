"""What the index knows that helps with a part of a file: for the context of actions.

No model is called and nothing is waited for: words are looked up, and the vector of the chunk at hand, where it has
one, is compared with the others. An index that is not there yet has nothing to say.
"""

from __future__ import annotations

import asyncio
import logging

from halley.core.errors import HalleyError
from halley.core.snapshot import Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.code.symbols import names_used
from halley.engine.prompting.context import Related, display_path
from halley.engine.search_query import names_for_query
from halley.features.search.cutting import language_of
from halley.features.search.index import WorkspaceIndex
from halley.features.search.searching import search_like

logger = logging.getLogger(__name__)

LONGEST_S = 0.2
MOST_HITS = 6
SHARE = 0.25
"""Of the context's budget, at most."""
RANK = 0.6
"""Below definitions of the names used, beside places that look alike."""


async def find_related(index: WorkspaceIndex, snapshot: Snapshot, part: str, budget: int) -> list[Related]:
    """Pieces of other files, best first, worth at most a quarter of `budget` tokens. Never raises for a bad index."""
    settings = snapshot.settings
    if not (settings.search.enabled and settings.search.context):
        return []
    index.start()
    if not index.exists:
        return []
    try:
        async with asyncio.timeout(LONGEST_S):
            digest = await _digest_here(index, snapshot)
            query = names_for_query(names_used(part))
            hits = await search_like(index, query, digest, settings.context.exclude, MOST_HITS * 3)
    except (TimeoutError, HalleyError, OSError) as error:
        logger.info("no context from the index: %s", type(error).__name__)
        return []
    own_path, left = display_path(snapshot), int(budget * SHARE)
    found: list[Related] = []
    for hit in hits:
        tokens = estimate_tokens(hit.chunk.text)
        if hit.chunk.path == own_path or tokens > left:
            continue
        left -= tokens
        chunk, rank = hit.chunk, RANK - len(found) / 50
        reason = "found by words" if hit.how == "lexical" else "found by meaning"
        language_id = language_of(chunk.path, chunk.symbol)
        found.append(Related(chunk.path, chunk.first_line, chunk.text, reason, rank, language_id))
        if len(found) == MOST_HITS:
            break
    return found


async def _digest_here(index: WorkspaceIndex, snapshot: Snapshot) -> bytes | None:
    """The digest of the chunk at the cursor, as it was when it was indexed."""
    if snapshot.document.cell is not None:
        return None  # the index knows the lines of the notebook's file, not of its cells
    path = display_path(snapshot)
    line = snapshot.document.text.count("\n", 0, snapshot.selection.start) + 1
    return await index.store.digest_at(path, line)
