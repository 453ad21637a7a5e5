"""A file as rows of the index: cut, its keys masked, its names taken apart."""

from __future__ import annotations

from dataclasses import replace

from halley.core.index import ChunkRow
from halley.engine.code.chunks import MOST_CHUNKS, Chunk, cut_chunks, text_digest
from halley.engine.code.languages import language_id_of
from halley.engine.code.notebook_chunks import cut_notebook, language_in, symbol_in
from halley.engine.code.notebooks import SUFFIX
from halley.engine.guards.secrecy import mask_secrets
from halley.engine.search_query import camel_parts, split_name

CUT = "2"
"""Raised when files are to be cut again: other chunks, other words."""

MOST_EMBEDDED = 6000
"""Characters of a chunk that are embedded."""


def cut_file(path: str, text: str) -> list[ChunkRow]:
    """The file's rows. No key-shaped string is in them. A notebook's are those of its cells, named by their numbers."""
    if path.lower().endswith(SUFFIX):
        cells = cut_notebook(text, mask_secrets)[:MOST_CHUNKS]
        return [_row(path, replace(cell.chunk, symbol=cell.title)) for cell in cells]
    return [_row(path, chunk) for chunk in cut_chunks(mask_secrets(text), language_id_of(path))]


def _row(path: str, chunk: Chunk) -> ChunkRow:
    digest = text_digest(text_to_embed(path, chunk.symbol, chunk.text))
    symbol = symbol_in(chunk.symbol)
    name = " ".join([symbol, *_parts_of(symbol), *_parts_of(path)]).strip()
    return ChunkRow(
        chunk.first_line, chunk.last_line, chunk.symbol, name, chunk.text, camel_parts(chunk.text), digest
    )


def language_of(path: str, symbol: str) -> str:
    """The language of a row's text: a cell's own, else the file's."""
    return language_in(symbol) if path.lower().endswith(SUFFIX) else language_id_of(path)


def _parts_of(name: str) -> list[str]:
    """The words inside the camelCase names of a symbol or a path."""
    return camel_parts(name).split() if not name.islower() else []


def text_to_embed(path: str, symbol: str, text: str) -> str:
    """What stands for a chunk's meaning: where it is, what it is called in plain words, and what it says."""
    words = " ".join(split_name(symbol_in(symbol).replace(".", "_"))).lower()
    stem = " ".join(split_name(path.rsplit("/", 1)[-1].split(".")[0])).lower()
    return f"{stem}: {words}\n{text}"[:MOST_EMBEDDED]
