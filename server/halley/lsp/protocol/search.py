"""The workspace searched: hits as places that open, the state of the index, and steering it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halley.lsp.protocol.common import Cost, Problem, Range, UriParams
from halley.lsp.protocol.shape import Request, Shape

State = Literal["off", "indexing", "embedding", "paused", "ready", "failed"]


class SearchParams(Shape):
    """`uri` names the workspace by any document in it; by default the first folder's."""

    query: str = Field(min_length=1)
    limit: int = Field(default=20, ge=1, le=200)
    uri: str | None = None


class SearchHit(Shape):
    """Lines of a file, best first. `path` is relative to the workspace; `text` is those lines as they were indexed.

    `how` says what found it: words, meaning, or both. `score` is only good for comparing hits of one answer.
    """

    path: str
    uri: str
    range: Range
    text: str
    score: float
    how: Literal["lexical", "vector", "both"]
    symbol: str | None = None
    """What the lines define, with what it lies in (`Order.total`)."""
    language_id: str = "plaintext"


class SearchResult(Shape):
    """In a `state` other than `ready` the answer is from what is indexed so far.

    `notices`: what a person should know of it.
    """

    hits: list[SearchHit]
    state: State
    notices: list[str] = []


class EmbedEstimate(Shape):
    """What embedding the chunks that have no vector yet will take: shown before anything is sent."""

    model: str
    chunks: int
    tokens: int
    cost: Cost


class IndexStatus(Shape):
    """`off`: switched off (`search.enabled`), or no workspace. `indexing` and `embedding`: it answers already.

    `estimate` is there while a yes is needed: nothing is embedded until `halley/index/control` says `embed`.
    """

    state: State
    files: int = 0
    """Files of the workspace that belong into the index."""
    indexed: int = 0
    """Of those, the ones whose present text is in it."""
    chunks: int = 0
    embedded: int = 0
    """Chunks that have a vector of `embed_model`."""
    embed_model: str | None = None
    """The first model of the role `embed`; none: only words are searched."""
    answering: str | None = None
    """The model whose vectors answer now: another than `embed_model` while its vectors are being made."""
    estimate: EmbedEstimate | None = None
    paused: bool = False
    bytes: int = 0
    """What the index takes on disk."""
    problem: Problem | None = None


class IndexControlParams(Shape):
    """`embed` is the yes to the estimate, `decline` the no (it is not asked again for that model).

    `pause` holds for every window of the workspace until `resume`; `rebuild` throws the index away and begins anew,
    which needs no new embeddings where texts are the same.
    """

    action: Literal["pause", "resume", "rebuild", "embed", "decline"]
    uri: str | None = None


REQUESTS: dict[str, Request] = {
    "halley/search": Request(SearchParams, SearchResult, "Searches the workspace, by words and by meaning."),
    "halley/index/status": Request(UriParams, IndexStatus, "How far the workspace's index is."),
    "halley/index/control": Request(
        IndexControlParams, IndexStatus, "Pauses, resumes or rebuilds the index, or agrees to embeddings."
    ),
}
