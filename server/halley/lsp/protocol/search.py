"""Workspace search: hits, the state of the index, and its control."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halley.lsp.protocol.common import Cost, Problem, Range, UriParams
from halley.lsp.protocol.shape import RequestShape, Shape

State = Literal["off", "idle", "indexing", "embedding", "paused", "ready", "failed"]


class SearchParams(Shape):
    """`uri` names the workspace by any document in it; it defaults to the first folder's."""

    query: str = Field(min_length=1)
    limit: int = Field(default=20, ge=1, le=200)
    uri: str | None = None


class SearchHit(Shape):
    """Lines of a file, best first. `path` is relative to the workspace; `text` is those lines as they were indexed.

    `how` says what matched: words, meaning, or both. `score` only compares hits of one result.
    """

    path: str
    uri: str
    range: Range
    text: str
    score: float
    how: Literal["lexical", "vector", "both"]
    symbol: str | None = None
    """The qualified name of the symbol the lines define, such as `Order.total`."""
    language_id: str = "plaintext"


class SearchResult(Shape):
    """If `state` is not `ready`, the result covers what is indexed so far.

    `notices` are for the user.
    """

    hits: list[SearchHit]
    state: State
    notices: list[str] = []


class EmbedEstimate(Shape):
    """The cost of embedding all chunks without a vector. Shown before anything is sent."""

    model: str
    chunks: int
    tokens: int
    cost: Cost


class IndexStatus(Shape):
    """`off`: disabled by `search.enabled`, or no workspace. `idle`: the first search builds the index. In
    `indexing` and `embedding`, searches already work.

    `estimate` is present while approval is needed: nothing is embedded until `halley/index/control` sends `embed`.
    """

    state: State
    files: int = 0
    """Files of the workspace that should be indexed."""
    indexed: int = 0
    """Files whose current text is indexed."""
    chunks: int = 0
    embedded: int = 0
    """Chunks with a vector of `embed_model`."""
    embed_model: str | None = None
    """The first model of the role `embed`. Without one, only words are searched."""
    answering: str | None = None
    """The model whose vectors are in use: an older one while `embed_model`'s are being made."""
    estimate: EmbedEstimate | None = None
    paused: bool = False
    bytes: int = 0
    """The size of the index on disk."""
    problem: Problem | None = None


class IndexControlParams(Shape):
    """`embed` approves the estimate; `decline` rejects it, and that model is not suggested again.

    `pause` applies to every window of the workspace until `resume`. `rebuild` discards the index and starts from
    scratch; unchanged texts need no new embeddings.
    """

    action: Literal["pause", "resume", "rebuild", "embed", "decline"]
    uri: str | None = None


REQUESTS: dict[str, RequestShape] = {
    "halley/search": RequestShape(
        SearchParams, SearchResult, "Searches the workspace, by words and by meaning."
    ),
    "halley/index/status": RequestShape(
        UriParams, IndexStatus, "The state and progress of the workspace's index."
    ),
    "halley/index/control": RequestShape(
        IndexControlParams, IndexStatus, "Pauses, resumes or rebuilds the index, or approves embeddings."
    ),
}
