"""What a workspace's search index keeps and finds, as values. How it is kept is `stores/index`'s own business."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk as it is stored. `digest` is that of what would be embedded of it."""

    first_line: int
    last_line: int
    symbol: str
    name: str
    """The words of its symbol."""
    text: str
    parts: str
    """The words inside camelCase names."""
    digest: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk as it is found."""

    id: int
    path: str
    first_line: int
    last_line: int
    symbol: str
    text: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class KnownFile:
    mtime_ns: int
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """How much an index holds."""

    indexed: int
    """Files that are in it."""
    listed: int
    """Files the last scan counted."""
    chunks: int
    embedded: int
    """Chunks with a vector of the model asked about."""
    models: tuple[str, ...]
    """Models with vectors, as `provider/name`."""
