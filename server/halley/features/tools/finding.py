"""What `search_workspace` says where the workspace has an index: places, best first, with the lines that tell why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from halley.core.errors import HalleyError

if TYPE_CHECKING:
    from halley.features.ask import Line
    from halley.features.search.index import WorkspaceIndex
    from halley.features.search.searching import Hit

MOST_HITS, MOST_LINES = 15, 4
WHOLE = frozenset({"ready", "embedding"})
"""States of an index that knows every file as it is."""


async def find_by_index(index: WorkspaceIndex, line: Line, query: str, *, by_meaning: bool = True) -> str:
    """Hits and notices; empty where there is no index, where it is not whole yet, and where it knows of nothing.

    An index that is not there is begun, for the next time.
    """
    from halley.features.search.searching import search

    if not line.settings.search.enabled:
        return ""
    if not index.exists:
        index.start()
        return ""
    try:
        answer = await search(index, line, query, MOST_HITS, by_meaning=by_meaning)
    except HalleyError:  # an index that cannot be read: the files can
        return ""
    if answer.state not in WHOLE or not answer.hits:
        return ""
    wanted = query.casefold()
    exact_first = sorted(answer.hits, key=lambda hit: wanted not in hit.chunk.text.casefold())
    return "\n".join([*(show_hit(hit, query) for hit in exact_first), *answer.notices])


def show_hit(hit: Hit, query: str) -> str:
    """`path:first-last  symbol`, and below it the lines that say most of the query, each with its number."""
    from halley.features.search.searching import place

    wanted = query.casefold()
    words = {word for word in re.findall(r"\w+", wanted) if len(word) > 1}
    rows = [(number, text) for number, text in enumerate(hit.chunk.text.split("\n")) if text.strip()]

    def weight(row: tuple[int, str]) -> tuple[bool, int, int]:
        folded = row[1].casefold()
        return wanted not in folded, -sum(word in folded for word in words), row[0]

    best = sorted(sorted(rows, key=weight)[:MOST_LINES])
    shown = [f"  {hit.chunk.first_line + number}: {text.strip()[:200]}" for number, text in best]
    return "\n".join([f"{place(hit)}  {hit.chunk.symbol}".rstrip(), *shown])
